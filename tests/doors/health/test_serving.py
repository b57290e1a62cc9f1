"""What a worker answers from outside: whether it turns, and how far it has come."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.doors.health import serving
from eventfold.doors.health.checks import health, ready
from eventfold.doors.health.latest import Latest
from eventfold.doors.health.serving import REQUESTS, serving_health
from eventfold.errors import ConfigInvalid, DefinitionError, StorageFailed
from eventfold.feed.cursor import Cursor
from eventfold.feed.loop import Loop


class Placed(ef.Event):
    pass


class Order(ef.Aggregate[Placed]):
    def place(self) -> None:
        self.raise_event(Placed())

    def apply(self, event: Placed) -> None:
        pass


class Orders(ef.Table, category="order"):
    order = ef.key()
    events = ef.count()


@ef.notify(Placed, to="mail")
def tell(event: Placed, message: ef.Message) -> str:
    return message.stream


shop = ef.App("shop", aggregates=[Order], tables=[Orders], handlers=[tell])


class Stuck:
    """A follower that stops, because its definition is wrong."""

    name = "table orders"

    def __init__(self) -> None:
        self.stepped = threading.Event()

    def where(self) -> Cursor | None:
        return None

    def step(self) -> bool:
        self.stepped.set()
        raise DefinitionError("a secret of orders")

    def finish(self) -> None:
        pass


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with shop.open(f"sqlite:///{tmp_path}/shop.db", targets={"mail": lambda *_: None}) as live:
        yield live


@contextmanager
def running(live: Live) -> Iterator[threading.Event]:
    """The app, in a thread of its own."""
    stop = threading.Event()
    thread = threading.Thread(target=live.run, args=(stop,))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join()


def ask(url: str, path: str, method: str = "GET") -> tuple[int, Any]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    return answer.status, json.loads(body) if body else None


def until(url: str, path: str, status: int) -> Any:
    """The first answer with this status."""
    for _ in range(400):
        found, body = ask(url, path)
        if found == status:
            return body
        threading.Event().wait(0.05)
    raise AssertionError(f"{path} never said {status}, but: {body}")


def test_a_worker_that_runs_is_well_and_one_that_has_caught_up_is_ready(live: Live) -> None:
    live.repository(Order).execute("order-1", Order.place)
    with serving_health(live, behind=0) as url:
        assert url.startswith("http://127.0.0.1:")
        assert ask(url, "/health") == (
            503,
            {"ok": False, "checks": [{"name": "run", "ok": False, "why": "nothing runs yet"}]},
        )
        assert ask(url, "/ready")[0] == 503
        with running(live):
            checks = until(url, "/ready", 200)["checks"]
            assert [(one["name"], one["ok"], one["lag"]) for one in checks] == [
                ("table orders", True, 0),
                ("handler tell", True, 0),
            ]
            assert until(url, "/health", 200)["checks"] == [
                {"name": "handler tell", "ok": True},
                {"name": "table orders", "ok": True},
            ]
        assert ask(url, "/health")[0] == 503
    with pytest.raises(ConnectionRefusedError):
        ask(url, "/health")


def test_who_is_too_far_behind_or_paused_or_new_is_told_apart(live: Live) -> None:
    live.repository(Order).execute("order-1", Order.place)
    with live.pulse.of(Loop([], live.store.feed())):
        found = {one.name: one for one in ready(live, behind=0)}
        assert (found["table orders"].ok, found["table orders"].lag) == (False, 1)
        assert found["table orders"].why == "it is more than 0 events behind"
        assert (found["handler tell"].ok, found["handler tell"].why) == (False, "it is behind")
        live.catch_up()
        live.handler(tell).pause("lunch")
        found = {one.name: one for one in ready(live, behind=1)}
        assert (found["table orders"].ok, found["handler tell"].ok) == (True, True)
        assert found["handler tell"].why == "paused"


def test_a_table_that_has_stopped_is_not_ready_and_says_no_word_of_what_it_holds(live: Live) -> None:
    live.catch_up()
    stuck = Stuck()
    with pytest.raises(DefinitionError), live.pulse.of(Loop([stuck], live.store.feed())) as loop:
        loop.run(threading.Event())
    assert stuck.stepped.is_set()
    check = next(one for one in ready(live) if one.name == "table orders")
    assert (check.ok, check.why) == (False, "it has stopped: definition-invalid")


def test_a_loop_that_does_not_turn_is_not_well(live: Live) -> None:
    with live.pulse.of(Loop([Stuck()], live.store.feed())) as loop:
        assert [one.ok for one in health(live)] == [True]
        loop.turned -= 130
        (check,) = health(live)
        assert (check.name, check.ok) == ("table orders", False)
        assert check.why.startswith("no turn for 13")
        assert [one.ok for one in health(live, stalled=600)] == [True]


def test_a_log_that_fails_is_told_by_its_code(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise StorageFailed("sqlite:///secret/place.db is gone")

    with live.pulse.of(Loop([], live.store.feed())), serving_health(live) as url:
        monkeypatch.setattr(live, "status", fail)
        expected = {"ok": False, "checks": [{"name": "log", "ok": False, "why": StorageFailed.code}]}
        assert ask(url, "/ready") == (503, expected)
        monkeypatch.setattr(serving, "health", lambda *_, **__: 1 / 0)
        assert ask(url, "/health") == (500, {"ok": False})


def test_other_paths_and_methods_are_refused_and_head_has_no_body(live: Live) -> None:
    with serving_health(live) as url:
        assert ask(url, "/") == (404, {"code": "not-found", "paths": ["/health", "/metrics", "/ready"]})
        assert ask(url, "/health?verbose", "HEAD") == (503, None)
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
        connection.request("POST", "/health", body=b"x" * 10)
        assert connection.getresponse().status == 501
        connection.close()


def test_a_port_that_cannot_be_used_is_refused(live: Live) -> None:
    with serving_health(live) as url:
        port = int(url.rpartition(":")[2])
        with (
            pytest.raises(ConfigInvalid, match=f"Port {port} cannot be used"),
            serving_health(live, port=port),
        ):
            pass
    with pytest.raises(ConfigInvalid, match="no such port"), serving_health(live, port=70_000):
        pass


def test_who_says_nothing_is_cut_off_and_too_many_are_sent_away(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving_health(live) as url:
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        silent = [socket.create_connection(address, timeout=20) for _ in range(REQUESTS)]
        late = socket.create_connection(address, timeout=20)
        assert _ended(late)
        for one in (*silent, late):
            one.close()
        monkeypatch.setattr(serving._Request, "timeout", 0.1)
        slow = socket.create_connection(address, timeout=20)
        assert _ended(slow)
        slow.close()
        assert until(url, "/health", 503)["ok"] is False


def _ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_question_that_hangs_is_asked_once_and_waited_for_a_moment() -> None:
    asked: list[int] = []
    go = threading.Event()

    def hang() -> str:
        asked.append(1)
        go.wait()
        return "yes"

    latest = Latest(hang, fresh=60, patience=0.01)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            latest.get()
    assert len(asked) == 1
    go.set()
    patient = Latest(hang, fresh=60, patience=20)
    assert [patient.get() for _ in range(3)] == ["yes"] * 3
    assert len(asked) == 2


def test_an_answer_that_is_not_fresh_is_asked_for_again() -> None:
    answers = iter([1, 2])
    latest = Latest(lambda: next(answers), fresh=0.0, patience=20)
    assert [latest.get(), latest.get()] == [1, 2]
    with pytest.raises(RuntimeError):
        Latest(_raise).get()


def _raise() -> None:
    raise RuntimeError("no")
