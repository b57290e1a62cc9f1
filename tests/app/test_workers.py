"""Workers as processes: one is killed and followed at once, one stands by, one is waited for."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from eventfold.app.live import Live
from eventfold.errors import TableBehind
from eventfold.feed.cursor import Token
from eventfold.feed.leases.owner import life, new_owner, shown
from examples.orders.app import order_book as shop
from examples.orders.domain import Item, Order
from tests.trust.system import ROOT

pytestmark = [
    pytest.mark.skipif(life(new_owner()) == "unknown", reason="this system has no /proc"),
    pytest.mark.slow,
]
CLI = (sys.executable, "-c", "from eventfold.doors.cli import main; main()")
Process = subprocess.Popen[str]


class Place:
    """A log, its state and its lake."""

    def __init__(self, folder: Path) -> None:
        self.url, self.lake = f"sqlite:///{folder}/log.db", str(folder / "lake")
        self.made = 0

    def open(self) -> Live:
        return shop.open(self.url, lake=self.lake)

    def order(self, live: Live) -> Token:
        """One more order."""
        self.made += 1
        item = Item("mug", 1, Decimal("2.50"))
        live.repository(Order).execute(f"order-{self.made}", Order.create, "c", [item])
        end = live.store.feed().end()
        return Token(end.log, {name: mark.position for name, mark in end.marks.items()})

    def command(self, *arguments: str) -> tuple[str, ...]:
        return (*CLI, "-a", "examples.orders.app:order_book", "-s", self.url, "--lake", self.lake, *arguments)

    @contextmanager
    def worker(self, *more: str) -> Iterator[Process]:
        """`eventfold run`, which is killed at the end where it still lives."""
        with subprocess.Popen(
            self.command("run", *(more or ("--every", "0.05"))), stderr=subprocess.PIPE, text=True, cwd=ROOT
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()

    def once(self, *more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command("run", "--once", *more), check=False, capture_output=True, text=True, cwd=ROOT
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def holders(live: Live) -> set[str]:
    """Who keeps the tables, as a person would see it."""
    found = []
    for table in live.tables:
        state: Any = table.live()
        with state._pool.reading() as connection:
            found += connection.execute("SELECT owner FROM tables WHERE live AND owner <> ''").fetchall()
    return {shown(owner) for (owner,) in found}


def waits(live: Live, token: Token) -> None:
    for table in live.tables:
        table.wait(token, 60)


def say(process: Process, words: str) -> None:
    """Waits for a line on standard error."""
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if words in line:
            return
    raise AssertionError(f"{words!r} was never said: {seen}")


def whole(live: Live, place: Place) -> None:
    """Every order is a row, once; in the lake too."""
    assert live.query("SELECT count(*) AS n, count(DISTINCT order_id) AS d FROM orders").rows() == [
        {"n": place.made, "d": place.made}
    ]
    published = live.table("orders").publication
    assert published is not None
    version = published.head()
    assert version is not None
    rows = published.rows(version.number)
    assert rows is not None
    assert rows.num_rows == place.made
    assert live.verify().ok


def test_after_a_killed_worker_a_command_goes_on_at_once(place: Place) -> None:
    with place.open() as live, place.worker() as process:
        waits(live, place.order(live))
        process.kill()
        process.wait()
        assert holders(live) == {shown(f"{os.uname().nodename}:{process.pid}:i:b:s:1")}
        place.order(live)
        done = place.once("--timeout", "0")  # it has no time to wait
        assert done.returncode == 0, done.stderr
        whole(live, place)
        with place.worker() as again:
            waits(live, place.order(live))
            again.kill()
            again.wait()
            place.order(live)
            live.catch_up(timeout=0)
            whole(live, place)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_second_worker_stands_by_until_the_first_ends(place: Place, number: signal.Signals) -> None:
    with place.open() as live, place.worker() as first:
        waits(live, place.order(live))
        with place.worker() as second:
            say(second, f"kept by {os.uname().nodename}:{first.pid}, which runs; standing by")
            waits(live, place.order(live))
            assert holders(live) == {f"{os.uname().nodename}:{first.pid}"}
            first.send_signal(number)
            first.wait()
            say(second, "is kept by this worker now")
            waits(live, place.order(live))
            assert holders(live) == {f"{os.uname().nodename}:{second.pid}"}
            second.send_signal(signal.SIGTERM)
            assert second.wait() == 0
        whole(live, place)


def test_catching_up_beside_a_worker_waits_for_it_and_leaves_it_its_table(place: Place) -> None:
    with place.open() as live, place.worker() as process:
        waits(live, place.order(live))
        for _ in range(3):
            place.order(live)
            live.catch_up()
            whole(live, place)
        assert place.once().returncode == 0
        assert holders(live) == {f"{os.uname().nodename}:{process.pid}"}
        assert process.poll() is None


def test_catching_up_beside_a_worker_that_publishes_nothing_publishes(place: Place, tmp_path: Path) -> None:
    with place.open() as live, shop.open(place.url) as bare:
        place.order(live)
        (keeper, *others) = bare._workers()
        for worker in (keeper, *others):
            while not worker.step():
                pass
        live.catch_up()
        whole(live, place)
        for worker in (keeper, *others):
            assert worker.rival is None
            worker.finish()
        assert (tmp_path / "lake" / "orders").is_dir()


STUCK = """
import sys
from examples.orders.app import order_book as shop
with shop.open(sys.argv[1], lake=sys.argv[2]) as live:
    for worker in live._workers(every=3600):
        while not worker.step():
            pass
    print("held", flush=True)
    input()
"""


@contextmanager
def stuck(place: Place) -> Iterator[Process]:
    """A worker that keeps the tables, has folded and published nothing, and moves no more."""
    with subprocess.Popen(
        [sys.executable, "-c", STUCK, place.url, place.lake],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def test_what_a_worker_has_folded_and_does_not_publish_is_published_by_who_waits(place: Place) -> None:
    with place.open() as live:
        place.order(live)
        live.catch_up()
        place.order(live)
        with stuck(place) as process:
            live.catch_up(timeout=0)
            whole(live, place)
            assert holders(live) == {f"{os.uname().nodename}:{process.pid}"}
            process.communicate("\n")


def test_many_that_catch_up_at_once_all_end_with_everything(place: Place) -> None:
    def catch_up(live: Live) -> None:
        live.catch_up()
        assert live.status().tables[0].lag == 0

    with place.open() as live, place.open() as other, ThreadPoolExecutor(6) as threads:
        for _ in range(5):
            place.order(live)
            for done in [threads.submit(catch_up, one) for one in (live, other) * 3]:
                done.result()
        whole(live, place)
        assert holders(live) == set()


def test_a_worker_that_runs_and_does_not_move_is_named(place: Place) -> None:
    with place.open() as live, stuck(place) as process:
        place.order(live)
        with pytest.raises(TableBehind, match=f":{process.pid} keeps the table orders"):
            live.catch_up(timeout=0)
        told = place.once("--timeout", "0", "--json")
        assert (told.returncode, "table-behind" in told.stderr) == (4, True)
        process.communicate("\n")
        live.catch_up(timeout=0)  # it ended without giving the table back
        whole(live, place)
