"""T-SQL read back by a reader of its grammar and said again for DuckDB, so that it can be run."""

from typing import Any

from sqlglot import exp, parse_one


def read_back(sql: str) -> str:
    """The same question in DuckDB's SQL; what T-SQL judges in its own way is lost: see the page about Synapse."""
    found: str = parse_one(sql, read="tsql").transform(_collated).transform(_changed).sql(dialect="duckdb")
    return found


def _collated(node: exp.Expression) -> Any:
    return node.this if isinstance(node, exp.Collate) else node


def _changed(node: exp.Expression) -> Any:
    if isinstance(node, exp.DataType) and node.this == exp.DataType.Type.BIT:
        return exp.DataType.build("boolean")  # DuckDB's BIT is a string of bits
    if isinstance(node, exp.Add) and node.expression.is_string:
        return exp.DPipe(this=node.this, expression=node.expression)
    if isinstance(node, exp.Anonymous):
        args = node.expressions
        match node.name.upper():
            case "DATALENGTH":
                return exp.func("strlen", *args)
            case "DATEDIFF_BIG":
                return exp.Paren(
                    this=exp.Sub(this=exp.func("epoch_us", args[2]), expression=exp.func("epoch_us", args[1]))
                )
            case "COUNT_BIG":
                return exp.Count(this=args[0])
    return node
