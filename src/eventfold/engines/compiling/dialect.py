"""What one engine's SQL must say in its own words; read `duckdb/dialect.py` and `spark/dialect.py` side by side."""

from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol

from eventfold.readmodels.declaring.columns import Column
from eventfold.readmodels.declaring.types import ColumnType

Path = tuple[str, ...]


class Converted(NamedTuple):
    """The value and the doubt, both SQL expressions; without a doubt the value is always certain."""

    value: str
    doubt: str


class Dialect(Protocol):
    """The words of one engine.

    Events come as rows of `source` with the columns of `arrowform.EVENT_COLUMNS`. Expressions may name those.
    """

    @property
    def source(self) -> str:
        """What the events of a chunk are called."""

    def unsure(self, known: Mapping[Path, int]) -> str:
        """Whether an event must be looked at by the reference fold whatever its values are; empty = never.

        Args:
            known: as for `opened`; where it is empty, there is no `x`.
        """

    def name(self, name: str) -> str:
        """A name from the table definition, quoted."""

    def literal(self, value: object) -> str:
        """A constant of the table definition."""

    def sql_type(self, kind: ColumnType) -> str:
        """The type of a column's values inside the engine."""

    def among(self, names: Collection[str], types: Collection[str]) -> str:
        """Whether an event is of one of the named types; `types` are all that can occur."""

    def opened(self, known: Mapping[Path, int]) -> str:
        """The data of an event, made ready once for all that is read from it; it is called `x` then.

        Args:
            known: every path that is read -> its number, from 1.
        """

    def json_at(self, path: Path, known: Mapping[Path, int]) -> str:
        """The JSON value at a path in `x`: NULL where there is none, and not NULL where a null stands there."""

    def metadata_at(self, key: str) -> str:
        """As `json_at`, in the metadata."""

    def text_of(self, json: str) -> str:
        """The text of a JSON value; NULL where it is null."""

    def convert(self, kind: ColumnType, text: str, json: str | None, raw: str) -> Converted:
        """A text as a value, certain only where the reference fold gives the same.

        Args:
            kind: the wanted type.
            text: the expression of the text.
            json: of the JSON value that it is the text of; None = it is no JSON.
            raw: of the document that this stands in.
        """

    def cell(self, kind: ColumnType, plain: str) -> str:
        """A value that every event has, as the engine keeps it in a column.

        Args:
            kind: its type.
            plain: it as its column of the feed has it, where times are whole numbers.
        """

    def total(self, value: str, mask: str, kind: ColumnType) -> str:
        """The sum of the values whose mask is true, 0 without any.

        One that does not fit may be anything: it is never used, since `magnitude` tells.
        """

    def magnitude(self, value: str, kind: ColumnType) -> str:
        """At least the absolute values together: an aggregate, 0 without any."""

    def picked(self, column: Column, value: str, order: str, mask: str) -> str:
        """The value of the first or last order among those whose mask is true."""

    def collected(self, column: Column, value: str, mask: str) -> tuple[str, str]:
        """Lists of the values whose mask is true in their order `_ord`, and of the orders; as many as are kept."""
