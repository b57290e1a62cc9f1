"""The definition of a table as it is stored with the rows that were folded by it: JSON of a chosen form, never code.

    {"format": 1, "table": "orders", "category": "order", "key": {"name": "order_id", "reducer": "key", ...},
     "columns": [{"name": "status", "reducer": "last", "type": "string",
                  "values": [{"event": "OrderShipped", "constant": "Shipped"}]}, ...],
     "delete_on": [], "types": ["OrderCreated", "OrderShipped"], "fold": null}

Later releases read it, so its names are not changed: what is new gets a default, or a next format. A Python fold is
known by its name; its rows can be read, and nothing can be folded by it.
"""

from typing import Any, Literal, NoReturn

import msgspec

from eventfold.errors import TableInvalid
from eventfold.readmodels.declaring import values
from eventfold.readmodels.declaring.columns import Absent, Column, Reducer
from eventfold.readmodels.declaring.table import TableSpec, is_name
from eventfold.readmodels.declaring.types import column_type
from eventfold.readmodels.declaring.values import Const, Envelope, ExactField, Field

FORMAT = 1
_ENVELOPES = {found.name: found for found in vars(values).values() if isinstance(found, Envelope)}


class Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a column has a value from: a field of an event, a constant for it, or what every event has.

    Attributes:
        event: the stored name; empty for what every event has.
        field: the keys of the field, from the outside in.
        exact: whether its path was written with quotes.
        type: of the field, where a class says it.
        constant: the same for every event of that name.
        envelope: the name of what every event has.
    """

    event: str = ""
    field: tuple[str, ...] = ()
    exact: bool = False
    type: str | None = None
    constant: bool | int | str | None = None
    envelope: str | None = None


class StoredColumn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One column; each attribute as that of `Column`, types by their names."""

    name: str
    reducer: Reducer
    type: str
    values: tuple[Value, ...] = ()
    on: tuple[str, ...] = ()
    by: str | None = None
    nulls: bool = False
    limit: int = 0
    keep: Literal["first", "last"] = "last"
    absent: Absent = "park"


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """A whole definition; each attribute as that of `TableSpec`, a Python fold by its name."""

    format: int = FORMAT
    table: str
    category: str
    key: StoredColumn
    columns: tuple[StoredColumn, ...]
    delete_on: tuple[str, ...]
    types: tuple[str, ...] | None
    fold: str | None

    def to_json(self) -> str:
        """As it is stored."""
        return msgspec.json.encode(self).decode()


_read = msgspec.json.Decoder(Definition).decode


class _Named:
    """Stands for a Python fold of which only the name is known."""

    def __init__(self, name: str) -> None:
        self.__qualname__ = name

    def __call__(self, _row: dict[str, Any] | None, _event: object) -> NoReturn:
        raise TableInvalid(
            f"Of the fold {self.__qualname__} only the name is stored: it cannot be folded by."
        )


def definition_of(spec: TableSpec) -> Definition:
    """The definition of a table."""
    return Definition(
        table=spec.name,
        category=spec.category,
        key=_stored(spec.key_name, spec.key),
        columns=tuple(_stored(name, column) for name, column in spec.columns.items()),
        delete_on=tuple(sorted(spec.delete_on)),
        types=None if spec.types is None else tuple(sorted(spec.types)),
        fold=spec.fold.__qualname__ if spec.fold else None,
    )


def read_definition(text: str) -> TableSpec | None:
    """The table that was stored; None where nothing was, by earlier releases, or a later one's, or it is damaged."""
    try:
        found = _read(text)
        names = (found.table, found.key.name, *(column.name for column in found.columns))
        if found.format != FORMAT or not all(map(is_name, names)):  # they become names in statements
            return None
        return TableSpec(
            name=found.table,
            category=found.category,
            key_name=found.key.name,
            key=_column(found.key),
            columns={column.name: _column(column) for column in found.columns},
            delete_on=found.delete_on,
            types=None if found.types is None else frozenset(found.types),
            fold=None if found.fold is None else _Named(found.fold),
        )
    except (msgspec.MsgspecError, TableInvalid, KeyError, RecursionError):
        return None


def _stored(name: str, column: Column) -> StoredColumn:
    return StoredColumn(
        name=name,
        reducer=column.reducer,
        type=str(column.type),
        values=tuple(map(_value, column.values)),
        on=column.on,
        by=None if column.by is None else column.by.name,
        nulls=column.nulls,
        limit=column.limit,
        keep=column.keep,
        absent=column.absent,
    )


def _value(value: Field | Const | Envelope) -> Value:
    match value:
        case Field(event, path, kind):
            exact = isinstance(value, ExactField)
            return Value(event=event, field=path, exact=exact, type=None if kind is None else str(kind))
        case Const(event, constant, kind):
            assert isinstance(constant, bool | int | str)
            return Value(event=event, constant=constant, type=str(kind))
        case Envelope(name):
            return Value(envelope=name)


def _column(stored: StoredColumn) -> Column:
    return Column(
        stored.reducer,
        tuple(map(_found, stored.values)),
        stored.on,
        column_type(stored.type),
        None if stored.by is None else _ENVELOPES[stored.by],
        stored.nulls,
        stored.limit,
        stored.keep,
        stored.absent,
    )


def _found(value: Value) -> Field | Const | Envelope:
    if value.envelope is not None:
        return _ENVELOPES[value.envelope]
    kind = None if value.type is None else column_type(value.type)
    if value.constant is not None and kind is not None:
        return Const(value.event, value.constant, kind)
    made = ExactField if value.exact else Field
    return made(value.event, value.field, kind)
