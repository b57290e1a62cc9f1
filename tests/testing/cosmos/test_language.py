"""The query language over single documents: three-valued logic, types, functions, texts."""

from typing import Any

import pytest

from eventfold.testing.cosmos.sql.parser import parse
from eventfold.testing.cosmos.sql.planning import planned
from eventfold.testing.cosmos.sql.running import rows
from eventfold.testing.cosmos.sql.tree import NotUnderstood

DOCUMENT = {
    "id": "1",
    "n": 5,
    "f": 2.5,
    "t": "Text",
    "yes": True,
    "nothing": None,
    "list": [1, "a", {"k": 1, "l": 2}],
    "deep": {"a b": {"c": 1}},
    "order": 3,
}


def values(query: str, parameters: dict[str, Any] | None = None) -> list[Any]:
    return [row for _, row in rows(parse(query), parameters or {}, [(1, DOCUMENT)])]


@pytest.mark.parametrize(
    "condition",
    [
        "c.n = 5 AND c.f = 2.5",
        "c.n = 5.0",
        "c.yes",
        "c.yes = true AND NOT (c.yes = 1)",
        "c.nothing = null AND IS_NULL(c.nothing) AND IS_DEFINED(c.nothing)",
        "NOT IS_DEFINED(c.missing)",
        "c.missing = 1 OR c.n = 5",
        "c.t != 'text' AND c.n != '5'",
        "c.t > 'Tex' AND c.t < 'Texu'",
        "c.n IN (1, '5', 5) AND c.n NOT IN (1, 2)",
        "c.n BETWEEN 5 AND 6 AND NOT (c.n NOT BETWEEN 4 AND 6)",
        "STARTSWITH(c.t, 'Te') AND ENDSWITH(c.t, 'xt') AND CONTAINS(c.t, 'EX', true)",
        "ARRAY_CONTAINS(c.list, 'a') AND ARRAY_CONTAINS(c.list, {'k': 1}, true)",
        "NOT ARRAY_CONTAINS(c.list, {'k': 1})",
        "c.list[0] = 1 AND c.list[2].k = 1 AND c['deep']['a b'].c = 1",
        "c.n + 1 = 6 AND c.n * 2 - 1 = 9 AND c.n % 3 = 2 AND c.n / 2 = c.f AND -c.n = 0 - 5",
        "c.t LIKE 'T_xt' AND c.t LIKE '%x%' AND c.t NOT LIKE 'x%'",
        "c.t || '!' = 'Text!' AND LENGTH(c.t) = 4 AND UPPER(c.t) = 'TEXT'",
        "c['order'] = 3 AND c.order = 3",
        "c.list = [1, 'a', {'l': 2, 'k': 1}]",
        "c.t = \"Text\" AND 'it\\'s' = \"it's\"",
        "c.n = @n",
    ],
)
def test_these_hold(condition: str) -> None:
    assert len(values(f"SELECT * FROM c WHERE {condition}", {"@n": 5})) == 1


@pytest.mark.parametrize(
    "condition",
    [
        "c.missing = 1",
        "NOT (c.missing = 1)",
        "c.missing != 1",
        "c.missing = null",
        "c.n = '5'",
        "c.yes = 1",
        "c.t > 1",
        "c.n AND true",
        "c.n > 'a' OR c.missing",
        "c.list[7] = 1",
        "c.n / 0 = 1",
        "c.missing IN (1, 2)",
        "NOT (c.missing IN (1, 2))",
    ],
)
def test_these_do_not(condition: str) -> None:
    assert values(f"SELECT * FROM c WHERE {condition}") == []


def test_what_is_selected_has_names_and_leaves_out_what_is_missing() -> None:
    assert values("SELECT c.n, c.missing, c.f AS g, c.n + 1 FROM c") == [{"n": 5, "g": 2.5, "$4": 6}]
    assert values("SELECT VALUE c.missing FROM c") == []
    assert values("SELECT VALUE {'a': c.n, 'b': c.missing, c: [c.f]} FROM c") == [{"a": 5, "c": [2.5]}]
    assert values("select r from root r where r.n = 5") == [{"r": DOCUMENT}]


@pytest.mark.parametrize(
    "text", ["SELECT * FROM c WHERE", "SELECT * FROM c WHERE c.n = 'a", "SELECT # FROM c", ""]
)
def test_what_is_no_query_is_refused(text: str) -> None:
    with pytest.raises(NotUnderstood):
        parse(text)


def test_a_plan_asks_each_partition_for_what_can_be_put_together() -> None:
    plan = planned(parse("SELECT TOP 3 c.n AS m FROM c WHERE c.a = 1 OR c.b = 2 ORDER BY c.n DESC"), {})[
        "queryInfo"
    ]
    assert (plan["top"], plan["orderBy"], plan["hasSelectValue"]) == (3, ["Descending"], False)
    assert plan["rewrittenQuery"] == (
        'SELECT c._rid, [{"item": c.n}] AS orderByItems, {"m": c.n} AS payload FROM c '
        "WHERE (c.a = 1 OR c.b = 2) AND ({documentdb-formattableorderbyquery-filter}) ORDER BY c.n DESC"
    )
    parse(plan["rewrittenQuery"].replace("{documentdb-formattableorderbyquery-filter}", "true"))
