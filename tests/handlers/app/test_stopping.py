"""What cannot go on stops alone, and says so; where the log takes nothing any more, all of it ends."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw
import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.doors.health.checks import health, ready
from eventfold.errors import ForeignCursor, HandlerCrashed, StoreFenced, SubscriptionDiffers
from eventfold.feed.cursor import Cursor
from eventfold.handlers.working.follower import HandlerFollower
from tests.handlers.app.shop import Created, Order, Orders, Paid

TAKEN: list[str] = []


def _told(event: Any, message: ef.Message) -> None:
    TAKEN.append(f"{message.handler} {message.stream}")


def _app(*types: type[ef.Event], other: bool = True, table: bool = True, **options: Any) -> ef.App:
    handlers = [ef.notify(*types, name="changed", **options)(_told)]
    if other:
        handlers.append(ef.notify(Created, name="same")(_told))
    return ef.App("shop", aggregates=[Order], tables=[Orders] if table else [], handlers=handlers)


def _create(live: Live, name: str) -> None:
    live.repository(Order).execute(name, Order.create, total=1)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A log whose handlers have begun, one of which takes other events now."""
    TAKEN.clear()
    url = f"sqlite:///{tmp_path}/log.db"
    with _app(Created).open(url) as live:
        live.handle()
    return url


@contextmanager
def _running(live: Live) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=live.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)


def _until(what: Any) -> None:
    for _ in range(400):
        if what():
            return
        time.sleep(0.02)
    raise AssertionError("it did not come to that")


def test_a_handler_of_other_events_stops_alone_and_is_told_everywhere(url: str) -> None:
    with _app(Created, Paid).open(url) as live:
        _create(live, "order-1")
        with pytest.raises(SubscriptionDiffers, match="eventfold handlers move changed --to here"):
            live.handle()
        assert TAKEN == ["same order-1"]
        changed = live.handler("changed").status()
        assert (changed.state, "eventfold handlers move changed --to here" in changed.why) == (
            "stopped",
            True,
        )
        assert any(told.startswith("the handler changed is stopped: ") for told in live.status().warnings)
        with _running(live):
            _create(live, "order-2")
            _until(lambda: len(TAKEN) == 2 and len(live.table(Orders).rows()) == 2)
            found = {one.name: (one.ok, one.why) for one in ready(live)}
            assert found["handler changed"] == (False, "it has stopped: subscription-differs")
            assert (found["handler same"][0], found["table orders"][0]) == (True, True)
            beats = {one.name: (one.ok, one.why) for one in health(live)}
            assert beats["handler changed"] == (True, "it has stopped: subscription-differs")
        live.handler("changed").move("here")
        live.handle()
        assert (live.handler("changed").status().state, TAKEN[2:]) == (
            "caught up",
            ["changed order-1", "changed order-2"],
        )


def test_what_is_due_by_a_moment_is_done_though_another_handler_has_stopped(url: str) -> None:
    late = ef.notify(Created, name="late", when=ef.after(hours=1))(_told)
    changed = ef.notify(Created, Paid, name="changed")(_told)
    with ef.App("shop", aggregates=[Order], handlers=[changed, late]).open(url) as live:
        _create(live, "order-1")
        with pytest.raises(SubscriptionDiffers):
            live.handle(at=datetime.now(UTC) + timedelta(hours=2))
    assert TAKEN == ["late order-1"]


def test_a_handler_that_begins_at_a_cursor_of_another_log_stops_alone(url: str) -> None:
    here = _app(Created).open(url)
    foreign = Cursor("another", here.store.feed().end().marks)
    here.close()
    handlers = [ef.notify(Created, name="lost", since=foreign)(_told), ef.notify(Created, name="same")(_told)]
    with ef.App("shop", aggregates=[Order], handlers=handlers).open(url) as live:
        _create(live, "order-1")
        with pytest.raises(ForeignCursor):
            live.handle()
        assert (TAKEN, live.handler("lost").status().state) == (["same order-1"], "new")


def test_where_no_handler_goes_on_the_run_ends_with_the_error(url: str) -> None:
    with _app(Created, Paid, other=False, table=False).open(url) as live:
        with pytest.raises(SubscriptionDiffers):
            live.run(threading.Event())
        assert [one.ok for one in health(live)] == [False]


class _Failing:
    """The writer's connection, whose COMMIT fails."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, statement: str, *bindings: Any) -> Any:
        if statement == "COMMIT":
            raise apsw.IOError("disk I/O error")
        return self._connection.execute(statement, *bindings)


@ef.react(Created, since="start")
def pay(event: Created, message: ef.Message) -> ef.Command:
    return ef.Command(message.stream, Order.pay, amount=event.total)


def test_a_log_that_takes_nothing_any_more_ends_the_run_and_its_tables(url: str) -> None:
    app = ef.App("shop", aggregates=[Order], tables=[Orders], handlers=[pay])
    with app.open(url) as live:
        _create(live, "order-1")
        writer: Any = live.store._writer  # type: ignore[attr-defined] # the disk fails under it
        writer._connection = _Failing(writer._connection)
        with pytest.raises(StoreFenced, match="open it again"):
            live.run(threading.Event())
        assert not any(one.ok for one in health(live))
    with app.open(url) as live:
        live.handle()
        assert live.repository(Order).load("order-1").status == "Paid"


def test_a_worker_that_falls_over_ends_the_run_and_says_so(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a handler would do nothing any more while all looks well."""

    def fall(_follower: HandlerFollower) -> bool:
        raise RuntimeError("mutated during iteration")

    with _app(Created).open(url) as live:
        monkeypatch.setattr(HandlerFollower, "step", fall)
        with pytest.raises(HandlerCrashed, match="RuntimeError: mutated during iteration"):
            live.run(threading.Event())
