"""The where of a search: what it means, and what it refuses with the place where it stands."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventfold.errors import FilterFieldUnknown, FilterInvalid
from eventfold.readmodels.declaring.types import ColumnType, column_type
from eventfold.readmodels.search.matching import holds
from eventfold.readmodels.search.where import parse_where

COLUMNS = {
    "status": column_type("string"),
    "city": column_type("string"),
    "in": column_type("string"),
    "total": column_type("decimal(18,2)"),
    "wide": column_type("decimal(38,4)"),
    "pieces": column_type("int64"),
    "weight": column_type("double"),
    "paid": column_type("boolean"),
    "due": column_type("date"),
    "placed_at": column_type("timestamp"),
    "note": column_type("string"),
}
ROW: dict[str, Any] = {
    "status": "Shipped",
    "city": "O'Brien's",
    "in": "x",
    "total": 1050,
    "wide": 10**37 + 1,
    "pieces": 3,
    "weight": 1.5,
    "paid": True,
    "due": 20_454,
    "placed_at": 1_767_225_600_000_000,
    "note": None,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("status = 'Shipped'", True),
        ("status = 'shipped'", False),
        ("STATUS = 'x' or status = 'x'".replace("STATUS", "status"), False),
        ("status <> 'Shipped'", False),
        ("status != 'Placed'", True),
        ("city = 'O''Brien''s'", True),
        ("city in ('Oslo', 'O''Brien''s')", True),
        ("not (city in ('Oslo', 'Bergen'))", True),
        ("city not in ('Oslo')", True),
        ("\"in\" = 'x'", True),
        ("total >= 10.50", True),
        ("total > 10.50", False),
        ("total < 10.51 AND total <= 10.5 And not total = 10.49", True),
        ("wide = 1000000000000000000000000000000000.0001", True),
        ("pieces in (1, 2, 3)", True),
        ("weight >= 1.5e0", True),
        ("paid = TRUE", True),
        ("due = '2026-01-01'", True),
        ("placed_at >= '2026-01-01T00:00Z'", True),
        ("placed_at >= '2026-01-01T01:00:00+01:00'", True),
        ("placed_at > '2026-01-01T00:00:00.000000Z'", False),
        ("note is null", True),
        ("note is not null", False),
        ("note = 'x'", False),
        ("note <> 'x'", True),
        ("not note = 'x'", True),
        ("paid = false or paid = true and pieces = 3", True),
        ("(paid = false or paid = true) and pieces = 4", False),
        ("not not paid = true", True),
    ],
)
def test_a_condition_holds_as_it_reads(text: str, expected: bool) -> None:
    assert holds(parse_where(text, COLUMNS), ROW) is expected


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("1 eq 1 or name eq 'x'", 1),
        ("status = 'Shipped", 10),
        ("status = Shipped", 10),
        ('status = "Shipped"', 10),
        ("status > 'A'", 8),
        ("status = null", 10),
        ("status = 'a' status = 'b'", 14),
        ("status = 'a' and", 17),
        ("(status = 'a'", 14),
        ("status in ()", 12),
        ("status in ('a'", 15),
        ("status not = 'a'", 12),
        ("status is 'a'", 11),
        ("total = 10.505", 9),
        ("total = '10'", 9),
        ("pieces = 1.5", 10),
        ("pieces = 9223372036854775808", 10),
        ("weight = 1e999", 10),
        ("paid = 'true'", 8),
        ("due = '2026-02-30'", 7),
        ("placed_at = '2026-01-01T00:00'", 13),
        ("placed_at = '2026-01-01'", 13),
        ("placed_at >= '10000-01-01T00:00Z'", 14),
        ("status = 'a'; drop", 13),
        ("status = '\ud800'", 10),
        ("'a' = status", 1),
        ("not", 4),
        ("(" * 30 + "paid = true" + ")" * 30, 22),
        ("not " * 10_000, 16_384),
        ("not " * 30, 85),
        (f"pieces in ({', '.join(map(str, range(300)))})", 902),
    ],
)
def test_what_is_no_where_says_where(text: str, position: int) -> None:
    with pytest.raises(FilterInvalid) as caught:
        parse_where(text, COLUMNS)
    assert caught.value.facts["position"] == position
    assert caught.value.code == "filter-invalid"


@pytest.mark.parametrize("text", ["name = 'x'", "paid = true and __class__ = 'x'", "Status = 'x'", '"" = 1'])
def test_a_column_that_is_not_declared_is_not_compared(text: str) -> None:
    with pytest.raises(FilterFieldUnknown, match=r"those\s+are status, city"):
        parse_where(text, COLUMNS)


PIECES = ["status", "total", "(", ")", "=", "<=", "'a'", "1.5", "and", "or", "not", "in", ",", "is", "null"]


@given(st.text(max_size=100) | st.lists(st.sampled_from(PIECES)).map(" ".join))
def test_any_text_is_a_where_or_a_typed_error(text: str) -> None:
    try:
        holds(parse_where(text, COLUMNS), ROW)
    except FilterInvalid:
        return


@given(
    st.decimals("-99999999.99", "99999999.99", places=2), st.decimals("-99999999.99", "99999999.99", places=2)
)
def test_decimals_compare_exactly(left: Decimal, right: Decimal) -> None:
    kind: ColumnType = COLUMNS["total"]
    row = {"total": kind.hide(left)}
    for operator, expected in ((">", left > right), ("<=", left <= right), ("=", left == right)):
        assert holds(parse_where(f"total {operator} {right:f}", COLUMNS), row) is expected
