"""What a printed view says, read back and asked of the Delta table that eventfold wrote, is what it means in Python."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from eventfold.readmodels.declaring.views.evaluating import evaluate
from eventfold.readmodels.synapse.script import Batch
from eventfold.readmodels.synapse.serverless import Place, Shown, scripts
from tests.readmodels.declaring.views.readback import read_back
from tests.readmodels.declaring.views.test_same_answer import in_order
from tests.readmodels.synapse.shop import Goods, Names, shop

TYPES = {
    "VARCHAR(4000) COLLATE Latin1_General_100_BIN2_UTF8": pa.string(),
    "VARCHAR(MAX) COLLATE Latin1_General_100_BIN2_UTF8": pa.list_(pa.string()),
    "BIGINT": pa.int64(),
    "DECIMAL(18,2)": pa.decimal128(18, 2),
    "BIT": pa.bool_(),
    "DATETIME2(6)": pa.timestamp("us", "UTC"),
    "DATE": pa.date32(),
    "FLOAT(53)": pa.float64(),
}
"""What the file holds that a column of this type is read from without any conversion."""
FILES = re.compile(r"OPENROWSET\(\n.*?\n\) WITH \(\n(.*?)\n\)", re.DOTALL)
COLUMN = re.compile(r"\s+\[(\w+)\] (.+?),?$", re.MULTILINE)


def views() -> dict[str, Batch]:
    """Each view that is printed, by its name."""
    printed = scripts(
        Place("shop", "reader"), [Shown(table.spec, table.spec.name) for table in (Goods, Names)]
    )
    made = [one for one in printed[1].batches if one.form in {"table_view", "view"}]
    return {re.findall(r"VIEW \[dbo\]\.\[(\w+)\]", one.sql)[0]: one for one in made}


def body(batch: Batch) -> str:
    """The SELECT of a view."""
    return batch.sql.partition(" AS\n")[2].rstrip(";")


class Asked(NamedTuple):
    """DuckDB with each printed view over the files of the lake, and what the tables hold."""

    db: duckdb.DuckDBPyConnection
    rows: dict[str, list[dict[str, Any]]]
    schemas: dict[str, pa.Schema]

    def __call__(self, sql: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.db.sql(sql).to_arrow_table().to_pylist()
        return found


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with shop(tmp_path_factory.mktemp("shop")) as made, duckdb.connect(":memory:") as db:
        db.execute("SET TimeZone = 'UTC'")
        db.execute("CREATE SCHEMA dbo")
        schemas = {}
        for name, batch in views().items():
            sql = body(batch)
            if batch.form == "table_view":
                files = DeltaTable(str(made.lake / name)).to_pyarrow_dataset()
                db.register(f"files_of_{name}", files)
                schemas[name] = files.schema
                sql = FILES.sub(f"[files_of_{name}]", sql)
            db.execute(f"CREATE VIEW dbo.{name} AS {read_back(sql)}")
        yield Asked(db, {name: made.live.table(name).rows() for name in schemas}, schemas)


@pytest.mark.parametrize("name", ["goods", "names"])
def test_a_typed_view_shows_the_rows_of_the_table(asked: Asked, name: str) -> None:
    found = asked(f"SELECT * FROM dbo.{name}")
    shown = [{column: row[column] for column in found[0]} for row in asked.rows[name]]
    assert in_order(found) == in_order(shown)
    assert set(asked.rows[name][0]) - set(found[0]) == {"_version"}


@pytest.mark.parametrize("name", ["goods", "names"])
def test_every_column_is_declared_as_the_file_has_it(asked: Asked, name: str) -> None:
    declared = COLUMN.findall(FILES.findall(views()[name].sql)[0])
    assert declared
    for column, kind in declared:
        in_file = asked.schemas[name].field(column).type
        assert TYPES[kind] == in_file or (pa.types.is_list(in_file) and "MAX" in kind), column


@pytest.mark.parametrize("name", list(Goods.spec.views))
def test_a_view_gives_the_rows_that_it_means(asked: Asked, name: str) -> None:
    meant = evaluate(Goods.spec.views[name], asked.rows["goods"])
    assert len(meant) > 1
    assert in_order(asked(f"SELECT * FROM dbo.{name}")) == in_order(meant)


def test_a_view_that_said_something_else_would_be_seen(asked: Asked) -> None:
    wrong = body(views()["by_name"]).replace("SUM", "MAX")
    assert wrong != body(views()["by_name"])
    meant = evaluate(Goods.spec.views["by_name"], asked.rows["goods"])
    assert in_order(asked(read_back(wrong))) != in_order(meant)


def test_no_view_is_left_out() -> None:
    assert list(views()) == ["goods", "by_name", "monthly", "age", "names"]
