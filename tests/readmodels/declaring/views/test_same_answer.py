"""A view gives the same rows in Python, in DuckDB and in T-SQL read back, types included."""

from typing import Any

import duckdb
import pytest
from hypothesis import given, settings

from eventfold.readmodels.declaring.views.evaluating import evaluate
from eventfold.readmodels.declaring.views.spec import ViewSpec
from eventfold.readmodels.folding.arrowform import arrow_type
from tests.laws import examples
from tests.readmodels.declaring.views.generated import ROWS, arrow, views
from tests.readmodels.declaring.views.readback import read_back


def in_duckdb(view: ViewSpec, rows: list[dict[str, Any]], sql: str, *, typed: bool) -> list[dict[str, Any]]:
    with duckdb.connect(":memory:") as db:
        db.execute("SET TimeZone = 'UTC'")
        db.register("rows", arrow(rows))
        found = db.sql(sql).to_arrow_table()
    if typed:
        assert found.schema.types == [arrow_type(tree.type) for tree in view.columns.values()]
    answer: list[dict[str, Any]] = found.to_pylist()
    return answer


def in_order(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(
        repr([(name, str(value), type(value).__name__) for name, value in row.items()]) for row in rows
    )


@pytest.mark.more_at_night
@settings(max_examples=examples(100, nightly=3000), deadline=None)
@given(view=views(), rows=ROWS)
def test_python_duckdb_and_tsql_answer_alike(view: ViewSpec | None, rows: list[dict[str, Any]]) -> None:
    if view is None:
        return
    meant = in_order(evaluate(view, rows))
    assert in_order(in_duckdb(view, rows, view.select("duckdb"), typed=True)) == meant
    assert in_order(in_duckdb(view, rows, read_back(view.select("tsql")), typed=False)) == meant
