"""The words of DuckDB."""

from collections.abc import Collection, Mapping

from eventfold.engines.compiling.dialect import Converted, Path
from eventfold.engines.duckdb.texts import convert, literal, sql_type, text_of
from eventfold.readmodels.declaring.columns import Column
from eventfold.readmodels.declaring.types import ColumnType

FEW = 4
"""Types that an expression names one by one."""


class Duckdb:
    """The words of DuckDB; `kind` is the number of a type among those of the chunk, sorted."""

    source = "chosen"

    def unsure(self, known: Mapping[Path, int]) -> str:  # noqa: ARG002 - the engine looks at whole chunks
        """As `Dialect.unsure`."""
        return ""

    def name(self, name: str) -> str:
        """As `Dialect.name`."""
        return f'"{name}"'

    def literal(self, value: object) -> str:
        """As `Dialect.literal`."""
        return literal(value)

    def sql_type(self, kind: ColumnType) -> str:
        """As `Dialect.sql_type`."""
        return sql_type(kind)

    def among(self, names: Collection[str], types: Collection[str]) -> str:
        """As `Dialect.among`."""
        kinds = [n for n, name in enumerate(sorted(types), 1) if name in names]
        if len(kinds) <= FEW:
            return f"kind IN ({', '.join(map(str, kinds))})"
        # DuckDB makes a join of a long IN, which holds memory for each of them
        return f"[{', '.join('TRUE' if name in names else 'FALSE' for name in sorted(types))}][kind]"

    def opened(self, known: Mapping[Path, int]) -> str:
        """As `Dialect.opened`: the JSON at each path; a list costs more, so that a single one stands by itself."""
        array = [literal(_json_path(path)) for path in known]
        if len(array) == 1:
            return f"CAST(json_extract(data, {array[0]}) AS VARCHAR)"
        return f"CAST(json_extract(data, [{', '.join(array)}]) AS VARCHAR[])"

    def json_at(self, path: Path, known: Mapping[Path, int]) -> str:
        """As `Dialect.json_at`."""
        return "x" if len(known) == 1 else f"x[{known[path]}]"

    def metadata_at(self, key: str) -> str:
        """As `Dialect.metadata_at`."""
        return f"CAST(json_extract(metadata, {literal(_json_path((key,)))}) AS VARCHAR)"

    def text_of(self, json: str) -> str:
        """As `Dialect.text_of`."""
        return text_of(json)

    def convert(self, kind: ColumnType, text: str, json: str | None, raw: str) -> Converted:
        """As `Dialect.convert`."""
        return convert(kind, text, json, raw)

    def cell(self, kind: ColumnType, plain: str) -> str:  # noqa: ARG002 - times stay whole numbers here
        """As `Dialect.cell`."""
        return plain

    def total(self, value: str, mask: str, kind: ColumnType) -> str:
        """As `Dialect.total`."""
        return f"TRY_CAST(coalesce(sum({value}) FILTER (WHERE {mask}), 0) AS {sql_type(kind)})"

    def magnitude(self, value: str, kind: ColumnType) -> str:
        """As `Dialect.magnitude`."""
        return f"coalesce(sum(abs({value}::DECIMAL(38,{kind.scale}))), 0)"

    def picked(self, column: Column, value: str, order: str, mask: str) -> str:
        """As `Dialect.picked`; arg_min and arg_max pass over nulls: where a null counts, it is wrapped."""
        pick = "arg_min" if column.reducer == "first" else "arg_max"
        if column.nulls:
            return f"({pick}({{'v': {value}}}, {order}) FILTER (WHERE {mask})).v"
        return f"{pick}({value}, {order}) FILTER (WHERE {mask})"

    def collected(self, column: Column, value: str, mask: str) -> tuple[str, str]:
        """As `Dialect.collected`."""
        lists = (
            f"coalesce((list({what} ORDER BY _ord) FILTER (WHERE {mask})){self.kept(column)}, [])"
            for what in (value, "_ord")
        )
        items, orders = lists
        return items, orders

    def kept(self, column: Column) -> str:
        """The part of a sorted list that a collect keeps."""
        return f"[1:{column.limit}]" if column.keep == "first" else f"[-{column.limit}:]"


def _json_path(path: Path) -> str:
    return "$" + "".join(f'."{key}"' for key in path)
