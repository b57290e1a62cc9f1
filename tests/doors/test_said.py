"""What is asked for in vain, twice, or too early is told in a sentence."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import eventfold as ef
from tests.doors.calling import eventfold
from tests.handlers.app.shop import Order, Orders

app = ef.App("shop", aggregates=[Order], tables=[Orders])


@pytest.fixture
def log(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/shop.db"
    with app.open(url) as live:
        live.repository(Order).execute("order-1", Order.create, 10)
        live.catch_up()
    return url


@pytest.mark.parametrize("command", ["types", "streams"])
def test_a_category_without_any_is_told_apart_from_one_with_some(log: str, command: str) -> None:
    assert "of the category nope" in eventfold("-s", log, command, "nope").err
    assert "of the category" not in eventfold("-s", log, command, "order").err


@pytest.mark.parametrize("command", [["query", "SELECT 1"], ["at", "orders", "--position", "1"]])
def test_two_forms_of_one_answer_are_refused(log: str, command: list[str]) -> None:
    told = eventfold("-a", "tests.doors.test_said:app", "-s", log, *command, "--csv", "--json")
    assert (told.code, told.out) == (2, "")
    assert "--json and --csv are two forms" in told.err


def test_a_time_that_is_yet_to_come_is_told(log: str) -> None:
    now = datetime.now(UTC)
    with app.open(log) as live:
        ahead = live.table(Orders).at(time=now + timedelta(days=2))
        assert (len(ahead.rows()), "is yet to come" in " ".join(ahead.notes)) == (1, True)
        assert live.table(Orders).at(time=now).notes == []


def test_what_is_parked_shows_itself(log: str) -> None:
    with app.open(log) as live:
        found = live.table(Orders).parked()
        assert (found, repr(found)) == ({}, "<Nothing of orders is parked>")
        assert "Nothing of orders is parked" in found._repr_html_()
