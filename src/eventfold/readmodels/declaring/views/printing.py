"""One tree becomes the SELECT of a SQL: the words come from `dialects`, names from definitions, nothing from events."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from eventfold.readmodels.declaring.types import ColumnType
from eventfold.readmodels.declaring.views.dialects import duckdb, spark, tsql
from eventfold.readmodels.declaring.views.tree import AGGREGATES, Node


class Speaker(Protocol):
    """The words of one SQL.

    `WORDS` has a form for every operation, under its name, or under its name and the kind of its first operand, as
    `equal:string`; {0} and {1} are the operands, {type} is the type of the result.
    """

    @property
    def WORDS(self) -> Mapping[str, str]:  # noqa: N802 - a constant of a module
        """The form of each operation."""

    def name(self, name: str) -> str:
        """A name from a definition, quoted."""

    def literal(self, value: object, kind: ColumnType) -> str:
        """A constant of a definition, of exactly this type."""

    def sql_type(self, kind: ColumnType) -> str:
        """A type by its name there."""


class _Shown(NamedTuple):
    name: str
    sql: str
    kind: ColumnType
    is_aggregate: bool


SPEAKERS: Mapping[str, Speaker] = {"duckdb": duckdb, "spark": spark, "tsql": tsql}


def printed(
    columns: Mapping[str, Node],
    where: Node | None,
    speaker: Speaker,
    source: str | None,
    table: str,
    *,
    grouped: bool,
) -> str:
    """The SELECT over a source, by default the table by its name."""
    shown = [
        _Shown(speaker.name(name), _say(tree, speaker), tree.type, tree.op in AGGREGATES)
        for name, tree in columns.items()
    ]
    listed = ", ".join(f"{one.sql} AS {one.name}" for one in shown)
    parts = [f"SELECT {listed}", f"FROM {source or speaker.name(table)}"]
    if where is not None:
        parts.append(f"WHERE {_say(where, speaker)}")
    if grouped and (keys := [_key(one, speaker) for one in shown if not one.is_aggregate]):
        parts.append(f"GROUP BY {', '.join(keys)}")
    return "\n".join(parts)


def _key(one: _Shown, speaker: Speaker) -> str:
    return speaker.WORDS.get(f"group:{one.kind.kind}", "{0}").format(one.sql)


def _say(tree: Node, speaker: Speaker) -> str:
    if tree.op == "column":
        return speaker.name(str(tree.value))
    if tree.op == "literal":
        return speaker.literal(tree.value, tree.type)
    first = tree.args[0].type.kind if tree.args else ""
    words = speaker.WORDS.get(f"{tree.op}:{first}") or speaker.WORDS[tree.op]
    return words.format(*(_say(arg, speaker) for arg in tree.args), type=speaker.sql_type(tree.type))
