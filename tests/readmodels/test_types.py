"""Column types: what fits a cell, exactly, and what is refused."""

from decimal import Decimal

import pytest

from eventfold.errors import ValueUnfit
from eventfold.readmodels.types import column_type

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
