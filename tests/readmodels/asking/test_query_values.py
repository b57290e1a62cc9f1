"""What DuckDB answers arrives in Python as it was, or is refused: every type that DuckDB has."""

import json
from datetime import datetime, time, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from eventfold.doors.cli.showing.output import print_rows
from eventfold.doors.cli.showing.values import interval_iso, interval_text, parts
from eventfold.errors import QueryInvalid
from eventfold.readmodels.asking.query import Result, query

REFUSED = {
    *("date", "time", "timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp_tz"),
    *("timestamp_tz_ns", "date_array", "timestamp_array", "timestamptz_array"),
}
"""Columns of the test that hold infinities, years beyond 9999, nanoseconds or 24:00."""
OURS: dict[str, list[Any]] = {
    "interval": [timedelta(0), pa.MonthDayNano([999, 999, 999_999_999_000]), None],
    "time_tz": ["00:00:00+15:59:59", "24:00:00-15:59:59", None],
    "time_ns": ["00:00:00", "24:00:00", None],
    "uuid": ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", None],
    "map": [[], [("key1", "🦆🦆🦆🦆🦆🦆"), ("key2", "goose")], None],
    "tuple": [{"element1": None, "element2": None}, {"element1": 42, "element2": "🦆🦆🦆🦆🦆🦆"}, None],
    "fixed_int_array": [[None, 2, 3], [4, 5, 6], None],
}
"""What has another form here than in DuckDB's own answers."""


def ask(sql: str) -> Result:
    return query((), sql)


def one(expression: str) -> Any:
    [[value]] = ask(f"SELECT {expression} AS value")
    return value


def judge(sql: str) -> list[Any]:
    """What DuckDB itself answers, without Arrow."""
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        return [value for (value,) in db.sql(sql).fetchall()]


def listed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: listed(item) for key, item in value.items()}
    return [listed(item) for item in value] if isinstance(value, tuple | list) else value


TYPES = [
    name
    for (name,) in duckdb.connect().sql("SELECT column_name FROM (DESCRIBE FROM test_all_types())").fetchall()
]


@pytest.mark.slow
@pytest.mark.parametrize("name", TYPES)
def test_every_type_arrives_as_it_was_or_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    sql = f'SELECT "{name}" AS value FROM test_all_types()'
    if name in REFUSED:
        with pytest.raises(QueryInvalid, match="VARCHAR"):
            ask(sql).rows()
        sql = f'SELECT CAST("{name}" AS VARCHAR) AS value FROM test_all_types()'
        assert [row["value"] for row in ask(sql).rows()] == judge(sql)
        return
    found = ask(sql)
    values = [row["value"] for row in found.rows()]
    if name == "geometry":
        assert values == judge('SELECT CAST("geometry" AS VARCHAR) FROM test_all_types()')
    else:
        wanted = OURS.get(name) or judge(sql)
        wanted = [int(n) if name == "bignum" and n is not None else n for n in wanted]
        assert repr([listed(v) for v in values]) == repr([listed(v) for v in wanted])
    for form in ("table", "csv", "json"):
        print_rows(found.rows(), found.columns, form)
        out = capsys.readouterr().out
        assert len(out.splitlines()) >= (1 if form == "json" else 4)
    assert len(json.loads(out)) == 3


def test_the_types_of_the_test_are_those_that_are_known() -> None:
    assert len(TYPES) >= 59
    assert REFUSED | OURS.keys() <= set(TYPES)


@pytest.mark.parametrize(
    ("expression", "value", "text"),
    [
        ("340282366920938463463374607431768211455::UHUGEINT", 2**128 - 1, str(2**128 - 1)),
        ("(-170141183460469231731687303715884105728)::HUGEINT", -(2**127), str(-(2**127))),
        ("sum(range) FROM range(4)", 6, "6"),
        ("[18446744073709551616::UHUGEINT, NULL]", [2**64, None], "[18446744073709551616,null]"),
        ("{'a b\"c': 2::UHUGEINT, 'd': 1}", {'a b"c': 2, "d": 1}, '{"a b\\"c":2,"d":1}'),
        ("MAP {'a': 2::UHUGEINT}", [("a", 2)], '[["a",2]]'),
        ("'infinity'::DOUBLE", float("inf"), '"Infinity"'),
        ("'12:00:00+05:30'::TIMETZ", "12:00:00+05:30", '"12:00:00+05:30"'),
        ("'10101'::BIT", "10101", '"10101"'),
        ("{'a': 1}::VARIANT", "{'a': 1}", "\"{'a': 1}\""),
        ("'12:00:00.123456789'::TIME_NS", "12:00:00.123456789", '"12:00:00.123456789"'),
        (
            "TIMESTAMP '2024-01-13 09:58:55' - TIMESTAMP '2024-01-01'",
            timedelta(days=12, hours=9, minutes=58, seconds=55),
            '"P12DT9H58M55S"',
        ),
        ("to_hours(3000000)", timedelta(days=125_000), '"P125000D"'),
        ("[INTERVAL '1 month 3 days']", [pa.MonthDayNano([1, 3, 0])], '["P1M3D"]'),
        ("['12:30'::TIME]", [time(12, 30)], '["12:30:00"]'),
        ("['2024-01-01 00:00:00.5'::TIMESTAMP_NS]", [datetime(2024, 1, 1, 0, 0, 0, 500000)], None),  # noqa: DTZ001
        ("'2024-01-01 00:00:00.123456'::TIMESTAMP_NS", datetime(2024, 1, 1, 0, 0, 0, 123456), None),  # noqa: DTZ001
    ],
)
def test_a_value_of_an_expression(
    expression: str, value: object, text: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert one(expression) == value
    assert type(one(expression)) is type(value)
    if text is not None:
        print_rows([{"value": one(expression)}], ["value"], "json")
        assert capsys.readouterr().out == f'[{{"value":{text}}}]\n'


@pytest.mark.parametrize(
    "expression",
    [
        *("'infinity'::TIMESTAMPTZ", "'-infinity'::DATE", "'290000-01-01'::TIMESTAMP", "'24:00'::TIME"),
        *("'5000-01-01 (BC)'::DATE", "'2024-01-01 00:00:00.123456789'::TIMESTAMP_NS", "['infinity'::DATE]"),
        *("'infinity'::TIMESTAMP_NS", "{'a': 'infinity'::TIMESTAMP}", "['24:00'::TIME]"),
        *("['2024-01-01 00:00:00.123456789'::TIMESTAMP_NS]", "{'a': 'infinity'::TIMESTAMP_NS}"),
    ],
)
def test_what_python_has_no_value_for_is_refused_by_name_and_answered_as_text(expression: str) -> None:
    found = ask(f"SELECT {expression} AS value")
    assert len(found) == 1
    with pytest.raises(QueryInvalid, match="'value'") as caught:
        found.rows()
    assert caught.value.facts == {"column": "value"}
    assert isinstance(one(f"CAST({expression} AS VARCHAR)"), str)


@pytest.mark.parametrize(
    ("expression", "text", "iso"),
    [
        ("INTERVAL '12 days 09:58:55'", "12 days 09:58:55", "P12DT9H58M55S"),
        ("INTERVAL '0 days'", "00:00:00", "PT0S"),
        ("to_seconds(-0.5)", "-00:00:00.5", "PT-0.5S"),
        ("INTERVAL '1 day'", "1 day", "P1D"),
        ("INTERVAL '-1 day -2 hours'", "-1 day -02:00:00", "P-1DT-2H"),
        ("INTERVAL '14 months -3 days 4 hours'", "1 year 2 months -3 days 04:00:00", "P1Y2M-3DT4H"),
        ("INTERVAL '-14 months'", "-1 year -2 months", "P-1Y-2M"),
        ("to_microseconds(1)", "00:00:00.000001", "PT0.000001S"),
        ("INTERVAL '1 month' + to_hours(3000000)", "1 month 3000000:00:00", "P1MT3000000H"),
    ],
)
def test_an_interval_is_written_as_sql_writes_it_and_as_iso_8601_does(
    expression: str, text: str, iso: str
) -> None:
    found = parts(one(expression))
    assert found is not None
    assert (interval_text(found), interval_iso(found)) == (text, iso)
    assert one(f"CAST({expression} AS VARCHAR)") == text


def test_the_order_of_an_answer_stays_where_its_values_are_carried_as_text() -> None:
    rows = list(ask("SELECT range AS n, range::UHUGEINT AS u FROM range(300000) ORDER BY hash(range)"))
    assert [n for n, _ in rows] == judge("SELECT range AS n FROM range(300000) ORDER BY hash(range)")
    assert all(n == u for n, u in rows)
