"""Rows and views that are made up, with what engines judge differently among them: blanks, nulls, midnights, halves."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

import eventfold as ef
from eventfold.errors import TableInvalid
from eventfold.readmodels.declaring.types import ColumnType, column_type
from eventfold.readmodels.declaring.views.language import Value
from eventfold.readmodels.declaring.views.spec import ViewSpec, view
from eventfold.readmodels.folding.arrowform import arrow_type

COLUMNS: dict[str, ColumnType | None] = {
    "s": column_type("string"),
    "r": column_type("string"),
    "n": column_type("int64"),
    "m": column_type("int64"),
    "a": column_type("decimal(9,2)"),
    "b": column_type("decimal(12,5)"),
    "p": column_type("boolean"),
    "t": column_type("timestamp"),
    "u": column_type("timestamp"),
    "d": column_type("date"),
}
TEXTS = ["", "a", "a ", "A", "é", "it's", "b\\", "100%"]
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
TIMES = [
    NOON,
    NOON.replace(hour=0),
    NOON + timedelta(microseconds=1),
    datetime(1899, 12, 31, 23, 59, 59, 999999, UTC),
]
_CELLS: dict[str, st.SearchStrategy[Any]] = {
    "string": st.sampled_from(TEXTS),
    "int64": st.integers(-9, 9),
    "boolean": st.booleans(),
    "timestamp": st.sampled_from(TIMES)
    | st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(lambda t: t.replace(tzinfo=UTC)),  # noqa: DTZ001 - its zone follows
    "date": st.dates(date(1, 1, 2), date(9999, 12, 30)) | st.just(date(2026, 3, 31)),
}


def cells(kind: ColumnType) -> st.SearchStrategy[Any]:
    """Values of a type."""
    if kind.kind == "decimal":
        return st.integers(-(10**6), 10**6).map(lambda n: Decimal(n).scaleb(-kind.scale))
    return _CELLS[kind.kind]


ROWS = st.lists(
    st.fixed_dictionaries({name: st.none() | cells(kind) for name, kind in COLUMNS.items() if kind}),
    max_size=12,
)


def arrow(rows: list[dict[str, Any]]) -> pa.Table:
    """The rows as a table."""
    schema = pa.schema([(name, arrow_type(kind)) for name, kind in COLUMNS.items() if kind])
    return pa.Table.from_pylist(rows, schema=schema)


def _value(kind: str, depth: int) -> st.SearchStrategy[Value]:
    names = [name for name, told in COLUMNS.items() if told and told.kind == kind]
    plain = st.sampled_from(names).map(lambda name: getattr(ef.row, name))
    if not depth:
        return plain
    inner = st.deferred(lambda: _value(kind, depth - 1))
    time, day = _value("timestamp", 0), _value("date", 0)
    one = cells(COLUMNS[names[0]] or column_type("int64"))
    made = [plain, st.tuples(inner, one).map(lambda two: two[0].otherwise(two[1]))]
    if kind == "int64":
        made += [
            (time | day).map(lambda of: of.year()),
            time.map(lambda of: of.hour()),
            st.tuples(time | day, time | day).map(lambda two: two[0].days_since(two[1])),
        ]
    if kind == "date":
        made += [time.map(lambda of: of.day()), (time | day).map(lambda of: of.month())]
    if kind == "decimal":
        made.append(st.tuples(time, time).map(lambda two: two[0].seconds_since(two[1])))
    if kind in {"int64", "decimal"}:
        other = inner | cells(column_type("int64"))
        made += [
            st.tuples(inner, other).map(lambda two: two[0] + two[1]),
            st.tuples(inner, other).map(lambda two: two[0] - two[1]),
            st.tuples(inner, other).map(lambda two: two[0] * two[1]),
        ]
    return st.one_of(made)


@st.composite
def _condition(draw: st.DrawFn, depth: int = 2) -> Value:
    how = draw(st.integers(0, 6))
    if depth and how < 3:
        left, right = draw(_condition(depth - 1)), draw(_condition(depth - 1))
        return [left & right, left | right, ~left][how]
    kind = draw(st.sampled_from(["string", "int64", "decimal", "timestamp", "date"]))
    left = draw(_value(kind, 1))
    if how == 3:
        return left.is_null()
    if how == 4:
        return draw(_value("boolean", 0))
    plain = column_type("decimal(9,2)" if kind == "decimal" else kind)
    right = draw(_value(kind, 1) | cells(plain))
    if kind == "string" or how == 5:
        return draw(st.sampled_from([left == right, left != right, left.isin(right, draw(cells(plain)))]))
    return draw(st.sampled_from([left < right, left <= right, left > right, left >= right]))


@st.composite
def _aggregate(draw: st.DrawFn) -> object:
    kind = draw(st.sampled_from(["int64", "decimal", "timestamp", "date", "string", "boolean"]))
    value = draw(_value(kind, 1))
    made: list[object] = [ef.count(), value.count(), value.distinct(), draw(_condition()).count()]
    where = draw(st.none() | _condition())
    if kind in {"int64", "decimal"}:
        made.append(value.sum(where))
    if kind not in {"string", "boolean"}:
        made += [value.min(where), value.max(where)]
    return draw(st.sampled_from(made))


@st.composite
def views(draw: st.DrawFn) -> ViewSpec | None:
    """A view of these columns; None where its numbers would have too many digits."""
    kinds = st.sampled_from(["int64", "decimal", "timestamp", "date", "string", "boolean"])
    keys = [draw(_value(draw(kinds), draw(st.integers(0, 2)))) for _ in range(draw(st.integers(0, 2)))]
    kept = [draw(_aggregate()) for _ in range(draw(st.integers(0 if keys else 1, 2)))]
    shown = {f"c{n}": one for n, one in enumerate([*keys, *kept])}
    try:
        return view(where=draw(st.none() | _condition()), **shown).bind("v", "rows", COLUMNS)
    except TableInvalid as error:
        if "digits" not in error.message:
            raise
        return None
