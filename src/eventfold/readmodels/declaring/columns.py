"""The columns of a table: what each keeps of the events that it looks at.

A reducer's partial result is a value of a commutative monoid: partial results merge to the same row in any order, from
any engine, over any borders of batches. `delete_on` and Python folds are not; `layout` says where they are allowed.
"""

from collections.abc import Iterable
from typing import Literal, get_args

import msgspec
from msgspec import structs

from eventfold.errors import TableInvalid, ValueUnfit
from eventfold.readmodels.declaring.types import INT64, ColumnType, column_type
from eventfold.readmodels.declaring.values import Const, Envelope, EventType, Field, as_values, stored_name

Reducer = Literal["key", "first", "last", "sum", "count", "min", "max", "collect", "fold", "delete_on"]
Absent = Literal["park", "skip"]
COLLECT_LIMIT = 1000
_SUMMED = ("int64", "decimal", "double")


class Column(msgspec.Struct, frozen=True):
    """One declared column.

    Attributes:
        reducer: what it keeps.
        values: where its value comes from; several for several event types.
        on: the stored names an envelope value or a count is limited to; empty = all that the table looks at.
        type: the type of its cells; of a collect, of its items.
        by: the envelope value that orders first and last instead of the log's order.
        nulls: whether an absent or null value counts as a value for first and last.
        limit: how many items a collect keeps.
        keep: which items a collect keeps when there are more: the first or the last.
        absent: what becomes of an event without the key: it parks its stream, or it is left out.
    """

    reducer: Reducer
    values: tuple[Field | Const | Envelope, ...] = ()
    on: tuple[str, ...] = ()
    type: ColumnType = INT64
    by: Envelope | None = None
    nulls: bool = False
    limit: int = 0
    keep: Literal["first", "last"] = "last"
    absent: Absent = "park"

    def described(self) -> dict[str, object]:
        """What a fingerprint says of it; `absent` only where it was chosen, which earlier releases did not know."""
        found = structs.asdict(self)
        if self.absent == "park":
            del found["absent"]
        return found


def key(*values: object, on: Iterable[EventType] = (), absent: Absent = "park") -> Column:
    """The key of the table: without values the stream, else a value of each event that the table looks at.

    Args:
        values: as `first`.
        on: as `first`.
        absent: what becomes of an event whose value is absent or null: `"park"`, it parks its stream; `"skip"`, it is
            left out of the table, which is no error.

    Raises:
        TableInvalid: as `first`; or `absent="skip"` without a value: a stream is never absent.
    """
    found, given = _split(values)
    if given and str(given) != "string":
        raise TableInvalid("A key is text: its type cannot be chosen.")
    if absent not in get_args(Absent):
        raise TableInvalid(f"A key: absent= is 'park' or 'skip', not {absent!r}.")
    if absent == "skip" and not found:
        raise TableInvalid("A key that is the stream is never absent: leave absent='skip' out.")
    return Column("key", tuple(found), _names(on), column_type("string"), absent=absent)


def first(
    *values: object, on: Iterable[EventType] = (), by: Envelope | None = None, nulls: bool = False
) -> Column:
    """The first value, in the order of the log or `by` an envelope time.

    Args:
        values: `Event.field`, `ef.field(Event, "a.b")`, a map from event types to constants, an envelope value; and
            the column's type as text where it cannot be told (`"decimal(18,2)"`).
        on: limits an envelope value to these event types.
        by: `ef.occurred_at` or `ef.recorded_at`; ties are decided by the order of the log.
        nulls: an absent or null value counts too.

    Raises:
        TableInvalid: the values have no common type, or something is no value.
    """
    return _pick("first", values, on, by, nulls=nulls)


def last(
    *values: object, on: Iterable[EventType] = (), by: Envelope | None = None, nulls: bool = False
) -> Column:
    """The last value; arguments as `first`."""
    return _pick("last", values, on, by, nulls=nulls)


def sum(*values: object, on: Iterable[EventType] = ()) -> Column:  # noqa: A001 - the field's word; used as ef.sum
    """The sum of whole numbers or decimals, 0 before the first; of floats only where `"double"` is declared.

    Raises:
        TableInvalid: the values are no numbers, or floats that were not declared.
    """
    found, given = _split(values)
    chosen = _chosen(found, given)
    if chosen.kind not in _SUMMED or (chosen.kind == "double" and given is None):
        raise TableInvalid(
            f"A {chosen} is not summed: use whole numbers or decimals, or declare 'double' if an inexact sum will do."
        )
    return Column("sum", tuple(found), _names(on), chosen)


def count(*on: EventType) -> Column:
    """The number of events: of these types, or of all that the table looks at."""
    return Column("count", (), _names(on), INT64)


def min(*values: object, on: Iterable[EventType] = ()) -> Column:  # noqa: A001 - as `sum`
    """The smallest value; null before the first."""
    return _extreme("min", values, on)


def max(*values: object, on: Iterable[EventType] = ()) -> Column:  # noqa: A001 - as `sum`
    """The largest value; null before the first."""
    return _extreme("max", values, on)


def collect(
    *values: object, on: Iterable[EventType] = (), limit: int = 100, keep: Literal["first", "last"] = "last"
) -> Column:
    """The values as a list in the order of the log, bounded.

    Args:
        values: as `first`.
        on: as `first`.
        limit: how many items are kept, 1 to 1,000.
        keep: the first or the last ones, when there are more.
    """
    if not 1 <= limit <= COLLECT_LIMIT:
        raise TableInvalid(f"collect keeps 1 to {COLLECT_LIMIT} items, not {limit}.")
    found, given = _split(values)
    return Column("collect", tuple(found), _names(on), _chosen(found, given), limit=limit, keep=keep)


def delete_on(*on: EventType) -> Column:
    """The row is removed by these events; a later event of the key begins a new one. It is no column of the table."""
    if not on:
        raise TableInvalid("delete_on needs the event types that remove the row.")
    return Column("delete_on", (), _names(on))


def column(type_name: str) -> Column:
    """A column that the table's own `fold` fills."""
    return Column("fold", (), (), column_type(type_name))


def _pick(
    reducer: Literal["first", "last"],
    values: tuple[object, ...],
    on: Iterable[EventType],
    by: Envelope | None,
    *,
    nulls: bool,
) -> Column:
    if by is not None and by.type.kind != "timestamp":
        raise TableInvalid(f"{reducer}: by= takes ef.recorded_at or ef.occurred_at.")
    found, given = _split(values)
    return Column(reducer, tuple(found), _names(on), _chosen(found, given), by=by, nulls=nulls)


def _extreme(reducer: Literal["min", "max"], values: tuple[object, ...], on: Iterable[EventType]) -> Column:
    found, given = _split(values)
    return Column(reducer, tuple(found), _names(on), _chosen(found, given))


def _split(values: tuple[object, ...]) -> tuple[list[Field | Const | Envelope], ColumnType | None]:
    names = [v for v in values if isinstance(v, str)]
    if len(names) > 1:
        raise TableInvalid(f"One type at most: {', '.join(names)}.")
    found = as_values(v for v in values if not isinstance(v, str))
    events = [v.event for v in found if not isinstance(v, Envelope)]
    if len(events) != len(set(events)) or (len(found) > 1 and len(events) < len(found)):
        raise TableInvalid("A column takes one value per event type, or a single envelope value.")
    return found, column_type(names[0]) if names else None


def _chosen(values: list[Field | Const | Envelope], given: ColumnType | None) -> ColumnType:
    kind = given or _common_type(values)
    for value in values:
        if not isinstance(value, Const):
            continue
        try:
            value.cell(kind)
        except ValueUnfit as error:
            raise TableInvalid(f"The constant of {value.event} has another type: {error.message}.") from None
    return kind


def _common_type(values: list[Field | Const | Envelope]) -> ColumnType:
    types = {v.type for v in values if v.type is not None}
    if len(types) == 1:
        return types.pop()
    if types:
        raise TableInvalid(
            f"The values have different types ({', '.join(sorted(map(str, types)))}): say which one."
        )
    if values and all(isinstance(v, Field) and len(v.path) >= 1 for v in values):
        raise TableInvalid(
            "The type of the column cannot be told from its values: say it, e.g. 'decimal(18,2)'."
        )
    raise TableInvalid("The column has no value.")


def _names(on: Iterable[EventType]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(stored_name(event) for event in on))
