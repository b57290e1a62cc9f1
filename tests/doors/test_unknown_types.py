"""What a table misses because a class was renamed is told by every command that keeps or looks at tables."""

import json
import sys
from pathlib import Path

import pytest

from tests.doors.calling import eventfold

APP = """
import eventfold as ef

class Opened(ef.Event):
    owner: str

class Paid(ef.Event):
    amount: int

class Loan(ef.Aggregate[Opened | Paid]):
    def apply(self, event): pass

class Loans(ef.Table, category="loan"):
    loan = ef.key()
    owner = ef.first(Opened.owner)
    paid = ef.sum(Paid.amount)

bank = ef.App("bank", aggregates=[Loan], tables=[Loans])
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The app after its class was renamed, over a log that was followed before, and followed since."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    renamed = APP.replace("Paid", "Payment")
    ignoring = renamed.replace("tables=[Loans]", "tables=[Loans], ignored=['Paid']")
    for name, source in (("before", APP), ("renamed", renamed), ("ignoring", ignoring)):
        (tmp_path / f"unknown_{name}.py").write_text(source)
        monkeypatch.delitem(sys.modules, f"unknown_{name}", raising=False)
    shared = ["-s", f"sqlite:///{tmp_path}/log.db", "--lake", str(tmp_path / "lake")]
    for stream in ("loan-1", "loan-2"):
        for kind, data in (("Opened", '{"owner":"ada"}'), ("Paid", '{"amount":7}')):
            assert eventfold(*shared, "append", stream, kind, data, "--create").code == 0
    assert eventfold("-a", "unknown_before:bank", *shared, "run", "--once").code == 0
    assert eventfold("-a", "unknown_renamed:bank", *shared, "rebuild").code == 0
    return shared


COMMANDS = pytest.mark.parametrize(
    "command", [["rebuild"], ["run", "--once"], ["status"], ["verify"]], ids=lambda command: command[0]
)


@COMMANDS
def test_it_is_told_with_the_way_out_on_standard_error(place: list[str], command: list[str]) -> None:
    code, out, err = eventfold("-a", "unknown_renamed:bank", *place, *command)
    assert code == 0
    (warning,) = [line for line in err.splitlines() if line.startswith("!")]
    assert "loans" in warning
    assert "'Paid' (2)" in warning
    for way in ("Register", "name=", "ignored=", "`eventfold rebuild loans`"):
        assert way in warning
    assert "Paid" not in out


@COMMANDS
def test_json_has_table_type_and_count(place: list[str], command: list[str]) -> None:
    code, out, _ = eventfold("-a", "unknown_renamed:bank", *place, "--json", *command)
    found = json.loads(out)
    answer = found[0] if command == ["rebuild"] else found
    assert (code, answer["unknown"]) == (0, [{"table": "loans", "type": "Paid", "events": 2}])
    assert any("'Paid' (2)" in warning for warning in answer["warnings"])


@COMMANDS
def test_what_is_ignored_is_told_by_none(place: list[str], command: list[str]) -> None:
    code, _, err = eventfold("-a", "unknown_ignoring:bank", *place, *command)
    assert (code, "!" in err) == (0, False)
