"""Answers as data frames, by Arrow or by a library that is asked for; without it the error names it."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.errors import ExtraMissing, TableInvalid
from eventfold.readmodels.notebook import frames
from tests.readmodels.notebook.bank import BANK, Account, Accounts, Deposited, Numbers


class Narrow(ef.Table, name="accounts", category="account"):
    account = ef.key()


WAYS = ("query", "at", "table")


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with BANK.open(f"sqlite:///{tmp_path}/bank.db") as live:
        for number in (2, 1):
            live.repository(Account).execute(f"account-{number}", Account.deposit, number, str(number))
        live.catch_up()
        yield live


def answer(live: Live, way: str) -> Any:
    table = live.table(Accounts)
    match way:
        case "query":
            return live.query("SELECT * FROM accounts ORDER BY account")
        case "at":
            return table.at(position=2)
        case _:
            return table


@pytest.mark.parametrize("way", WAYS)
def test_every_answer_is_an_arrow_stream(live: Live, way: str) -> None:
    found = answer(live, way)
    read: pa.Table = pa.table(found)
    assert read.to_pylist() == found.rows()
    assert [row["account"] for row in found.rows()] == ["account-1", "account-2"]


def test_others_read_the_stream(live: Live) -> None:
    result = live.query("SELECT * FROM accounts")  # noqa: F841 - named in the statement below
    with duckdb.connect() as other:
        assert other.execute("SELECT sum(paid_in) FROM result").fetchall() == [(3,)]


def test_the_rows_of_a_table_are_those_of_its_state_in_the_order_of_their_keys(live: Live) -> None:
    table = live.table(Accounts)
    assert table.rows() == [table.get("account-1"), table.get("account-2")]
    assert live.table(Numbers).rows() == [
        {"account": "account-1", "_version": 1, "number": 1},
        {"account": "account-2", "_version": 1, "number": 2},
    ]


def test_rows_of_another_definition_are_refused(live: Live, tmp_path: Path) -> None:
    other = ef.App("bank", tables=[Narrow], events=[Deposited])
    with other.open(f"sqlite:///{tmp_path}/bank.db") as changed, pytest.raises(TableInvalid):
        changed.table(Narrow).rows()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_library_that_is_not_there_is_named(
    live: Live, monkeypatch: pytest.MonkeyPatch, way: str, library: str
) -> None:
    def missing(name: str) -> ModuleType:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(frames, "import_module", missing)
    with pytest.raises(ExtraMissing, match=f"pip install {library}") as refused:
        getattr(answer(live, way), f"to_{library}")()
    assert refused.value.facts == {"package": library}


def test_polars_is_given_the_table(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        frames, "import_module", lambda _name: SimpleNamespace(from_arrow=lambda t: t.to_pylist())
    )
    found = live.query("SELECT account, paid_in::DECIMAL(18,2) AS paid FROM accounts ORDER BY 1")
    assert found.to_polars()[0] == {"account": "account-1", "paid": Decimal("1.00")}
