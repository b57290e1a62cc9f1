"""Handlers of a running app, while a log is restored beside them, and after the state of its tables is lost."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.exports import export_log
from eventfold.imports import restore
from eventfold.testing.making import make
from tests.handlers.tending.app import NAME, Mailer, Shipped, ship

MANY = 300


@pytest.fixture
def mailer() -> Mailer:
    return Mailer()


@contextmanager
def running(live: Live) -> Iterator[None]:
    """What `eventfold run` does, in a thread."""
    stop = threading.Event()
    thread = threading.Thread(target=live.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)


def until(is_so: Callable[[], bool]) -> None:
    """Waits for something that happens in another thread."""
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)


@pytest.mark.slow
def test_a_restore_under_a_running_app_reaches_no_handler(mailer: Mailer, tmp_path: Path) -> None:
    with ef.open_store("sqlite://") as source:
        for n in range(MANY):
            new = make(n, event_type="Shipped", recorded_us=n + 1)
            source.append(f"old-{n % 50}", [new], expected=n // 50)
        export_log(source, tmp_path / "old.jsonl")
    url = f"sqlite:///{tmp_path}/log.db"
    with mailer.live(url) as live, running(live):
        ship_at_the_beginning(live)
        until(lambda: len(mailer.taken) == 1)
        with ef.open_store(url) as beside:
            report = restore(beside, tmp_path / "old.jsonl", handlers="skip")
        assert report.written == MANY
        ship(live, "order-1")
        until(lambda: ("order-1", 2) in mailer.taken)
        until(lambda: live.handler(NAME).status().lag == 0)
    assert mailer.taken == [("order-1", 1), ("order-1", 2)]


def ship_at_the_beginning(live: Live) -> None:
    """An event of long ago, so that a restore can follow it."""
    live.store.append("order-1", [make(event_type="Shipped", recorded_us=1)], expected=0)


class Orders(ef.Table, category="order"):
    order = ef.key()
    shipped = ef.count()


def test_who_loses_the_state_and_the_lake_sends_nothing_twice(tmp_path: Path) -> None:
    sent: list[str] = []

    @ef.notify(Shipped, since="start")
    def tell(event: Shipped, message: ef.Message) -> None:
        sent.append(message.key)

    app = ef.App("shop", tables=[Orders], handlers=[tell], events=[Shipped])
    log, lake = tmp_path / "log.db", tmp_path / "lake"

    def opened() -> Live:
        return app.open(f"sqlite:///{log}", lake=str(lake))

    with opened() as live:
        ship(live, "order-1", 3)
        live.handle()
        live.handler(tell).pause("until the table is there")
        live.catch_up()
    assert len(sent) == 3
    for file in tmp_path.glob("log.db.state*"):
        file.unlink()
    shutil.rmtree(lake)
    with opened() as live:
        status = live.handler(tell).status()
        assert (status.state, status.lag) == ("paused", 0)
        live.handler(tell).resume()
        live.catch_up()
        live.handle()
        row = live.table(Orders).get("order-1")
        assert row is not None
        assert row["shipped"] == 3
        ship(live, "order-1")
        live.handle()
    assert len(sent) == len(set(sent)) == 4
