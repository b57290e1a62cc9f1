"""What reading T-SQL back cannot show, since DuckDB judges it in another way: each line of the page, with its guard.

The name of each test is that of its line. What T-SQL does is from its documentation: no server of it was at hand.
"""

import inspect
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eventfold as ef
from eventfold.readmodels.declaring.types import ColumnType, column_type
from eventfold.readmodels.declaring.views.checking import checked
from eventfold.readmodels.declaring.views.dialects import tsql
from eventfold.readmodels.declaring.views.language import Value, node
from eventfold.readmodels.declaring.views.spec import ViewSpec, view
from eventfold.readmodels.declaring.views.tree import Node
from eventfold.readmodels.synapse.sqltypes import columns_of
from tests.laws import examples
from tests.readmodels.declaring.views.generated import COLUMNS, views
from tests.readmodels.synapse.shop import Goods, Names

PAGE = Path(__file__).parents[3] / "docs" / "synapse.md"
row = ef.row
LITERAL = re.compile(r"N'(?:[^']|'')*'")


def said(where: Value | None = None, **shown: object) -> str:
    """A view in T-SQL."""
    return view(where=where, **shown).bind("v", "rows", COLUMNS).select("tsql")


def every(found: Node) -> Iterator[Node]:
    yield found
    for arg in found.args:
        yield from every(arg)


def nodes(spec: ViewSpec) -> list[Node]:
    trees = [*spec.columns.values(), *([spec.where] if spec.where else [])]
    return [one for tree in trees for one in every(tree)]


def test_blanks_at_the_end_of_a_text() -> None:
    sql = said(s=row.s, n=ef.count(), names=row.s.distinct(), where=(row.s == row.r) | (row.s != "a"))
    assert sql.count("DATALENGTH(") == 5
    assert "GROUP BY [s], DATALENGTH([s])" in sql
    assert "COUNT_BIG(DISTINCT [s] + '|')" in sql


def test_capitals_accents_and_the_order_of_letters() -> None:
    texts = [
        one for table in (Goods, Names) for one in columns_of(table.spec) if one.type.startswith("VARCHAR")
    ]
    assert texts
    assert all(one.type.endswith(f"COLLATE {tsql.COLLATION}") for one in texts)
    sql = said(s=row.s.otherwise("é"), where=row.s == "É")
    assert len(LITERAL.findall(sql)) == sql.count(f"' COLLATE {tsql.COLLATION}")


def test_len_leaves_blanks_out() -> None:
    assert not re.search(r"\bLEN\(", " ".join(tsql.WORDS.values()))


def test_a_text_of_two_bytes_a_character() -> None:
    assert "CAST(N'é' COLLATE Latin1_General_100_BIN2_UTF8 AS VARCHAR(2))" in said(
        s=row.s, where=row.s == "é"
    )


def test_a_text_that_is_longer_than_its_type() -> None:
    assert "VARCHAR(4000)" in tsql.TEXT  # twice as many bytes hold it and the mark behind it


def test_whole_numbers_divide_to_whole_numbers() -> None:
    assert not hasattr(Value, "__truediv__")
    assert not hasattr(Value, "__floordiv__")
    assert not any("/" in word for word in tsql.WORDS.values())


@pytest.mark.more_at_night
@settings(max_examples=examples(50, nightly=2000), deadline=None)
@given(spec=views())
def test_a_cast_cuts_digits_off(spec: ViewSpec | None) -> None:
    for one in nodes(spec) if spec else []:
        if one.op == "convert":
            (arg,) = one.args
            had = arg.type if arg.type.kind == "decimal" else ColumnType("decimal", 19, 0)
            assert one.type.scale >= had.scale
            assert one.type.precision - one.type.scale >= had.precision - had.scale


DECIMALS = st.tuples(st.integers(1, 38), st.integers(0, 38)).filter(lambda t: t[1] <= t[0])


@given(left=DECIMALS, right=DECIMALS, op=st.sampled_from(["add", "subtract", "multiply"]))
def test_a_result_of_more_than_38_digits_loses_some(
    left: tuple[int, int], right: tuple[int, int], op: str
) -> None:
    columns = {
        "x": column_type("decimal({},{})".format(*left)),
        "y": column_type("decimal({},{})".format(*right)),
    }
    found = node(getattr(row.x, f"__{op[:3]}__")(row.y))
    (p1, s1), (p2, s2) = left, right
    whole = max(p1 - s1, p2 - s2) + 1
    precision, scale = (p1 + p2 + 1, s1 + s2) if op == "multiply" else (whole + max(s1, s2), max(s1, s2))
    try:
        kind = checked(found, columns).type
    except ef.EventfoldError:
        assert precision > 38
    else:
        assert (kind.precision, kind.scale) == (precision, scale)


def test_sums_and_counts_overflow() -> None:
    sql = said(n=row.n.sum(), a=row.a.sum(), rows=ef.count(), known=row.n.count(), different=row.n.distinct())
    assert "CAST(SUM(CAST([n] AS DECIMAL(38,0))) AS BIGINT)" in sql
    assert "SUM(CAST([a] AS DECIMAL(38,2)))" in sql
    assert not re.search(r"\bCOUNT\(", sql)
    assert sql.count("COUNT_BIG(") == 3


def test_datediff_counts_borders_and_overflows() -> None:
    sql = said(took=row.t.seconds_since(row.u), days=row.t.days_since(row.u))
    assert "DATEDIFF_BIG(MICROSECOND, [u], [t])" in sql
    assert "DATEDIFF(DAY, CAST([u] AS DATE), CAST([t] AS DATE))" in sql
    units = re.findall(r"DATEDIFF(?:_BIG)?\((\w+)", " ".join(tsql.WORDS.values()))
    assert units == ["MICROSECOND", "DAY"]


def test_times_have_six_digits() -> None:
    assert tsql.sql_type(column_type("timestamp")) == "DATETIME2(6)"
    at = datetime(2026, 3, 31, 12, 0, 0, 1, UTC)
    assert "CAST('2026-03-31T12:00:00.000001' AS DATETIME2(6))" in said(t=row.t, where=row.t == at)


def test_times_have_no_zone() -> None:
    paris = datetime(2026, 3, 31, 12, tzinfo=timezone(timedelta(hours=2)))
    assert "CAST('2026-03-31T10:00:00.000000' AS DATETIME2(6))" in said(t=row.t, where=row.t >= paris)


def test_parts_of_a_time_are_small_numbers() -> None:
    sql = said(y=row.t.year(), h=row.t.hour(), d=row.t.days_since(row.d))
    assert sql.count("AS BIGINT)") == 3


def test_a_condition_is_no_value() -> None:
    assert "([p] = CAST(1 AS BIT))" in said(n=row.n, where=row.p)
    assert "COUNT_BIG(CASE WHEN ([n] = [m]) THEN" in said(n=(row.n == row.m).count())


def test_every_line_of_the_page_has_its_test() -> None:
    page = PAGE.read_text("utf-8").partition("<!-- guards -->")[2].partition("<!-- guards end -->")[0]
    first = [line.split(" | ")[0] for line in page.splitlines() if line.startswith("| ")][2:]
    lines = [re.sub(r"\W+", "_", words.strip("| ").lower()) for words in first]
    mine: list[tuple[str, Any]] = inspect.getmembers(sys.modules[__name__], inspect.isfunction)
    tests = {name.removeprefix("test_") for name, _ in mine if name.startswith("test_")}
    assert sorted(lines) == sorted(tests - {"every_line_of_the_page_has_its_test"})
