"""A table of many columns, types or fields is folded by columns, and says what the reference fold says."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import eventfold as ef
from eventfold.engines.duckdb import engine as adapter
from eventfold.engines.duckdb import parts as cutting
from eventfold.engines.duckdb.engine import DuckdbEngine
from eventfold.engines.duckdb.partials import Partials
from eventfold.errors import ConfigInvalid, MemoryExhausted, StorageFull
from eventfold.readmodels.asking.scratch import memory, room, scratch
from eventfold.readmodels.declaring.columns import Column
from eventfold.readmodels.declaring.layout import Layout, bind
from eventfold.readmodels.declaring.table import compile_table
from eventfold.readmodels.folding.history import ReferenceEngine, needed_columns
from eventfold.readmodels.port import Engine, Scope
from eventfold.testing.making import make

EVENTS = 4_000
STREAMS = 200
Name = Callable[[int, int], str]
UNTYPED = ef.Registry(untyped=True)


def type_name(n: int) -> str:
    return f"Something that happened in the course of the process, number {n}"


def a_log(types: int, fields: int, name: Name, events: int = EVENTS) -> ef.Store:
    """Every event has all fields of its type, among them a number as text and a null now and then."""
    store = ef.open_store("sqlite://")
    batches: dict[str, list[ef.NewEvent]] = {}
    for n in range(events):
        t = n % types
        data = {name(t, f): None if (n + f) % 7 == 0 else f"{n * 31 + f}" for f in range(fields)}
        batches.setdefault(f"box-{n % STREAMS}", []).append(make(n, event_type=type_name(t), data=data))
    for stream, batch in batches.items():
        store.append(stream, batch, expected=ef.ANY)
    return store


def shared(_type: int, field: int) -> str:
    return f"field{field}"


def own(type_: int, field: int) -> str:
    return f"t{type_}_{field}"


def long_name(_type: int, field: int) -> str:
    return f"a name that is as long as names are in the exports of certain programs ({'x' * 150}) {field}"


def by_field(types: int, fields: int, name: Name, kind: str = "string") -> dict[str, Column]:
    """A column for each field, looked for in every type: what a scaffold writes."""
    return {
        f"c{f}": ef.last([ef.field(type_name(t), name(t, f)) for t in range(types)], kind)
        for f in range(fields)
    }


def by_type(types: int, fields: int, name: Name) -> dict[str, Column]:
    """A column for each field of each type."""
    return {
        f"c{t}_{f}": ef.last(ef.field(type_name(t), name(t, f)), "int64")
        for t in range(types)
        for f in range(fields)
    }


def halves(types: int, fields: int) -> dict[str, Column]:
    """A column for each field, looked for in every other type."""
    return {
        f"c{f}": ef.last([ef.field(type_name(t), shared(t, f)) for t in range(f % 2, types, 2)], "string")
        for f in range(fields)
    }


def mixed(types: int, fields: int) -> dict[str, Column]:
    """Every reducer many times."""
    names = [type_name(t) for t in range(types)]
    found: dict[str, Column] = {}
    for f in range(fields):
        values = [ef.field(n, f"field{f}") for n in names]
        found[f"sum{f}"] = ef.sum(values, "decimal(18,2)")
        found[f"least{f}"] = ef.min(values, "int64")
        found[f"first{f}"] = ef.first(values, "string", nulls=True)
        found[f"all{f}"] = ef.collect(values, "string", limit=5)
        found[f"late{f}"] = ef.last(values, "int64", by=ef.recorded_at)
        found[f"count{f}"] = ef.count(*names[: f % types + 1])
    return found


SHAPES: dict[str, tuple[int, int, Name, Callable[[], dict[str, Column]]]] = {
    "types by fields": (40, 30, shared, lambda: by_field(40, 30, shared)),
    "decimals": (40, 30, shared, lambda: by_field(40, 30, shared, "decimal(18,2)")),
    "fields of each type": (40, 30, own, lambda: by_field(40, 30, own)),
    "columns": (40, 30, own, lambda: by_type(40, 30, own)),
    "half of the types": (100, 30, shared, lambda: halves(100, 30)),
    "long names": (40, 30, long_name, lambda: by_field(40, 30, long_name)),
    "many types": (300, 5, shared, lambda: by_field(300, 5, shared)),
    "reducers": (20, 30, shared, lambda: mixed(20, 30)),
}


def folded(engine: Engine, store: ef.Store, layout: Layout) -> tuple[pa.Table, list[str], int]:
    feed = store.feed()
    events = feed.arrow(feed.start(), feed.end(), needed_columns(layout, Scope()))
    found = engine.fold(events, layout, UNTYPED, scope=Scope())
    return found.rows.sort_by(layout.spec.key_name), sorted(found.parked), found.events


def layout_of(columns: dict[str, Column]) -> Layout:
    return bind(compile_table("boxes", "box", {"id": ef.key(), **columns}), total_order=True)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference fold does not help out."""

    def refuse(*_: object) -> bool:
        raise AssertionError("it was not folded by columns")

    monkeypatch.setattr(adapter._Run, "_by_reference", refuse)


@pytest.mark.slow
@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("shape", SHAPES)
def test_a_wide_table_is_folded_by_columns(shape: str) -> None:
    types, fields, name, columns = SHAPES[shape]
    layout = layout_of(columns())
    with closing(a_log(types, fields, name)) as store:
        assert folded(DuckdbEngine(), store, layout) == folded(ReferenceEngine(), store, layout)


@pytest.mark.parametrize("weight", [1, 3, 64])
def test_parts_have_every_column_once_and_are_bounded(weight: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "WEIGHT", weight)
    layout = layout_of(mixed(3, 7))
    cut = cutting.parts(layout)
    assert len(cut) > 1
    names = [place.name for part in cut for place in part.places]
    assert names == [place.name for place in layout.places]
    for part in cut:
        assert part.slots[:2] == layout.slots[:2]
        assert [part.slots[place.value].name for place in part.places] == [p.name for p in part.places]
        assert len(part.places) <= weight
    assert {slot.name for part in cut for slot in part.slots} == {slot.name for slot in layout.slots}


def test_a_table_of_an_ordinary_width_is_one_part() -> None:
    layout = layout_of(by_field(100, 30, shared))
    assert cutting.parts(layout) == [layout]


def test_one_column_that_reads_more_places_than_a_part_may_is_a_part() -> None:
    layout = layout_of(by_field(cutting.PATHS + 1, 2, own))
    assert [len(part.places) for part in cutting.parts(layout)] == [1, 1]


SMALL = (5, 4, shared)


def test_a_chunk_that_does_not_fit_into_memory_is_folded_event_by_event(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused = []

    def too_much(*_: object) -> None:
        refused.append(1)
        raise duckdb.OutOfMemoryException(
            "could not allocate block of size 256.0 KiB (152.5 MiB/152.5 MiB used)"
        )

    monkeypatch.setattr(Partials, "fold", too_much)
    layout = layout_of(mixed(*SMALL[:2]))
    with closing(a_log(*SMALL, events=100)) as store:
        assert folded(DuckdbEngine(), store, layout) == folded(ReferenceEngine(), store, layout)
    assert refused


def test_a_disk_that_is_full_is_not_taken_for_that(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise duckdb.OutOfMemoryException(
            "failed to offload data block of size 256.0 KiB (0 bytes/0 bytes used).\n"
            "This limit was set by the 'max_temp_directory_size' setting."
        )

    monkeypatch.setattr(Partials, "fold", full)
    with closing(a_log(*SMALL, events=10)) as store, pytest.raises(StorageFull, match="TMPDIR"):
        folded(DuckdbEngine(), store, layout_of(mixed(*SMALL[:2])))


TOO_MUCH = """
SELECT count(*) FROM (
    SELECT DISTINCT md5(i::VARCHAR) || md5((i + 1)::VARCHAR) || md5((i + 2)::VARCHAR) AS t FROM range(400000) AS r(i)
)
"""


def test_what_needs_more_memory_than_it_may_take_says_how_to_give_it_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EVENTFOLD_MEMORY", "20MB")
    limit = memory("160MB")
    assert limit == "20MB"
    with (
        pytest.raises(MemoryExhausted, match=r"20MB.*EVENTFOLD_MEMORY=2GB") as told,
        room(limit),
        duckdb.connect(config={"memory_limit": limit, "temp_directory": ""}) as db,
    ):
        db.sql(TOO_MUCH).fetchall()
    assert (told.value.code, told.value.facts["limit"]) == ("memory-exhausted", "20MB")


def test_a_folder_that_may_not_grow_is_no_room_on_the_disk() -> None:
    with (
        pytest.raises(StorageFull, match="TMPDIR"),
        room("20MB"),
        duckdb.connect(config={"memory_limit": "20MB", "temp_directory": scratch()}) as db,
    ):
        db.execute("SET max_temp_directory_size = '1MB'")  # as the option of a connection it is forgotten
        db.sql(TOO_MUCH).fetchall()


@pytest.mark.parametrize("given", ["much", "0MB", "12", "-1GB", "1MB; DROP"])
def test_a_size_of_memory_that_is_none_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTFOLD_MEMORY", given)
    with pytest.raises(ConfigInvalid, match="512MB"):
        memory("160MB")


def test_a_rebuild_in_more_memory_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTFOLD_MEMORY", "1GB")
    taken: list[dict[str, Any]] = []
    connect = duckdb.connect

    def noted(place: str, *, config: dict[str, Any]) -> duckdb.DuckDBPyConnection:
        taken.append(config)
        return connect(place, config=config)

    monkeypatch.setattr(duckdb, "connect", noted)
    with closing(a_log(*SMALL, events=10)) as store:
        folded(DuckdbEngine(), store, layout_of(mixed(*SMALL[:2])))
    assert [config["memory_limit"] for config in taken] == ["1GB"]
