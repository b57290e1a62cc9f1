"""Where the values of a column come from: one expression over the events of every type."""

from collections.abc import Collection
from typing import NamedTuple

from eventfold.engines.compiling.dialect import Dialect, Path
from eventfold.readmodels.declaring.columns import Column
from eventfold.readmodels.declaring.extract import source
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.declaring.types import STRING, ColumnType
from eventfold.readmodels.declaring.values import METADATA_KEYS, Const, Envelope, Field

_ID = "lower(hex(id))"
_ID_PARTS = ", ".join(
    f"substring({_ID}, {at}, {n})" for at, n in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
)
_ENVELOPE = {
    "recorded_at": "recorded_us",
    "occurred_at": "occurred_us",
    "stream": "stream",
    "version": "version",
    "event_type": "type",
    "event_id": f"concat_ws('-', {_ID_PARTS})",
}
"""What every event has, in words that all engines have: as its column of the feed has it."""


class ValueSql(NamedTuple):
    """A column's value of one event: the value, whether it is in doubt, whether the column looks at the event."""

    value: str
    doubt: str
    looks: str


class Read:
    """Compiles values, and remembers the JSON that they read, so that it is read once.

    An expression that stands in another one is computed as often as it stands there, and may name every type.

    Args:
        dialect: the engine's words.
        layout: of the table.
        types: the types of the events.
    """

    def __init__(self, dialect: Dialect, layout: Layout, types: Collection[str]) -> None:
        self._dialect = dialect
        self._types = sorted(types)
        self.known = paths(layout, self._types)
        """Every path that is read from data -> its number, from 1."""
        self._numbers: dict[str, int] = {}

    def among(self, names: Collection[str]) -> str:
        """An expression of whether an event is of one of these types."""
        here = {name for name in names if name in self._types}
        if len(here) in {0, len(self._types)}:
            return "TRUE" if here else "FALSE"
        return self._dialect.among(here, self._types)

    @property
    def found(self) -> str:
        """The JSON values, for a list of columns."""
        return "".join(f", {json} AS j{n}" for json, n in self._numbers.items())

    @property
    def told(self) -> str:
        """Their texts."""
        return "".join(f", {self._dialect.text_of(f'j{n}')} AS t{n}" for n in self._numbers.values())

    def value(self, column: Column) -> ValueSql:
        """The value of a column."""
        kind = self._dialect.sql_type(column.type)
        sources = {name: found for name in self._types if (found := source(column, name)) is not None}
        if not sources:
            return ValueSql(f"CAST(NULL AS {kind})", "", "FALSE")
        looks = self.among(sources)
        fields = {name: value for name, value in sources.items() if isinstance(value, Field)}
        constants = {name: value for name, value in sources.items() if isinstance(value, Const)}
        if fields:
            return self._field(column.type, fields, constants, looks)
        first = next(iter(sources.values()))
        if isinstance(first, Envelope):
            return self._envelope(first, column.type, looks)
        return ValueSql(f"CAST({self._constant(constants, column.type)} AS {kind})", "", looks)

    def _field(
        self, kind: ColumnType, fields: dict[str, Field], constants: dict[str, Const], looks: str
    ) -> ValueSql:
        found = {name: self._json(field) for name, field in fields.items()}
        of_all = len(set(found.values())) == 1 and looks == "TRUE"
        json = next(iter(found.values())) if of_all else self._case(found)
        n = self._numbers.setdefault(json, len(self._numbers))
        converted = self._dialect.convert(kind, f"t{n}", f"j{n}", "data")
        if not constants:
            return ValueSql(converted.value, converted.doubt, looks)
        constant = self._constant(constants, kind)
        chosen = f"CASE WHEN {self.among(constants)} THEN {constant} ELSE {converted.value} END"
        return ValueSql(f"CAST({chosen} AS {self._dialect.sql_type(kind)})", converted.doubt, looks)

    def _json(self, field: Field) -> str:
        """What is missing at a path is null here, and a null that stands there is not."""
        found = self._dialect.json_at(field.path, self.known)
        if field.flat is None:
            return found
        return f"coalesce({found}, {self._dialect.json_at(field.flat, self.known)})"

    def _envelope(self, envelope: Envelope, kind: ColumnType, looks: str) -> ValueSql:
        if envelope.name in METADATA_KEYS:
            json = self._dialect.metadata_at(METADATA_KEYS[envelope.name])
            text = f"({self._dialect.text_of(json)})"
            found = self._dialect.convert(kind, text, json, "metadata")
        else:
            plain = _ENVELOPE[envelope.name]
            if envelope.type == kind:
                return ValueSql(_only(looks, self._dialect.cell(kind, plain)), "", looks)
            text = f"CAST({plain} AS {self._dialect.sql_type(STRING)})"
            found = self._dialect.convert(kind, text, None, "data")
        return ValueSql(_only(looks, found.value), _only(looks, found.doubt, "FALSE"), looks)

    def _constant(self, constants: dict[str, Const], kind: ColumnType) -> str:
        as_type = self._dialect.sql_type(kind)
        return self._case(
            {
                name: f"CAST({self._dialect.literal(constant.value)} AS {as_type})"
                for name, constant in constants.items()
            }
        )

    def _case(self, per_type: dict[str, str]) -> str:
        names: dict[str, list[str]] = {}
        for name, sql in per_type.items():
            names.setdefault(sql, []).append(name)
        cases = (f"WHEN {self.among(some)} THEN {sql}" for sql, some in names.items())
        return f"CASE {' '.join(cases)} END"


def paths(layout: Layout, types: Collection[str]) -> dict[Path, int]:
    """Every path that is read from data -> its number, from 1."""
    found: dict[Path, int] = {}
    columns = [layout.spec.key, *layout.spec.columns.values()]
    for column in columns:
        for name in sorted(types):
            value = source(column, name) if column.values else None
            if isinstance(value, Field):
                for path in (value.path, value.flat):
                    if path is not None:
                        found.setdefault(path, len(found) + 1)
    return found


def _only(looks: str, value: str, otherwise: str = "NULL") -> str:
    if looks == "TRUE" or not value:
        return value
    return f"CASE WHEN {looks} THEN {value} ELSE {otherwise} END"
