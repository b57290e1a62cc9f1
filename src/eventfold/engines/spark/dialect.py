"""The words of Spark 4."""

from collections.abc import Collection, Mapping

from eventfold.engines.compiling.dialect import Converted, Path
from eventfold.engines.spark.texts import convert, literal, sql_type
from eventfold.readmodels.declaring.columns import Column
from eventfold.readmodels.declaring.types import ColumnType

SLACK = 1.0001
"""A sum of doubles is off by less than this factor."""
UNSURE = "_unsure"
"""A column of the events: SQL is not to read this one."""


class Spark:
    """The words of Spark.

    Args:
        source: the view of the events of a batch.
    """

    def __init__(self, source: str) -> None:
        self.source = source

    def unsure(self, known: Mapping[Path, int]) -> str:
        """As `Dialect.unsure`: also what is no JSON to Spark, and a path that it has no way to write."""
        if not all(_is_readable(path) for path in known):
            return "TRUE"
        return f"{UNSURE} OR x IS NULL" if known else UNSURE

    def name(self, name: str) -> str:
        """As `Dialect.name`."""
        return f"`{name}`"

    def literal(self, value: object) -> str:
        """As `Dialect.literal`."""
        return literal(value)

    def sql_type(self, kind: ColumnType) -> str:
        """As `Dialect.sql_type`."""
        return sql_type(kind)

    def among(self, names: Collection[str], types: Collection[str]) -> str:  # noqa: ARG002 - by name
        """As `Dialect.among`."""
        return f"type IN ({', '.join(literal(name) for name in sorted(names))})"

    def opened(self, known: Mapping[Path, int]) -> str:  # noqa: ARG002 - the whole document
        """As `Dialect.opened`: as a variant, which is parsed once."""
        return "try_parse_json(data)"

    def json_at(self, path: Path, known: Mapping[Path, int]) -> str:  # noqa: ARG002 - by path
        """As `Dialect.json_at`."""
        return (
            f"try_variant_get(x, {literal(_json_path(path))})"
            if _is_readable(path)
            else "CAST(NULL AS VARIANT)"
        )

    def metadata_at(self, key: str) -> str:
        """As `Dialect.metadata_at`."""
        return f"try_variant_get(try_parse_json(metadata), {literal(_json_path((key,)))})"

    def text_of(self, json: str) -> str:
        """As `Dialect.text_of`."""
        return f"CAST({json} AS STRING)"

    def convert(self, kind: ColumnType, text: str, json: str | None, raw: str) -> Converted:
        """As `Dialect.convert`."""
        return convert(kind, text, json, raw)

    def cell(self, kind: ColumnType, plain: str) -> str:
        """As `Dialect.cell`."""
        return f"timestamp_micros({plain})" if kind.kind == "timestamp" else plain

    def total(self, value: str, mask: str, kind: ColumnType) -> str:
        """As `Dialect.total`; `sum` would raise where it leaves its type."""
        return f"TRY_CAST(coalesce(try_sum({value}) FILTER (WHERE {mask}), 0) AS {sql_type(kind)})"

    def magnitude(self, value: str, kind: ColumnType) -> str:  # noqa: ARG002 - a double holds all
        """As `Dialect.magnitude`: the largest as often as there are some, which costs less than a wide sum."""
        return f"coalesce(CAST(max(abs({value})) AS DOUBLE) * count({value}) * {SLACK}, 0)"

    def picked(self, column: Column, value: str, order: str, mask: str) -> str:
        """As `Dialect.picked`; the mask leaves nulls out, unless they count."""
        pick = "min_by" if column.reducer == "first" else "max_by"
        return f"{pick}({value}, {order}) FILTER (WHERE {mask})"

    def collected(self, column: Column, value: str, mask: str) -> tuple[str, str]:
        """As `Dialect.collected`."""
        pairs = f"array_sort(collect_list(named_struct('o', _ord, 'v', {value})) FILTER (WHERE {mask}))"
        kept = self.kept(column, pairs)
        return f"transform({kept}, p -> p.v)", f"transform({kept}, p -> p.o)"

    def kept(self, column: Column, pairs: str) -> str:
        """The part of a sorted list that a collect keeps; a slice from the end of a shorter list would be empty."""
        if column.keep == "first":
            return f"slice({pairs}, 1, {column.limit})"
        return f"slice({pairs}, greatest(size({pairs}) - {column.limit - 1}, 1), {column.limit})"


def _json_path(path: Path) -> str:
    return "$" + "".join(_step(key) for key in path)


def _is_readable(path: Path) -> bool:
    """Whether Spark has a way to write a path: it knows no escapes in the names of one."""
    return all("'" not in key or '"' not in key for key in path)


def _step(key: str) -> str:
    return f"['{key}']" if '"' in key else f'["{key}"]'
