"""Spark gives what the reference fold gives: row for row, type for type, parked streams included."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec import structs

from eventfold import (
    ANY,
    Event,
    NewEvent,
    Registry,
    collect,
    count,
    event_id,
    field,
    key,
    last,
    occurred_at,
    open_store,
    recorded_at,
    sum,  # noqa: A004
    upcast,
)
from eventfold.engines.duckdb import DuckdbEngine
from eventfold.engines.spark.engine import SparkEngine
from eventfold.readmodels.declaring.columns import column
from eventfold.readmodels.declaring.layout import bind
from eventfold.readmodels.declaring.table import TableSpec, compile_table
from eventfold.readmodels.declaring.types import STRING
from eventfold.readmodels.declaring.values import Envelope
from eventfold.readmodels.folding.history import ReferenceEngine, needed_columns
from eventfold.readmodels.port import Engine, Folded, Scope
from eventfold.testing.generated import histories, tables
from eventfold.testing.making import make
from tests.irregular import IRREGULAR_DATA
from tests.laws import AT_NIGHT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

History = Sequence[tuple[str, NewEvent]]
UNTYPED = Registry(untyped=True)


def by_key(folded: Folded) -> tuple[list[dict[str, object]], dict[str, tuple[int, int, str]]]:
    rows = sorted(folded.rows.to_pylist(), key=lambda row: str(next(iter(row.values()))))
    return rows, {p.stream: (p.version, p.last_version, p.code) for p in folded.parked.values()}


def fold_by(
    engines: Sequence[Engine],
    spec: TableSpec,
    history: History,
    *,
    chunk: int = 1000,
    total_order: bool = True,
    registry: Registry = UNTYPED,
    scope: Scope = Scope(),  # noqa: B008 - frozen
) -> list[Folded]:
    layout = bind(spec, total_order=total_order)
    store = open_store("sqlite://")
    for stream, event in history:
        store.append(stream, [event], expected=ANY)
    feed = store.feed()
    columns = needed_columns(layout, scope)

    def events() -> Iterator[pa.RecordBatch]:
        return feed.arrow(feed.start(), feed.end(), columns, limit=chunk)

    found = [engine.fold(events(), layout, registry, scope=scope) for engine in engines]
    store.close()
    return found


def fold_alike(session: "SparkSession", spec: TableSpec, history: History, **options: object) -> Folded:
    """Folds by all three engines and returns what they agree on."""
    engines = (ReferenceEngine(), DuckdbEngine(), SparkEngine(session))
    wanted, *others = fold_by(engines, spec, history, **options)  # type: ignore[arg-type]  # as they stand there
    for other in others:
        assert by_key(other) == by_key(wanted)
        assert other.rows.schema == wanted.rows.schema
    return wanted


def equal_in_any_batches(
    session: "SparkSession", spec: TableSpec, history: History, data: st.DataObject
) -> None:
    skipped = data.draw(
        st.sets(st.tuples(st.sampled_from(["box-1", "box-2"]), st.integers(1, 3)), max_size=2)
    )
    occurred_to = data.draw(st.none() | st.integers(-5, 5).map(lambda n: n * 10**9))
    fold_alike(
        session,
        spec,
        history,
        chunk=data.draw(st.sampled_from([3 if AT_NIGHT else 5, 1000])),
        total_order=spec.in_order_only or data.draw(st.booleans()),
        scope=Scope(skips=frozenset(skipped), occurred_to_us=occurred_to),
    )


GENERATED = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "database": None,
    "phases": [Phase.explicit, Phase.generate],  # to shrink would take as long as an hour
}


@settings(max_examples=60, **GENERATED)  # type: ignore[arg-type]  # a map of several types
@given(spec=tables(), history=histories(), data=st.data())
def test_every_table_over_every_history_in_any_batches(
    session: "SparkSession", spec: TableSpec, history: History, data: st.DataObject
) -> None:
    equal_in_any_batches(session, spec, history, data)


@pytest.mark.nightly
@settings(max_examples=600, **GENERATED)  # type: ignore[arg-type]  # as above
@given(spec=tables(), history=histories(), data=st.data())
def test_many_tables_over_many_histories(
    session: "SparkSession", spec: TableSpec, history: History, data: st.DataObject
) -> None:
    equal_in_any_batches(session, spec, history, data)


def noted(*data: object, kind: str = "Noted") -> list[tuple[str, NewEvent]]:
    """One event for each, in streams of their own; bytes are JSON as it stands."""
    made = (
        structs.replace(make(event_type=kind, data={}), data=one.decode())
        if isinstance(one, bytes)
        else make(event_type=kind, data=one)
        for one in data
    )
    return [(f"box-{n:03d}", event) for n, event in enumerate(made)]


NUMBERS = [
    *("1.10", "100.0", "-0", "-0.0", "0.0", "0", "1e2", "1E-2", "1.00000000000000001", "12345678901234567.8"),
    *("0.1234567890123456789", "12.505", "9223372036854775807", "9007199254740993", "0.005", "1.0E10"),
]
TEXTS = [
    *(
        "1.10",
        "12,50",
        " 1",
        "1 ",
        "1\n",
        "+1",
        "1d",
        "0x1p3",
        "NaN",
        "Infinity",
        "-Infinity",
        "1_000",
        "\u0661",
    ),
    *(
        "true",
        "TRUE",
        "t",
        "yes",
        "1",
        "[1]",
        "{}",
        "null",
        "",
        "2024-01-01",
        "2024-1-1",
        "2024-01-01 ",
        "epoch",
    ),
    *("2024-01-01T10:00:00Z", "2024-01-01T10:00:00.1234567Z", "2024-01-01T10:00:00+14:00", "now"),
    *(
        "2024-01-01T10:00:00",
        "2024-01-01T10:00:00 UTC",
        "2024-01-01T10:00:60Z",
        "10000-01-01",
        "YQ==",
        "YQ",
        "Y Q==",
    ),
]
VALUES = [n.encode() for n in NUMBERS] + [msgspec.json.encode(t) for t in TEXTS]
VALUES += [b"true", b"null", b"[1,2]", b'{"a":1}', b'"\\ud83d\\ude00"']
KINDS = (
    "string",
    "int64",
    "double",
    "boolean",
    "timestamp",
    "date",
    "binary",
    "decimal(9,2)",
    "decimal(38,18)",
)


@pytest.mark.parametrize("kind", KINDS)
def test_no_cast_rounds_cuts_trims_or_guesses(session: "SparkSession", kind: str) -> None:
    spec = compile_table("boxes", "box", {"id": key(), "n": last(field("Noted", "n"), kind)})
    history = noted(*(b'{"n":' + value + b"}" for value in VALUES))
    folded = fold_alike(session, spec, history)
    assert folded.rows.num_rows + len(folded.parked) == len(VALUES)
    assert folded.rows.num_rows > 0


def test_a_zero_keeps_its_sign(session: "SparkSession") -> None:
    spec = compile_table("boxes", "box", {"id": key(), "n": last(field("Noted", "n"), "double")})
    for one in fold_by((ReferenceEngine(), SparkEngine(session)), spec, noted(b'{"n":-0.0}', b'{"n":0.0}')):
        assert sorted(str(row["n"]) for row in one.rows.to_pylist()) == ["-0.0", "0.0"]


def test_rows_are_kept_through_batches_that_change_none_of_them(session: "SparkSession") -> None:
    """Rows that go into Spark again come in chunks, of which some are empty."""
    spec = compile_table("boxes", "box", {"id": key(), "n": last(field("Noted", "n"), "int64")})
    kinds = ("Ignored", "Ignored", "Noted", "Ignored", "Noted", "Ignored")
    history = [("box-1", make(number, event_type=kind)) for number, kind in enumerate(kinds)]
    history.append(("box-2", make(7)))
    assert fold_alike(session, spec, history, chunk=1).rows.num_rows == 2


def test_irregular_json_is_left_to_the_reference(session: "SparkSession") -> None:
    spec = compile_table(
        "boxes",
        "box",
        {
            "id": key(),
            "a": last(field("Noted", "a"), "string"),
            "inner": last(field("Noted", "box.a"), "int64"),
        },
    )
    history = [
        (stream, structs.replace(event, metadata="{}", recorded_us=7, checked=event.data))
        for stream, event in noted(
            *(data.encode("utf-8", "surrogatepass") for data in IRREGULAR_DATA.values())
        )
    ]
    fold_alike(session, spec, history)


NAMES = [
    "it's",
    'say "x"',
    "50 %",
    "a\\b",
    "Größe",
    "审批",
    "a[0]",
    "a*b",
    "$x",
    "${env:HOME}",
    "#",
    "{x}",
    "a;--",
]


def test_names_mean_themselves_whatever_signs_they_have(session: "SparkSession") -> None:
    for name in (*NAMES, """both ' and " """):
        kind = f"Noted {name} \"'"
        exact = name if '"' not in name else None
        columns = {"id": key(), "what": last({kind: name, "Noted": "other"}), "times": count(kind)}
        if exact is not None:
            columns["n"] = last(field(kind, exact), "int64")
        spec = compile_table("boxes", "box", columns)
        history = [
            ("box-it's 50 %", make(event_type=k, data={name: n})) for n, k in enumerate((kind, "Noted", kind))
        ]
        fold_alike(session, spec, history)


@pytest.mark.parametrize(
    ("kind", "given", "parked"),
    [
        ("decimal(4,2)", ["9.99"] * 12, 1),
        ("int64", [2**62, 2**62 - 1, 1, -5], 1),
        ("double", ["0.5", "-2.25", "1e3"], 0),
        ("decimal(38,0)", ["9" * 38, "9" * 38], 1),
        ("decimal(38,0)", ["5" + "0" * 37, "-6" + "0" * 37, "7"], 0),
        ("decimal(38,18)", ["1." + "0" * 17 + "1"] * 3, 0),
        ("decimal(38,10)", ["4" + "9" * 27 + ".4", "5" + "0" * 27 + ".6"], 1),
    ],
)
@pytest.mark.parametrize("chunk", [1, 1000])
def test_sums_at_the_edge_of_their_type(
    session: "SparkSession", kind: str, given: list[object], parked: int, chunk: int
) -> None:
    if chunk == 1:
        given = given[:3]
        parked = parked if kind != "decimal(4,2)" else 0
    spec = compile_table("boxes", "box", {"id": key(), "total": sum(field("Noted", "n"), kind)})
    folded = fold_alike(session, spec, [("box-1", make(data={"n": n})) for n in given], chunk=chunk)
    assert len(folded.parked) == parked


def test_envelope_values_and_lists(session: "SparkSession") -> None:
    spec = compile_table(
        "boxes",
        "box",
        {
            "id": key(),
            "event": last(event_id),
            "at": last(recorded_at),
            "text": last(recorded_at, "string"),
            "two": collect(field("Noted", "n"), "decimal(9,2)", limit=2),
            "first": collect(field("Noted", "n"), "decimal(9,2)", limit=2, keep="first"),
            "times": collect(occurred_at, limit=3),
        },
    )
    history = [("box-1", make(n, data={"n": f"{n}.50"})) for n in range(5)]
    for chunk in (2, 1000):
        fold_alike(session, spec, history, chunk=chunk)


class Priced(Event, name="Priced", version=2):
    amount: str


@upcast(Priced, 1)
def _named_amount(data: dict[str, object]) -> dict[str, object]:
    return {"amount": data["price"]}


def test_only_old_versions_are_upcast_and_what_cannot_be_is_parked(session: "SparkSession") -> None:
    spec = compile_table("boxes", "box", {"id": key(), "n": last(field(Priced, "amount"), "decimal(9,2)")})
    old = [
        structs.replace(make(event_type="Priced", data={"price": "1.50"}), schema_version=1) for _ in range(2)
    ]
    new = structs.replace(make(event_type="Priced", data={"amount": "2.50"}), schema_version=2)
    broken = structs.replace(make(event_type="Priced", data={"cost": "3"}), schema_version=1)
    future = structs.replace(make(event_type="Priced", data={"amount": "4"}), schema_version=3)
    history = [("box-1", old[0]), ("box-2", new), ("box-3", old[1]), ("box-3", broken), ("box-4", future)]
    folded = fold_alike(session, spec, history, registry=Registry([Priced]))
    assert sorted(folded.parked) == ["box-3", "box-4"]


@pytest.mark.parametrize("chunk", [1, 1000])
def test_a_skipped_event_of_a_stream_that_waits_waits_too(session: "SparkSession", chunk: int) -> None:
    spec = compile_table("boxes", "box", {"id": key(), "n": last(field("Noted", "n"), "int64")})
    history = [("box-1", make(data={"n": n})) for n in (1, "many", 3, 4)]
    history += [("box-2", make(data={"n": n})) for n in (1, 2, 3)]
    scope = Scope(skips=frozenset({("box-1", 4), ("box-2", 3)}))
    folded = fold_alike(session, spec, history, chunk=chunk, scope=scope)
    (parked,) = folded.parked.values()
    assert (parked.version, parked.last_version) == (2, 4)
    assert [row["n"] for row in sorted(folded.rows.to_pylist(), key=lambda row: row["id"])] == [1, 2]


def longest(row: dict[str, object] | None, event: object) -> dict[str, object] | None:
    seen = int(row["seen"]) if row else 0  # type: ignore[call-overload]  # a whole number, as declared
    return None if seen == 4 else {"seen": seen + 1, "what": type(event).__name__}


@pytest.mark.parametrize("own_key", [False, True])
def test_a_fold_in_python(session: "SparkSession", own_key: bool) -> None:
    found = key(Envelope("event_type", STRING)) if own_key else key()

    spec = compile_table(
        "boxes", "box", {"id": found, "seen": column("int64"), "what": column("string")}, ["Priced"], longest
    )
    event = structs.replace(make(event_type="Priced", data={"amount": "2.50"}), schema_version=2)
    history = [(f"box-{n % 3}", structs.replace(event, id=make().id)) for n in range(14)]
    fold_alike(session, spec, history, chunk=4, registry=Registry([Priced]))
