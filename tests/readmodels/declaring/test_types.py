"""Column types: what fits a cell, exactly, and what is refused."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from eventfold.errors import ValueUnfit
from eventfold.readmodels.declaring.types import column_type

MONEY = column_type("decimal(38,2)")


@pytest.mark.parametrize("text", ["1.001", f"1.{'0' * 150}1", f"0.{'0' * 98}1", "1E+36", "1E+999999999"])
def test_a_decimal_that_would_lose_a_digit_is_refused(text: str) -> None:
    with pytest.raises(ValueUnfit):
        MONEY.parse(text)
    with pytest.raises(ValueUnfit):
        MONEY.hide(Decimal(text))


@pytest.mark.parametrize("text", ["1.50", f"1.5{'0' * 150}", "15E-1", "0E+999999999", "9" * 36 + ".99"])
def test_a_decimal_keeps_its_value(text: str) -> None:
    wanted = Decimal(text) or 0
    assert MONEY.show(MONEY.parse(text)) == wanted
    assert MONEY.hide(Decimal(text)) == MONEY.parse(text)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59.999999-00:01"])
def test_a_time_that_no_datetime_could_show_in_utc_is_refused(text: str) -> None:
    with pytest.raises(ValueUnfit):
        column_type("timestamp").parse(text)
    with pytest.raises(ValueUnfit):
        column_type("timestamp").hide(datetime.fromisoformat(text))


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
def test_the_first_and_the_last_moment_are_kept(text: str) -> None:
    kind = column_type("timestamp")
    us = kind.parse(text)
    assert kind.show(us) == datetime.fromisoformat(text)
    assert kind.hide(datetime.fromisoformat(text).astimezone(timezone(timedelta(0)))) == us
