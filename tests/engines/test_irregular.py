"""JSON that no append takes any more, but a log may hold, is folded by columns as it is folded event by event."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import apsw
import pytest
from msgspec import structs

from eventfold import ANY, NewEvent, Registry, Store, actor, count, field, key, last, open_store
from eventfold.engines.duckdb import DuckdbEngine
from eventfold.feed.port import IRREGULAR
from eventfold.readmodels.declaring.layout import bind
from eventfold.readmodels.declaring.table import compile_table
from eventfold.readmodels.folding.history import ReferenceEngine, needed_columns
from eventfold.readmodels.port import Engine, Folded, Scope
from eventfold.testing.making import make
from tests.irregular import IRREGULAR_DATA

METADATA = {
    "actor twice": '{"actor":"Ann","actor":"Bob"}',
    "no JSON": "none",
    "NaN": '{"actor":"Ann","n":NaN}',
    "list": '["Ann"]',
}
SPEC = compile_table(
    "boxes",
    "box",
    {
        "id": key(),
        "a": last(field("Noted", "a"), "string"),
        "inner": last(field("Noted", "box.a"), "int64"),
        "actor": last(actor),
        "events": count("Noted"),
    },
)
LAYOUT = bind(SPEC, total_order=True)


def restored(data: str, details: str = "{}") -> NewEvent:
    """As a restore gives it, which takes what another log holds."""
    return structs.replace(make(data={}), data=data, metadata=details, recorded_us=7, checked=data)


def a_log(events: Sequence[NewEvent]) -> Store:
    store = open_store("sqlite://")
    plain = '{"a":7,"box":{"a":7}}'
    for n, event in enumerate(events):
        store.append(f"box-{n}", [restored(plain), event, restored('{"b":1}')], expected=ANY)
    return store


def flags(store: Store) -> list[bool]:
    feed = store.feed()
    batches = feed.arrow(feed.start(), feed.end(), ["position", IRREGULAR], limit=2)
    return [row[IRREGULAR] for batch in batches for row in batch.to_pylist()]


def folded(store: Store, engine: Engine, columns: Sequence[str]) -> tuple[object, object]:
    feed = store.feed()
    batches = feed.arrow(feed.start(), feed.end(), columns)
    found: Folded = engine.fold(batches, LAYOUT, Registry(untyped=True), scope=Scope())
    rows = sorted(found.rows.to_pylist(), key=lambda row: str(row["id"]))
    return rows, {p.stream: (p.version, p.last_version, p.code) for p in found.parked.values()}


@pytest.fixture
def columns() -> list[str]:
    return needed_columns(LAYOUT, Scope())


@pytest.mark.parametrize("data", IRREGULAR_DATA.values(), ids=IRREGULAR_DATA.keys())
def test_irregular_data_fold_the_same(data: str, columns: list[str]) -> None:
    store = a_log([restored(data)])
    assert flags(store) == [False, True, False]
    assert folded(store, DuckdbEngine(), columns) == folded(store, ReferenceEngine(), columns)
    store.close()


@pytest.mark.parametrize("details", METADATA.values(), ids=METADATA.keys())
def test_irregular_metadata_fold_the_same(details: str, columns: list[str]) -> None:
    store = a_log([restored('{"a":1}', details)])
    assert flags(store) == [False, True, False]
    assert folded(store, DuckdbEngine(), columns) == folded(store, ReferenceEngine(), columns)
    store.close()


def test_without_the_look_they_do_not(columns: list[str]) -> None:
    store = a_log([restored(data) for data in (IRREGULAR_DATA["twice"], IRREGULAR_DATA["twice inside"])])
    assert folded(store, DuckdbEngine(), columns) == folded(store, ReferenceEngine(), columns)
    columns.remove(IRREGULAR)
    assert folded(store, DuckdbEngine(), columns) != folded(store, ReferenceEngine(), columns)
    store.close()


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A log of the release whose appends looked at no raw data."""
    corpus = Path(__file__).parents[1] / "golden" / "lax" / "data" / "log.db"
    return Path(shutil.copy(corpus, tmp_path / "log.db"))


def test_a_log_of_an_earlier_release_is_looked_through(old: Path) -> None:
    store = open_store(f"sqlite:///{old}")
    seen = flags(store)
    assert sum(seen) == 11  # ten with irregular data, one with irregular metadata
    store.append("order-1", [make()], expected=0)
    assert flags(store) == [*seen, False]
    store.close()
    again = open_store(f"sqlite:///{old}")
    assert flags(again) == [*seen, False]
    again.close()


def bound(path: Path) -> int:
    connection = apsw.Connection(str(path))
    found: int = connection.execute("SELECT position FROM regular_after").get
    connection.close()
    return found


def test_what_is_looked_through_ends_where_appends_became_strict(tmp_path: Path, old: Path) -> None:
    store = open_store(f"sqlite:///{old}")
    end = len(flags(store))
    for n in range(3):
        store.append("order-1", [make(n)], expected=n)
    store.close()
    assert bound(old) == end
    fresh = open_store(f"sqlite:///{tmp_path}/fresh.db")
    fresh.append("order-1", [restored('{"a":1}'), restored('{"a":2}')], expected=0)
    assert bound(tmp_path / "fresh.db") == 0
    fresh.append("box-1", [restored('{"a":1,"a":2}')], expected=0)
    fresh.append("order-1", [make(2)], expected=2)
    assert bound(tmp_path / "fresh.db") == 3
    assert flags(fresh) == [False, False, True, False]
    fresh.close()


def test_an_append_that_is_undone_leaves_no_bound_behind(old: Path) -> None:
    store = open_store(f"sqlite:///{old}")
    with pytest.raises(Exception, match="version"):
        store.append("note-1", [make()], expected=999)
    assert sum(flags(store)) == 11
    store.append("note-1", [make()], expected=ANY)
    assert sum(flags(store)) == 11
    store.close()
