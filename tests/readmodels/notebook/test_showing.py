"""What a notebook shows of each answer: short in text, a table in HTML, and markup of nobody else."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.testing.making import make
from tests.readmodels.notebook.bank import BANK, HOSTILE, Account, Accounts, Numbers, Page, fill

COUNT = len(HOSTILE)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with BANK.open(f"sqlite:///{tmp_path}/bank.db", lake=str(tmp_path / "lake")) as live:
        fill(live)
        live.catch_up()
        yield live


def test_each_answer_is_one_short_line(live: Live) -> None:
    table = live.table(Accounts)
    result = live.query("SELECT account, note FROM accounts WHERE paid_in < 3")
    assert repr(table) == f"<Table accounts of bank: {COUNT} rows, at position {COUNT}>"
    assert repr(live.table(Numbers)) == (
        f"<Table numbers of bank: 0 rows, at position {COUNT}, {COUNT} parked>"
    )
    assert repr(table.at(position=1)) == "<Table accounts at position 1: 1 row>"
    assert repr(table.diff(1, 3)) == "<Diff of accounts: 2 added>"
    assert repr(table.diff(1, 1)) == "<Diff of accounts: nothing changed>"
    assert repr(table.why("account-1")) == "<Why: 1 event>"
    assert repr(result) == "<Result: 2 rows of account, note>"
    assert repr(live.repository(Account)) == "<Repository of Account>"
    assert repr(BANK) == "<App bank: Account, accounts, numbers>"
    assert repr(ef.App("none")) == "<App none: nothing yet>"
    assert repr(live) == "<bank: accounts, numbers>"
    assert repr(live.status()) == f"<Status of bank: {COUNT} events, 2 tables>"
    assert repr(live.store) == f"<SqliteStore of log {live.store.log_id}>"


def test_when_a_thing_happened_is_shown_where_it_differs(live: Live) -> None:
    table, when = live.table(Accounts), datetime(2025, 3, 1, tzinfo=UTC)
    assert "occurred" not in table.why("account-1")._repr_html_()
    with ef.context(occurred_at=when):
        live.repository(Account).execute("account-1", Account.deposit, 5, "5")
    steps = table.why("account-1")
    assert steps.columns == ["version", "recorded", "occurred", "event", "changed"]
    page = Page(steps._repr_html_())
    assert page.is_harmless()
    assert page.cells[2] == "-"
    assert page.cells[7] == "2025-03-01 00:00:00Z"
    assert live.table(Accounts).why("account-1").columns == steps.columns
    moment = table.at(time="2025-04-01")
    page = Page(moment._repr_html_())
    assert page.is_harmless()
    assert "Table accounts as recorded up to 2025-04-01 00:00:00Z" in page.said
    assert "! accounts has no rows as recorded up to" in page.said
    assert "clock='occurred'" in Page(table.diff("2025-04-01", "now")._repr_html_()).said


def test_a_catch_up_answers_what_it_did(live: Live) -> None:
    live.repository(Account).execute("account-1", Account.deposit, 5, "5")
    done = live.catch_up()
    assert [(t.name, t.events) for t in done.tables] == [("accounts", 1), ("numbers", 1)]
    assert repr(done) == (
        "<Caught up: accounts 1 event, published as version 1;"
        f" numbers 1 event, published as version 1, {COUNT} parked>"
    )
    again = live.catch_up()
    assert [(t.events, t.published) for t in again.tables] == [(0, None), (0, None)]


ANSWERS: dict[str, Any] = {
    "query": lambda live: live.query("SELECT account, paid_in, note FROM accounts ORDER BY paid_in"),
    "column": lambda live: live.query('SELECT 1 AS "<script>alert(1)</script>", note FROM accounts'),
    "at": lambda live: live.table(Accounts).at(position=COUNT),
    "diff": lambda live: live.table(Accounts).diff(0, "now"),
    "removed": lambda live: live.table(Accounts).diff("now", 0),
    "why": lambda live: [live.table(Accounts).why(f"account-{n + 1}") for n in range(COUNT)],
}


@pytest.mark.parametrize("asked", ANSWERS)
def test_hostile_text_is_shown_as_text(live: Live, asked: str) -> None:
    answer = ANSWERS[asked](live)
    made = "".join(one._repr_html_() for one in (answer if asked == "why" else [answer]))
    page = Page(made)
    assert page.is_harmless()
    for text in (HOSTILE[0], HOSTILE[1], HOSTILE[2], HOSTILE[3], HOSTILE[4], HOSTILE[7]):
        assert text in page.said
    assert "\u202e" not in made
    assert "\\u202eevil" in page.said


def test_status_live_and_what_waits_are_shown(live: Live) -> None:
    for answer in (live.status(), live, live.catch_up()):
        page = Page(answer._repr_html_())
        assert page.is_harmless()
        assert {"accounts", "numbers"} <= set(page.cells)
        assert f"! numbers: {COUNT} streams are parked" in page.said
    waits = Page(live.table(Numbers).why("account-1")._repr_html_())
    assert waits.is_harmless()
    assert "parked: " in waits.said


def test_parked_streams_and_distance_are_told_beside_the_rows(live: Live) -> None:
    live.repository(Account).execute("account-1", Account.deposit, 5, "5")
    page = Page(live.query("SELECT * FROM numbers")._repr_html_())
    assert f"{COUNT} streams are parked" in page.said
    assert "1 event behind the log" in page.said


def test_a_value_without_a_form_in_python_is_said_and_no_error(live: Live) -> None:
    result = live.query("SELECT 'infinity'::TIMESTAMP AS never")
    page = Page(result._repr_html_())
    assert page.is_harmless()
    assert "never" in page.said


def test_what_is_closed_is_still_shown(live: Live) -> None:
    table = live.table(Accounts)
    live.close()
    assert repr(table) == "<Table accounts of bank: store-closed>"
    assert "closed" in Page(live._repr_html_()).said
    assert repr(live.store).startswith("<SqliteStore of log ")


def test_a_store_is_closed_at_the_end_of_its_with() -> None:
    with ef.open_store("sqlite://") as store:
        store.append("order-1", [make()], expected=0)
    with pytest.raises(ef.EventfoldError, match="closed"):
        store.head("order-1")
