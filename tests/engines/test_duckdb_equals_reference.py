"""The columnar engine gives what the reference fold gives: row for row, type for type, parked streams included."""

from collections.abc import Iterator
from decimal import Decimal
from unittest import mock

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from eventfold import ANY, NewEvent, Registry, count, field, key, last, open_store, sum  # noqa: A004
from eventfold.engines.duckdb import DuckdbEngine, parts
from eventfold.readmodels.declaring.layout import bind
from eventfold.readmodels.declaring.table import TableSpec, compile_table
from eventfold.readmodels.folding.history import ReferenceEngine, needed_columns
from eventfold.readmodels.port import Folded, Scope
from eventfold.testing.generated import histories, tables
from eventfold.testing.making import make
from tests.laws import examples


def by_key(folded: Folded) -> tuple[list[dict[str, object]], dict[str, tuple[int, int, str]]]:
    rows = sorted(folded.rows.to_pylist(), key=lambda row: str(next(iter(row.values()))))
    return rows, {p.stream: (p.version, p.last_version, p.code) for p in folded.parked.values()}


@pytest.mark.slow
@pytest.mark.more_at_night
@settings(max_examples=examples(70, nightly=400), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    spec=tables(),
    history=histories(),
    chunk=st.sampled_from([1, 2, 7, 1000]),
    weight=st.sampled_from([1, 2, 64]),
    data=st.data(),
)
def test_every_table_over_every_history_in_any_chunks_and_parts(
    spec: TableSpec, history: list[tuple[str, NewEvent]], chunk: int, weight: int, data: st.DataObject
) -> None:
    with mock.patch.object(parts, "WEIGHT", weight):
        equal_in_any_chunks(spec, history, chunk, data)


def equal_in_any_chunks(
    spec: TableSpec, history: list[tuple[str, NewEvent]], chunk: int, data: st.DataObject
) -> None:
    total_order = spec.in_order_only or data.draw(st.booleans())
    layout = bind(spec, total_order=total_order)
    registry = Registry(untyped=True)
    occurred_to = data.draw(st.none() | st.integers(-5, 5).map(lambda n: n * 10**9))
    skipped = data.draw(
        st.sets(st.tuples(st.sampled_from(["box-1", "box-2"]), st.integers(1, 3)), max_size=2)
    )
    scope = Scope(skips=frozenset(skipped), occurred_to_us=occurred_to)
    store = open_store("sqlite://")
    for stream, event in history:
        store.append(stream, [event], expected=ANY)
    feed = store.feed()
    columns = needed_columns(layout, scope)

    def events() -> Iterator[pa.RecordBatch]:
        return feed.arrow(feed.start(), feed.end(), columns, limit=chunk)

    wanted = ReferenceEngine().fold(events(), layout, registry, scope=scope)
    found = DuckdbEngine().fold(events(), layout, registry, scope=scope)
    assert by_key(found) == by_key(wanted)
    assert found.rows.schema == wanted.rows.schema

    middle = data.draw(st.integers(0, len(history)))
    cursor = feed.at_position(middle)
    first = ReferenceEngine().fold(feed.arrow(feed.start(), cursor, columns), layout, registry, scope=scope)
    going_on = Scope(skips=scope.skips, occurred_to_us=occurred_to, parked=first.parked)
    rest = DuckdbEngine().fold(
        feed.arrow(cursor, feed.end(), columns, limit=chunk),
        layout,
        registry,
        scope=going_on,
        base=first.rows,
    )
    assert by_key(rest) == by_key(wanted)
    store.close()


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b", {"nested": 1, "flat": 2, "both": 3, "null": None, "list": 7}),
        ('"a.b"', {"nested": None, "flat": 2, "both": 4, "null": 5, "list": 7}),
        ('a."b"', {"nested": 1, "flat": None, "both": 3, "null": None, "list": None}),
        ('"a.b".c', {"nested": None, "flat": None, "both": None, "null": None, "list": None}),
    ],
)
def test_a_name_with_a_dot_is_found_where_nothing_is_nested_and_quotes_say_which_is_meant(
    path: str, found: dict[str, int | None]
) -> None:
    spec = compile_table("boxes", "box", {"id": key(), "n": last(field("Noted", path), "int64")})
    layout = bind(spec, total_order=True)
    store = open_store("sqlite://")
    for name, data in {
        "nested": {"a": {"b": 1}},
        "flat": {"a.b": 2},
        "both": {"a": {"b": 3}, "a.b": 4},
        "null": {"a": {"b": None}, "a.b": 5},
        "list": {"a": [{"b": 6}], "a.b": 7},
    }.items():
        store.append(f"box-{name}", [make(data=data)], expected=ANY)
    feed = store.feed()
    for engine in (ReferenceEngine(), DuckdbEngine()):
        folded = engine.fold(
            feed.arrow(feed.start(), feed.end(), needed_columns(layout, Scope())),
            layout,
            Registry(untyped=True),
            scope=Scope(),
        )
        assert not folded.parked
        assert {row["id"].removeprefix("box-"): row["n"] for row in folded.rows.to_pylist()} == found
    store.close()


NAMES = ["it's", "50 %", "a\\b", "Größe", "审批", "a[0]", "a*b", "$x", "#", "{x}", "a;--"]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_types_and_fields_mean_themselves_whatever_signs_they_have(name: str) -> None:
    noted = f"Noted {name} \"'"
    spec = compile_table(
        "boxes",
        "box",
        {
            "id": key(),
            "n": last(field(noted, name), "int64"),
            "what": last({noted: name, "Noted": "other"}),
            "times": count(noted),
        },
    )
    layout = bind(spec, total_order=True)
    store = open_store("sqlite://")
    for kind, data in (
        (noted, {name: 1}),
        ("Noted", {name: 2}),
        (noted, {name: 3}),
        (noted + "x", {name: 4}),
    ):
        store.append("box-it's 50 %", [make(event_type=kind, data=data)], expected=ANY)
    feed = store.feed()
    for engine in (ReferenceEngine(), DuckdbEngine()):
        folded = engine.fold(
            feed.arrow(feed.start(), feed.end(), needed_columns(layout, Scope())),
            layout,
            Registry(untyped=True),
            scope=Scope(),
        )
        assert not folded.parked
        assert [(row["n"], row["what"], row["times"]) for row in folded.rows.to_pylist()] == [(3, name, 2)]
    store.close()


def test_sums_that_leave_their_type_park_the_event_that_does_it() -> None:
    spec = compile_table(
        "boxes",
        "box",
        {"id": key(), "total": sum(field("Noted", "n"), "decimal(4,2)"), "events": count("Noted")},
    )
    layout = bind(spec, total_order=True)
    store = open_store("sqlite://")
    for n in range(12):
        store.append(f"box-{n % 2}", [make(data={"n": "9.99" if n % 2 else "20.00"})], expected=ANY)
    feed = store.feed()
    columns = needed_columns(layout, Scope())
    for chunk in (1, 3, 1000):
        found, wanted = (
            engine.fold(
                feed.arrow(feed.start(), feed.end(), columns, limit=chunk),
                layout,
                Registry(untyped=True),
                scope=Scope(),
            )
            for engine in (DuckdbEngine(), ReferenceEngine())
        )
        assert by_key(found) == by_key(wanted)
        assert [p.version for p in found.parked.values()] == [5]
    store.close()


@pytest.mark.parametrize(
    ("kind", "given", "parked"),
    [
        ("double", ["1e300", "-1e300", "2.5"], []),
        ("double", ["1e39"], []),
        ("decimal(38,0)", ["9" * 38, "9" * 38], [2]),
        ("decimal(38,0)", ["5" + "0" * 37, "-6" + "0" * 37, "7"], []),
        ("decimal(38,10)", ["4" + "9" * 27 + ".4", "5" + "0" * 27 + ".6"], [2]),
    ],
)
def test_sums_of_the_widest_values(kind: str, given: list[str], parked: list[int]) -> None:
    spec = compile_table("boxes", "box", {"id": key(), "total": sum(field("Noted", "n"), kind)})
    layout = bind(spec, total_order=True)
    store = open_store("sqlite://")
    for n in given:
        store.append("box-1", [make(data={"n": n})], expected=ANY)
    feed = store.feed()
    found, wanted = (
        engine.fold(
            feed.arrow(feed.start(), feed.end(), needed_columns(layout, Scope())),
            layout,
            Registry(untyped=True),
            scope=Scope(),
        )
        for engine in (DuckdbEngine(), ReferenceEngine())
    )
    assert by_key(found) == by_key(wanted)
    assert [p.version for p in found.parked.values()] == parked
    store.close()


@pytest.mark.parametrize(
    ("number", "fits"),
    [
        ("1.00000000000000001", True),
        ("1.0000000000000000001", False),
        ("12345678901234567.8", True),
        ("0.1234567890123456789", False),
        ("1.5", True),
        ("1e2", True),
    ],
)
def test_digits_that_no_double_holds_are_not_lost_from_a_number(number: str, fits: bool) -> None:
    spec = compile_table("boxes", "box", {"id": key(), "n": last(field("Noted", "n"), "decimal(36,18)")})
    layout = bind(spec, total_order=True)
    store = open_store("sqlite://")
    store.append("box-1", [structs.replace(make(data={}), data=f'{{"n":{number}}}')], expected=ANY)
    feed = store.feed()
    for engine in (ReferenceEngine(), DuckdbEngine()):
        folded = engine.fold(
            feed.arrow(feed.start(), feed.end(), needed_columns(layout, Scope())),
            layout,
            Registry(untyped=True),
            scope=Scope(),
        )
        assert [row["n"] for row in folded.rows.to_pylist()] == ([Decimal(number)] if fits else [])
        assert bool(folded.parked) is not fits
    store.close()
