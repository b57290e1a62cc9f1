"""Commits are bounded, by events and by bytes, whatever the log is like; also of logs of several partitions."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest

import eventfold as ef
from eventfold import ANY, Store
from eventfold.readmodels.lakecopy.chunks import next_chunk
from eventfold.readmodels.lakecopy.columns import digest, in_order
from eventfold.store.cosmos.requests.settings import KEY
from eventfold.testing.cosmos import StandIn
from eventfold.testing.making import make
from eventfold.testing.partitioned import PartitionedStore
from tests.readmodels.lakecopy.lake import Lake

SECRET = "c3RhbmQtaW4="


@pytest.fixture(params=["sqlite", "partitioned", "cosmos"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    if request.param == "cosmos":
        monkeypatch.setenv(KEY, SECRET)
        with StandIn(partitions=2, key=SECRET) as account, ef.open_store(account.url("shop")) as found:
            yield found
        return
    plain = ef.open_store("sqlite://")
    yield plain if request.param == "sqlite" else PartitionedStore(plain)
    plain.close()


def test_every_log_is_copied_whole_and_no_commit_has_more_than_it_may(tmp_path: Path, store: Store) -> None:
    lake = Lake(tmp_path, store)
    lake.happen(23)
    assert lake.copy(events=5) == 23
    lake.happen(4)
    assert lake.copy(events=5) == 4
    assert lake.agrees()
    borders = lake.table().borders()
    assert all(0 < border.events <= 5 for border in borders[1:])
    assert [border.total for border in borders] == [
        sum(b.events for b in borders[: n + 1]) for n in range(len(borders))
    ]
    for before, border in pairwise(borders):
        assert lake.feed.compare(before.cursor, border.cursor) == "before"


def test_large_events_fill_a_commit(tmp_path: Path, store: Store) -> None:
    lake = Lake(tmp_path, store)
    lake.happen(9, size=1_000)
    copier = lake.copier(events=100, size=2_500)
    while not copier.copy():
        pass
    assert lake.agrees()
    assert max(border.events for border in lake.table().borders()) == 2


def test_an_event_larger_than_a_commit_may_be_is_a_commit(tmp_path: Path, store: Store) -> None:
    lake = Lake(tmp_path, store)
    lake.happen(3, size=1_000)
    copier = lake.copier(events=100, size=10)
    while not copier.copy():
        pass
    assert [border.events for border in lake.table().borders()] == [0, 1, 1, 1]
    assert lake.agrees()


def test_partitions_that_split_lose_nothing(tmp_path: Path) -> None:
    plain = ef.open_store("sqlite://")
    store = PartitionedStore(plain, partitions=2)
    lake = Lake(tmp_path, store)
    for n in range(3):
        lake.happen(7, streams=5)
        lake.copy(events=3)
        lake.happen(5, streams=5)
        store.feed().split(store.feed().partitions()[n % 2].name)
    lake.copy(events=3)
    assert lake.agrees()
    plain.close()


def test_a_digest_says_what_the_events_are_and_not_in_which_pieces_they_came() -> None:
    with ef.open_store("sqlite://") as store:
        for n in range(6):
            store.append(f"box-{n % 2}", [make(n, occurred_us=n if n % 3 else None)], expected=ANY)
        feed = store.feed()
        whole = next_chunk(feed, feed.start()).events
        assert digest(whole.slice(0, 6)) == digest(in_order(whole.take([5, 3, 1, 0, 2, 4])))
        pieces = [next_chunk(feed, feed.at_position(n), events=1).events for n in range(6)]
        assert digest(pa.concat_tables(pieces)) == digest(whole)
        assert digest(pa.concat_tables(pieces[1:])) == digest(whole.slice(1)) != digest(whole)
        for name in ("data", "id", "occurred_or_none_us", "version", "stream", "metadata"):
            at = whole.schema.get_field_index(name)
            column = whole.column(name).take([1, 0, 2, 3, 4, 5])
            changed = whole.set_column(at, name, column)
            assert (digest(changed) == digest(whole)) == (column == whole.column(name))


@pytest.mark.parametrize("positions", [[], [7], [1, 2, 9], [2, 1, 9], [1, 1, 2]])
def test_events_are_sorted_where_they_are_not_in_the_order_of_their_digest(positions: list[int]) -> None:
    streams = [f"box-{n}" for n in reversed(range(len(positions)))]
    events = pa.table(
        {
            "position": pa.array(positions, pa.int64()),
            "stream": pa.array(streams, pa.string()),
            "version": pa.array([1] * len(positions), pa.int64()),
        }
    )
    found = in_order(events)
    assert found.to_pylist() == sorted(events.to_pylist(), key=lambda row: (row["position"], row["stream"]))
    assert (found is events) == (positions == sorted(set(positions)))
