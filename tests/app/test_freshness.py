"""How fresh tables are: how old the first event is that is not seen, what it waits for, whether that is too long."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.app.parts.tablestatus import TableStatus, stale_told
from eventfold.errors import StorageBusy
from eventfold.feed.age import age
from eventfold.feed.leases.owner import new_owner
from eventfold.testing.making import make
from eventfold.testing.partitioned.store import PartitionedStore
from eventfold.testing.published.memory import Memory, MemoryPublication


class Boxes(ef.Table, category="box", fresh="10 s"):
    box = ef.key()
    n = ef.last(ef.field("Noted", "n"), "int64")


APP = ef.App("boxes", tables=[Boxes], untyped=True)
NOW = 1_900_000_000.0


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    with APP.open(f"sqlite:///{tmp_path}/log.db", lake=str(tmp_path / "lake")) as live:
        yield live


def note(live: Live, *, seconds: float, stream: str = "box-1", data: object = None) -> None:
    """An event that was recorded so many seconds ago."""
    recorded = int((time.time() - seconds) * 1e6)
    live.store.append(stream, [make(1, data=data, recorded_us=recorded)], expected=ef.ANY)


def told(live: Live) -> TableStatus:
    (table,) = live.status().tables
    return table


def test_a_table_that_has_seen_all_waits_for_nothing(live: Live) -> None:
    note(live, seconds=60)
    live.catch_up()
    found = told(live)
    assert (found.seconds, found.place, found.waits, found.fresh, found.stale) == (
        0.0,
        "",
        "nothing",
        10.0,
        False,
    )


def test_without_a_worker_it_waits_for_one(live: Live) -> None:
    note(live, seconds=60)
    note(live, seconds=5)
    found = told(live)
    assert found.seconds == pytest.approx(60, abs=5)
    assert (found.place, found.waits, found.stale) == ("state", "lease", True)
    assert (
        live.status().warnings == [stale_told(told(live))] or "no worker has it" in live.status().warnings[0]
    )


def test_with_a_worker_it_is_backlog_and_within_its_budget_it_is_fresh(live: Live) -> None:
    note(live, seconds=5)
    state = live.table(Boxes).live()
    state.acquire(new_owner(), 30.0)
    found = told(live)
    assert (found.waits, found.stale, found.lag) == ("backlog", False, 1)
    assert 4 < (found.seconds or 0) < 10


def test_a_lease_that_ran_out_is_nobodys(live: Live) -> None:
    state = live.table(Boxes).live()
    state.acquire("somebody", 30.0)
    assert state.holder() == "somebody"
    state.release("somebody")
    assert state.holder() == ""
    state.acquire("somebody", 0.0)
    assert state.holder() == ""


def test_what_is_folded_and_not_published_is_told_by_its_place(live: Live) -> None:
    note(live, seconds=60)
    live.catch_up()
    table = live.table(Boxes)
    table.others = (MemoryPublication(Memory(), table.layout, live.store.log_id),)
    found = told(live)
    assert (found.lag, found.place, found.stale) == (0, "memory", True)
    assert "in memory, 10 s are allowed" in stale_told(found)
    assert (found.places[0].place, found.places[0].seconds) == ("delta", 0.0)


def test_a_stream_that_is_parked_is_what_it_waits_for(live: Live) -> None:
    note(live, seconds=60, data={"n": "many"})
    live.catch_up()
    found = told(live)
    assert (found.parked, found.waits, found.stale) == (1, "parked", False)


def test_a_place_that_takes_no_more_is_told_as_throttled(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    note(live, seconds=60)
    table = live.table(Boxes)
    place = MemoryPublication(Memory(), table.layout, live.store.log_id)

    def busy() -> None:
        raise StorageBusy("429")

    monkeypatch.setattr(place, "head", busy)
    table.others = (place,)
    table.live().acquire(new_owner(), 30.0)
    found = told(live)
    assert (found.waits, found.places[1].code) == ("throttle", "storage-busy")


def test_the_oldest_of_all_partitions_counts() -> None:
    store = PartitionedStore(ef.open_store("sqlite://"))
    feed, start = store.feed(), store.feed().start()
    assert age(feed, start) == 0.0
    for n in range(40):  # in one partition it is old, in the others it is not
        recorded = int((time.time() - (600 if n == 0 else 10)) * 1e6)
        store.append(f"box-{n}", [make(n, recorded_us=recorded)], expected=0)
    assert age(feed, start) == pytest.approx(600, abs=5)
    assert age(feed, feed.end()) == 0.0
