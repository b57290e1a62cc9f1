"""Every statement passes the grammar of T-SQL, or stands in a counted list with its reason."""

import pytest

from eventfold.readmodels.synapse.linting import BEYOND, Verdict, lint
from eventfold.readmodels.synapse.script import FORMS, Batch, Script
from eventfold.readmodels.synapse.serverless import Place, Shown, scripts
from examples.orders.tables import Orders
from tests.readmodels.synapse.shop import Goods, Names

OF_A_POOL = {"pool_table", "staging", "copy", "upsert", "staging_end"}
"""What `test_dedicated` looks at."""


def verdicts() -> list[Verdict]:
    tables = [Shown(table.spec, table.spec.name) for table in (Orders, Goods, Names)]
    place = Place("it's a shop", "reader")
    given = Place("shop", "reader", "https://lake.dfs.core.windows.net/lake")
    return [*lint(scripts(place, tables)), *lint(scripts(given, tables))]


@pytest.mark.slow
def test_every_statement_passes_or_stands_for_a_reason() -> None:
    found = verdicts()
    assert [one for one in found if one.wrong] == []
    assert {one.form for one in found if not one.passes} == {"grant_credential"}
    assert {one.form for one in found} | OF_A_POOL == FORMS.keys()
    assert all(one.reason == BEYOND[one.form] for one in found if one.beyond)


def test_the_list_of_what_the_grammar_does_not_have_is_short() -> None:
    assert BEYOND.keys() == {"grant_credential", "copy"}


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE OR ALTER VIW [dbo].[x] AS SELECT 1 AS [n];",
        "GRANT SELECT ON OBJECT::[dbo].[x] [reader];",
        "SELECT [a] FROM OPENROWSET(BULK N'x', FORMAT = N'DELTA' AS [rows];",
        "SELECT [a].[n] FROM [dbo].[b];",
    ],
)
def test_a_statement_that_is_none_is_seen(sql: str) -> None:
    (found,) = lint([Script("x.sql", (), (Batch("view", sql),))])
    assert found.wrong
    assert found.reason
