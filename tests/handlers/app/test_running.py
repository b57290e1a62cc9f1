"""Handlers in an app: begun before anything is appended, run beside tables, left in time, untouched by a rebuild."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.errors import ConfigInvalid, DefinitionError, SubscriptionDiffers
from eventfold.handlers.public.receiving import receive
from tests.handlers.app.shop import Created, Order, Orders, Paid, hanging, shop, tell

PAYMENT = (
    b'{"specversion":"1.0","id":"p-1","source":"/pay","type":"com.pay.captured","subject":"2",'
    b'"data":{"order":"2","amount":5}}'
)

MAIN = "from eventfold.doors.cli import main; main()"


class Desk:
    """A target that remembers."""

    def __init__(self) -> None:
        self.taken: list[Any] = []

    def send(self, payload: Any, message: ef.Message) -> None:
        self.taken.append(payload)

    def close(self) -> None:
        """Nothing is held."""


def _open(folder: Path, desk: Any, app: ef.App = shop) -> Live:
    return app.open(
        f"sqlite:///{folder}/log.db",
        lake=str(folder / "lake"),
        targets={"desk": desk, "out": f"file://{folder}/out.jsonl"},
    )


def _fill(live: Live, orders: int = 4) -> None:
    for n in range(orders):
        live.repository(Order).execute(f"order-{n}", Order.create, total=n)


def test_what_happened_reaches_desks_files_and_other_aggregates(tmp_path: Path) -> None:
    desk = Desk()
    with _open(tmp_path, desk) as live:
        _fill(live)
        receive(live.store, "payments", PAYMENT, "application/cloudevents+json")
        for _ in range(100):
            assert live.handle().warnings == []
            if [live.repository(Order).load(f"order-{n}").version for n in range(4)] == [2] * 4:
                break
            time.sleep(0.05)
        states = [live.repository(Order).load(f"order-{n}").status for n in range(4)]
        assert states == ["Cancelled", "Cancelled", "Paid", "Cancelled"]
        assert sorted(one["order"] for one in desk.taken) == [f"order-{n}" for n in range(4)]
        told = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
        assert sorted(one["data"]["order"] for one in told) == [f"order-{n}" for n in range(4)]
        last = [e.recorded.metadata_map() for e in live.repository(Order).history("order-0")]
        created = next(iter(live.store.read("order-0")))
        assert last[1] == {
            "actor": "handler:give_up",
            "correlationId": str(created.id),
            "causationId": str(created.id),
            "causationDepth": 1,
        }


def test_losing_state_and_lake_changes_nothing_for_a_handler(tmp_path: Path) -> None:
    desk = Desk()
    with _open(tmp_path, desk) as live:
        _fill(live)
        live.catch_up()
        live.handle()
        taken = len(desk.taken)
    for found in tmp_path.iterdir():
        if found.is_dir():
            shutil.rmtree(found)
        elif found.name not in {"log.db", "log.db-wal", "log.db-shm"}:
            found.unlink()
    with _open(tmp_path, desk) as live:
        live.catch_up()
        live.table(Orders).rebuild()
        live.verify()
        live.handle()
        assert (len(desk.taken), taken, len(live.table(Orders).rows())) == (4, 4, 4)


def test_a_handler_begins_before_its_app_appends_and_not_at_what_was_there(tmp_path: Path) -> None:
    desk, before = Desk(), ef.App("shop", aggregates=[Order])
    with before.open(f"sqlite:///{tmp_path}/log.db") as live:
        _fill(live, 2)
    with _open(tmp_path, desk) as live:
        _fill(live, 4)
        live.handle()
        assert sorted(one["order"] for one in desk.taken) == ["order-2", "order-3"]


def test_one_that_takes_other_events_than_before_is_refused(tmp_path: Path) -> None:
    with _open(tmp_path, Desk()) as live:
        _fill(live)
        live.handle()
    other = ef.App(
        "shop", aggregates=[Order], handlers=[ef.notify(Created, Paid, name="tell")(tell.function)]
    )
    with other.open(f"sqlite:///{tmp_path}/log.db") as live:
        with pytest.raises(SubscriptionDiffers, match="eventfold handlers move tell --to here"):
            live.handle()
        live.handler("tell").move("here")
        live.handle()


def test_a_target_that_nobody_named_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with shop.open(f"sqlite:///{tmp_path}/log.db") as live:
        _fill(live)
        with pytest.raises(ConfigInvalid, match="desk"):
            live.handle()
        with pytest.raises(ConfigInvalid, match="desk"):
            live.run(threading.Event())


@pytest.mark.parametrize(
    "handlers",
    [[tell, tell], [tell.function], [ef.notify("Nothing")(tell.function)]],
    ids=["twice", "a function", "an unknown event"],
)
def test_what_is_no_handler_of_the_app_is_refused(handlers: list[Any]) -> None:
    with pytest.raises(DefinitionError):
        ef.App("shop", aggregates=[Order], handlers=handlers)


async def _later(event: Created, message: ef.Message) -> None:
    """Nobody awaits it."""


def _forgotten(payload: Any, message: ef.Message) -> object:
    return _later(payload, message)


def _generator(event: Created, message: ef.Message) -> Iterator[int]:
    yield 1


async def _stream(event: Created, message: ef.Message) -> AsyncIterator[int]:
    yield 1


def _of_one(event: Created) -> None:
    """A handler is given a message, too."""


@pytest.mark.parametrize("function", [_later, _generator, _stream, _of_one])
def test_what_cannot_be_a_handler_is_refused_where_it_is_declared(function: Any) -> None:
    with pytest.raises(DefinitionError, match=function.__name__):
        ef.notify(Created)(function)


@pytest.mark.parametrize("since", [3, None, {"a": 1}, "yesterday"])
def test_a_start_that_is_none_is_refused(since: Any) -> None:
    with pytest.raises(DefinitionError, match="begins at"):
        ef.notify(Created, since=since)(tell.function)


class _Async:
    async def send(self, payload: Any, message: ef.Message) -> None:
        """Nobody awaits it."""

    def close(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize(
    "target",
    [_later, _generator, _stream, _Async()],
    ids=["async", "generator", "async generator", "async send"],
)
def test_a_target_that_would_do_nothing_is_refused_before_anything_runs(tmp_path: Path, target: Any) -> None:
    with pytest.raises(DefinitionError, match="async or a generator"):
        shop.open(f"sqlite:///{tmp_path}/log.db", targets={"desk": target, "out": "log:"})
    assert not (tmp_path / "log.db").exists()


def test_what_a_target_returns_to_be_awaited_is_no_effect(tmp_path: Path) -> None:
    with _open(tmp_path, _forgotten) as live:
        _fill(live, 1)
        live.handle()
        assert live.handler("tell").parked()["order-0"].parked.code == "effect-refused"


def test_an_error_that_cannot_say_what_it_says_parks_its_stream_and_no_other(tmp_path: Path) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise ValueError("it has no words")

    taken = []

    @ef.notify(Created, concurrency=2)
    def mute(event: Created, message: ef.Message) -> None:
        if event.total == 1:
            raise Mute
        taken.append(event.total)

    app = ef.App("shop", aggregates=[Order], handlers=[mute])
    with app.open(f"sqlite:///{tmp_path}/log.db") as live:
        _fill(live, 6)
        assert live.handle().handlers[0].parked == 1
        assert sorted(taken) == [0, 2, 3, 4, 5]


def test_what_waits_for_its_time_fires_though_its_handler_does_not_wait_any_more(tmp_path: Path) -> None:
    seen = []

    def told(event: Created, message: ef.Message) -> None:
        seen.append(event.total)

    def app(**when: Any) -> ef.App:
        return ef.App("shop", aggregates=[Order], handlers=[ef.notify(Created, **when)(told)])

    with app(when=ef.after(seconds=0.1)).open(f"sqlite:///{tmp_path}/log.db") as live:
        _fill(live, 2)
        live.handle()
    time.sleep(0.15)
    with app().open(f"sqlite:///{tmp_path}/log.db") as live:
        live.handle()
    assert sorted(seen) == [0, 1]


def test_handlers_that_answer_each_other_in_a_circle_are_stopped(tmp_path: Path) -> None:
    class Pinged(ef.Event):
        n: int

    class Ball(ef.Aggregate[Pinged]):
        def ping(self) -> None:
            self.raise_event(Pinged(n=self.version))

        def apply(self, event: ef.Event) -> None:
            pass

    @ef.react(Pinged)
    def again(event: Pinged, message: ef.Message) -> ef.Command:
        return ef.Command("ball-1", Ball.ping)

    game = ef.App("game", aggregates=[Ball], handlers=[again])
    with game.open(f"sqlite:///{tmp_path}/log.db") as live:
        live.repository(Ball).execute("ball-1", Ball.ping)
        assert live.handle().handlers[0].parked == 1
        assert live.store.head("ball-1") == 33
        waiting = live.handler("again").parked()["ball-1"]
        assert waiting.parked.code == "causation-too-long"


@pytest.mark.slow
def test_a_worker_that_is_told_to_end_leaves_though_its_target_hangs(tmp_path: Path) -> None:
    """And what hung is repeated under the same key."""
    begun, release = tmp_path / "begun", tmp_path / "release"
    url = f"sqlite:///{tmp_path}/log.db"
    with hanging.open(url) as live:
        _fill(live, 1)
    environment = {**os.environ, "BEGUN": str(begun), "RELEASE": str(release)}
    command = [
        sys.executable,
        "-c",
        MAIN,
        "-a",
        "tests.handlers.app.shop:hanging",
        "-s",
        url,
        "run",
    ]
    first = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    for _ in range(400):
        if begun.exists():
            break
        time.sleep(0.05)
    first.send_signal(signal.SIGTERM)
    assert first.wait(10) == 0
    release.touch()
    again = subprocess.run([*command, "--once"], env=environment, capture_output=True, check=True, timeout=60)
    keys = begun.read_text().splitlines()
    assert (len(keys), len(set(keys))) == (2, 1), again.stderr
    with hanging.open(url) as live:
        assert live.status().handlers[0].state == "caught up"
