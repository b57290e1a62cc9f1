"""A table that is folded from the copy, and from the log where the copy ends, is the one that the log alone gives."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

import eventfold as ef
from eventfold import ANY, Store
from eventfold.app.copying import Copying
from eventfold.app.live import Live
from eventfold.errors import ConfigInvalid, ForeignCursor
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import ARROW_COLUMNS, Feed, Page
from eventfold.readmodels.lakecopy.feed import LakeFeed
from eventfold.readmodels.lakecopy.through import PagesThrough, through
from eventfold.store.cosmos.requests.settings import KEY
from eventfold.testing.cosmos import StandIn
from eventfold.testing.making import make
from eventfold.testing.partitioned import PartitionedStore
from tests.readmodels.lakecopy.lake import Lake


class Noted(ef.Event):
    n: int


class Notes(ef.Table):
    id = ef.key()
    first = ef.first(Noted.n)
    total = ef.sum(Noted.n, "decimal(18,0)")
    seen = ef.last(ef.recorded_at)
    said = ef.last(ef.occurred_at)
    actor = ef.last(ef.actor)
    event = ef.last(ef.event_id)


APP = ef.App("shop", events=[Noted], tables=[Notes])
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


def fill(store: Store, count: int) -> None:
    for n in range(count):
        said = '{"actor":"Zoë"}' if n % 2 else "{}"
        event = make(n, metadata=said, occurred_us=n if n % 3 else None)
        store.append(f"box-{n % 4}", [event], expected=ANY)


def opened(folder: Path, store: Store, *, copy: bool) -> Live:
    copying = Copying(str(folder / "lake"), store.log_id, store.feed()) if copy else None
    return Live(APP, store, state="sqlite://", lake=str(folder / "lake"), copying=copying)


def test_a_rebuild_through_the_copy_equals_one_from_the_log(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, 12)
    live = opened(tmp_path, store, copy=True)
    live.catch_up()
    fill(store, 5)
    plain = opened(tmp_path / "plain", store, copy=False)
    plain.table(Notes).rebuild()
    wanted = plain.table(Notes).rows()
    read: list[int] = []
    arrow = LakeFeed.arrow

    def counted(*args: Any, **more: Any) -> Any:
        read.append(1)
        return arrow(*args, **more)

    monkeypatch.setattr(LakeFeed, "arrow", counted)
    done = live.table(Notes).rebuild(from_copy=True)
    assert (done.events, len(read)) == (17, 1)
    assert live.table(Notes).rows() == wanted
    live.table(Notes).rebuild(from_copy=False)
    assert len(read) == 1
    live.table(Notes).rebuild()  # what a service keeps is read from the copy
    assert len(read) == (1 if store.feed().capabilities.countable else 2)
    assert live.table(Notes).rows() == wanted
    assert len(wanted) == 4


def test_a_new_table_begins_in_the_copy_and_goes_on_in_the_log(tmp_path: Path, store: Store) -> None:
    lake = Lake(tmp_path, store)
    fill(store, 12)
    lake.copy(events=5)
    fill(store, 3)
    pages, cursor = PagesThrough(lake.table(), lake.feed), lake.feed.start()
    found: list[RecordedEvent] = []
    while True:
        page = pages.read(cursor, 4)
        found += page.events
        cursor = page.cursor
        if page.caught_up:
            break
    assert {event.id for event in found} == {event.id for event in lake.events()}
    assert len(found) == 15
    for stream in {event.stream for event in found}:
        versions = [event.version for event in found if event.stream == stream]
        assert versions == list(range(1, len(versions) + 1))


def test_a_service_is_not_asked_for_what_the_copy_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, SECRET)
    with StandIn(partitions=2, key=SECRET) as account, ef.open_store(account.url("shop")) as store:
        fill(store, 12)
        first = opened(tmp_path, store, copy=True)
        first.catch_up()
        wanted = first.table(Notes).rows()
        read: list[int] = []
        feed = type(store.feed())
        monkeypatch.setattr(feed, "read", counting(read, feed.read))
        again = opened(tmp_path / "none", store, copy=False)
        again._copying = first._copying
        again.catch_up()
        assert again.table(Notes).rows() == wanted
        assert 0 not in read  # from the start nothing was read


def counting(read: list[int], real: Callable[..., Page]) -> Callable[..., Page]:
    def reading(feed: Feed, after: Cursor, limit: int, **more: Any) -> Page:
        read.append(sum(mark.position for mark in after.marks.values()))
        return real(feed, after, limit, **more)

    return reading


def test_without_a_copy_it_is_the_log_that_is_read(tmp_path: Path) -> None:
    with ef.open_store("sqlite://") as store:
        fill(store, 3)
        lake = Lake(tmp_path, store)
        batches = through(lake.table(), lake.feed, lake.feed.start(), lake.feed.end(), ARROW_COLUMNS)
        assert sum(batch.num_rows for batch in batches) == 3
        live = opened(tmp_path, store, copy=False)
        with pytest.raises(ConfigInvalid, match="--copy"):
            live.table(Notes).rebuild(from_copy=True)


def test_a_copy_of_what_the_log_no_longer_has_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ef.open_store("sqlite://") as store:
        fill(store, 6)
        lake = Lake(tmp_path, store)
        lake.copy(events=4)
        table, end = lake.table(), lake.feed.end()
        *before, last = table.borders()
        forged = last.cursor.with_marks({"0": structs.replace(last.cursor.marks["0"], event="0" * 32)})
        monkeypatch.setattr(table, "borders", lambda: [*before, structs.replace(last, cursor=forged)])
        with pytest.raises(ForeignCursor):
            through(table, lake.feed, lake.feed.start(), end, ARROW_COLUMNS)
