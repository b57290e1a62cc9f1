"""`eventfold watch`: it ends with an error where a table is not as fresh as it declares."""

import json
import sys
from pathlib import Path

import pytest

from tests.doors.calling import eventfold

APP = """
import eventfold as ef

class Paid(ef.Event):
    amount: int

class Loans(ef.Table, category="loan", fresh="{fresh}"):
    loan = ef.key()
    paid = ef.sum(Paid.amount)

class Owners(ef.Table, category="loan"):
    loan = ef.key()
    events = ef.count()

bank = ef.App("bank", tables=[Loans, Owners], events=[Paid])
"""


def bank(folder: Path, patch: pytest.MonkeyPatch, fresh: str) -> list[str]:
    patch.syspath_prepend(str(folder))
    patch.chdir(folder)
    (folder / "watched_bank.py").write_text(APP.format(fresh=fresh))
    patch.delitem(sys.modules, "watched_bank", raising=False)
    shared = ["-a", "watched_bank:bank", "-s", "sqlite:///log.db", "--lake", "lake"]
    assert eventfold(*shared, "append", "loan-1", "Paid", '{"amount":7}', "--create").code == 0
    return shared


def test_it_ends_at_once_where_an_event_waits_for_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = bank(tmp_path, monkeypatch, "1 ms")
    told = eventfold(*shared, "watch", "--for", "60")
    assert told.code == 4
    assert "loans  lag 1" in told.out
    assert "of 0.001 s in state  waits for lease" in told.out
    assert "error table-behind" in told.err
    assert "no worker has it: start one, `eventfold run`" in told.err
    assert eventfold(*shared, "run", "--once").code == 0
    assert eventfold(*shared, "watch", "--for", "0").code == 0


def test_it_ends_well_where_all_is_fresh_and_each_look_is_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = bank(tmp_path, monkeypatch, "1 h")
    told = eventfold(*shared, "--json", "watch", "--for", "0")
    assert told.code == 0
    lines = [json.loads(line) for line in told.out.splitlines()]
    assert [(one["name"], one["fresh"], one["stale"], one["waits"]) for one in lines] == [
        ("loans", 3600.0, False, "lease"),
        ("owners", None, False, "lease"),
    ]
    assert lines[0]["app"] == "bank"
    assert eventfold(*shared, "watch", "owners", "--for", "0").out.count("\n") == 1


def test_a_table_that_nobody_knows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = bank(tmp_path, monkeypatch, "1 h")
    assert eventfold(*shared, "watch", "nothing", "--for", "0").code == 4
    assert eventfold(*shared, "watch", "--for", "-1").code == 2


def test_status_tells_the_age_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = bank(tmp_path, monkeypatch, "1 ms")
    told = eventfold(*shared, "status", "--watch", "0")
    assert "age" in told.out
    assert "an event has waited for" in told.err
