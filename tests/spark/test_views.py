"""A view printed for Spark gives the rows that it gives in Python, types included."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

import eventfold as ef
from eventfold.readmodels.declaring.views.evaluating import evaluate
from eventfold.readmodels.declaring.views.spec import View, view
from eventfold.readmodels.folding.arrowform import arrow_type
from tests.readmodels.declaring.views.generated import COLUMNS, arrow

row = ef.row
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
FULL: dict[str, Any] = {
    "s": "a ", "r": "it's \\", "n": 3, "m": -2, "a": Decimal("1.50"), "b": Decimal("-0.00001"), "p": True,
    "t": NOON, "u": NOON - timedelta(days=1, microseconds=1), "d": date(2026, 2, 1),
}  # fmt: skip
ROWS = [
    FULL,
    FULL | {"s": "a", "p": None, "n": None},
    FULL | {"p": False, "t": None, "a": None},
    dict.fromkeys(FULL),
]


@pytest.mark.parametrize(
    "asked",
    [
        view(day=row.t.day(), month=row.d.month(), year=row.t.year(), hour=row.u.hour(), r=row.r),
        view(took=row.t.seconds_since(row.u), days=row.t.days_since(row.d), sum=row.n + row.a * row.b - 1),
        view(s=row.s, rows=ef.count(), known=row.n.count(), total=row.n.sum(), money=row.a.sum(where=row.p)),
        view(names=row.s.distinct(), first=row.t.min(), last=row.d.max(), hits=(row.r == "it's \\").count()),
        view(
            n=row.n.otherwise(7),
            where=~(row.p & (row.t >= NOON)) | row.s.is_null() | (row.a < Decimal("1.5")),
        ),
    ],
)
def test_spark_answers_as_python(session: Any, asked: View) -> None:
    spec = asked.bind("v", "rows", COLUMNS)
    session.createDataFrame(arrow(ROWS)).createOrReplaceTempView("rows")
    found = session.sql(spec.select("spark")).toArrow()
    assert found.schema.types == [arrow_type(tree.type) for tree in spec.columns.values()]
    meant = sorted(map(repr, evaluate(spec, ROWS)))
    zone = [
        {k: v.astimezone(UTC) if isinstance(v, datetime) else v for k, v in r.items()}
        for r in found.to_pylist()
    ]
    assert sorted(map(repr, zone)) == meant
