"""`eventfold take-over`: what it says, and what is refused until it was called."""

import json
import sys
from pathlib import Path

import pytest

from tests.doors.calling import eventfold

APP = """
import eventfold as ef

class Paid(ef.Event):
    amount: int

class Loans(ef.Table, category="loan"):
    loan = ef.key()
    paid = ef.sum(Paid.amount)

bank = ef.App("bank", tables=[Loans], events=[Paid])
"""


@pytest.fixture
def bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An app whose table was published by the state beside the log."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken_bank.py").write_text(APP)
    monkeypatch.delitem(sys.modules, "taken_bank", raising=False)
    shared = ["-a", "taken_bank:bank", "-s", "sqlite:///log.db", "--lake", "lake"]
    assert eventfold(*shared, "append", "loan-1", "Paid", '{"amount":7}', "--create").code == 0
    assert eventfold(*shared[2:4], "append", "loan-1", "Paid", '{"amount":"many"}').code == 0  # of no app
    assert eventfold(*shared, "run", "--once").code == 0
    return shared


def test_it_goes_on_elsewhere_and_the_state_that_had_it_is_told_how_to_take_it_back(bank: list[str]) -> None:
    there = [*bank, "--state", "sqlite:///there.state"]
    told = eventfold(*there, "take-over", "loans")
    said = "loans is taken over from embedded (epoch 1): 1 row, 1 stream parked, as version 1."
    assert told.code == 0
    assert told.err.startswith(f"{said} `eventfold run` goes on with it.\n! loans: 1 stream is parked")
    assert eventfold(*there, "run", "--once").code == 0
    assert "kept here already (epoch 1)" in eventfold(*there, "take-over", "loans").err
    for refused in (["run", "--once"], ["rebuild"], ["parked", "retry", "loans", "loan-1"]):
        told = eventfold(*bank, *refused)
        assert told.code == 5
        assert "error engine-fenced" in told.err
        assert "`eventfold take-over loans`" in told.err
    assert "`eventfold take-over loans`" in eventfold(*bank, "status").err
    (table,) = json.loads(eventfold(*bank, "--json", "status").out)["tables"]
    assert (table["engine"], table["unpublished"]) == ("embedded", 0)
    found = json.loads(eventfold(*bank, "--json", "take-over", "loans").out)
    assert (found["engine"], found["epoch"], found["parked"], found["done"]) == ("embedded", 2, 1, True)
    assert eventfold(*bank, "run", "--once").code == 0
    assert eventfold(*there, "run", "--once").code == 5


def test_a_table_is_taken_over_by_a_rebuild_on_request(bank: list[str]) -> None:
    there = [*bank, "--state", "sqlite:///there.state"]
    assert "(epoch 1): 1 row" in eventfold(*there, "take-over", "loans", "--rebuild").err
    assert eventfold(*bank, "run", "--once").code == 5


def test_without_a_lake_or_a_published_table_it_says_what_is_missing(bank: list[str]) -> None:
    assert eventfold(*bank[:4], "take-over", "loans").code == 2
    told = eventfold(*bank[:5], "elsewhere", "take-over", "loans")
    assert (told.code, "error not-found" in told.err) == (4, True)
    assert eventfold(*bank, "take-over", "nothing").code == 4
