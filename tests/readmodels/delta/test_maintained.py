"""Maintenance of a published table by others: what doubles rows is noticed, by whom- and whenever it was done."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from deltalake import DeltaTable

import eventfold as ef
from eventfold.app.live import Live
from eventfold.errors import MemoryExhausted, StorageFull
from eventfold.readmodels.delta import commits, judging
from eventfold.readmodels.delta.judging import MAINTENANCE, Judge
from eventfold.readmodels.delta.places.folder import Folder
from eventfold.readmodels.delta.places.port import Place
from eventfold.readmodels.delta.table import DeltaPublication


class Paid(ef.Event):
    amount: Decimal


class Accounts(ef.Table, category="account"):
    account_id = ef.key()
    total = ef.sum(Paid.amount, "decimal(12,2)")


BANK = ef.App("bank", tables=[Accounts], events=[Paid])
ACCOUNTS = 6
Line = dict[str, Any]


class Bank:
    """A log with a lake: every account has paid once, in several published versions and files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lake = folder / "lake" / "accounts"
        self.paid = 0
        with self.open() as live:
            self.log: str = live.store.log_id
            for number in range(ACCOUNTS):
                self.pay(live, number)
                live.catch_up()

    def open(self) -> Live:
        return BANK.open(f"sqlite:///{self.folder}/log.db", lake=str(self.lake.parent))

    def pay(self, live: Live, number: int) -> None:
        paid = BANK.registry.encode(Paid(amount=Decimal(1)))
        live.store.append(f"account-{number}", [paid], expected=ef.ANY)
        self.paid += 1

    def answers(self, live: Live) -> set[Decimal]:
        """The sum of all amounts by every way to ask for it."""
        (asked,) = live.query("SELECT sum(total) AS total FROM accounts").rows()
        at = live.table(Accounts).at(cursor=live.store.feed().end())
        return {asked["total"], sum((row["total"] for row in at.rows()), Decimal(0))}

    def published(self) -> Decimal:
        """What another reader finds in the lake."""
        totals: list[Decimal] = DeltaTable(str(self.lake)).to_pyarrow_table().column("total").to_pylist()
        return sum(totals, Decimal(0))

    def double(self) -> None:
        """Two programs compact the table at once; both commit."""
        handles = [DeltaTable(str(self.lake)) for _ in range(2)]
        for handle in handles:
            handle.optimize.compact()

    def rewrite(self, version: int, change: Callable[[Line], None]) -> None:
        """Changes each action of a commit."""
        path = self.lake / "_delta_log" / f"{version:020d}.json"
        actions = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
        for action in actions:
            change(action)
        path.write_bytes(b"\n".join(msgspec.json.encode(action) for action in actions))


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return Bank(tmp_path)


def believe(patch: pytest.MonkeyPatch) -> None:
    """The rule of an earlier release: whatever calls itself maintenance is harmless."""
    patch.setattr(judging, "_is_harmless", lambda commit, _before: commit.operation in MAINTENANCE)


def doubled_by_an_earlier_release(bank: Bank) -> None:
    """The table was doubled, and a release that believed it has published on top."""
    bank.double()
    with pytest.MonkeyPatch.context() as patch:
        believe(patch)
        with bank.open() as live:
            bank.pay(live, 0)
            live.catch_up()
    (bank.lake / "_eventfold" / "judged.json").unlink()


def test_two_compactions_at_once_double_no_answer_and_the_table_is_written_anew(bank: Bank) -> None:
    bank.double()
    assert bank.published() == 2 * bank.paid
    with bank.open() as live:
        assert bank.answers(live) == {bank.paid}
        bank.pay(live, 0)
        live.catch_up()
        assert bank.answers(live) == {bank.paid}
        assert bank.published() == bank.paid
        assert live.verify().ok
    with bank.open() as live:
        bank.pay(live, 1)
        live.catch_up()
        assert bank.answers(live) == {bank.published()} == {bank.paid}
        assert DeltaTable(str(bank.lake)).history(1)[0]["operation"] == "MERGE"  # once was enough


def test_a_table_that_an_earlier_release_doubled_answers_right_and_is_written_anew(bank: Bank) -> None:
    doubled_by_an_earlier_release(bank)
    assert bank.published() > bank.paid
    with bank.open() as live:
        assert bank.answers(live) == {bank.paid}
        assert not live.verify().ok  # others still read doubled rows
        live.catch_up()
        assert bank.answers(live) == {bank.published()} == {bank.paid}
        assert live.verify().ok


def test_control_an_operation_believed_by_its_name_doubles_every_answer(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubled_by_an_earlier_release(bank)
    believe(monkeypatch)
    with bank.open() as live:
        live.catch_up()
        assert bank.answers(live) == {bank.published()} == {2 * bank.paid}


def test_no_doubled_version_answers_for_a_moment_and_those_before_and_after_do(bank: Bank) -> None:
    doubled_by_an_earlier_release(bank)
    with bank.open() as live:
        live.catch_up()
        bank.pay(live, 1)
        live.catch_up()
        found = [live.table(Accounts).at(position=position) for position in range(1, bank.paid + 1)]
    sums = [sum(row["total"] for row in one.rows()) for one in found]
    assert sums == list(range(1, bank.paid + 1))
    doubled = {ACCOUNTS, ACCOUNTS + 1, ACCOUNTS + 2}
    assert [one.base for one in found] == [n for n in range(ACCOUNTS + 5) if n not in doubled]


def test_a_lost_state_takes_no_doubled_rows(bank: Bank) -> None:
    doubled_by_an_earlier_release(bank)
    (bank.folder / "log.db.state").unlink()
    with bank.open() as live:
        live.catch_up()
        assert live.query("SELECT count(*) AS n FROM accounts").rows() == [{"n": ACCOUNTS}]
        assert bank.answers(live) == {bank.published()} == {bank.paid}


def test_one_compaction_is_harmless_and_its_files_are_gone_on_from(bank: Bank) -> None:
    table = DeltaTable(str(bank.lake))
    table.optimize.compact()
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True)
    with bank.open() as live:
        assert bank.answers(live) == {bank.paid}
        bank.pay(live, 0)
        live.catch_up()
        assert bank.answers(live) == {bank.published()} == {bank.paid}
    assert DeltaTable(str(bank.lake)).history(1)[0]["operation"] == "MERGE"


def uncounted(action: Line) -> None:
    if "add" in action:
        action["add"]["stats"] = None


def partly_deleted(action: Line) -> None:
    if "add" in action:
        action["add"]["deletionVector"] = {"storageType": "u", "pathOrInlineDv": "x", "sizeInBytes": 1}


def damaged(action: Line) -> None:
    if "add" in action:
        action["add"]["stats"] = "{"


def renamed(action: Line) -> None:
    if "commitInfo" in action:
        action["commitInfo"]["operation"] = "DELETE"


def judge_of(bank: Bank) -> Judge:
    return Judge(Folder(bank.lake), f"{bank.log}/accounts", bank.log, lambda n: n < ACCOUNTS)


@pytest.mark.parametrize("change", [uncounted, partly_deleted, damaged, renamed])
def test_what_cannot_be_counted_is_not_harmless(bank: Bank, change: Callable[[Line], None]) -> None:
    DeltaTable(str(bank.lake)).optimize.compact()
    judge = judge_of(bank)
    judge.look(DeltaTable(str(bank.lake)), lambda: ACCOUNTS - 1)
    assert judge.sound(ACCOUNTS)  # as it was written
    (bank.lake / "_eventfold" / "judged.json").unlink()
    table = DeltaTable(str(bank.lake))
    bank.rewrite(ACCOUNTS, change)
    judge = judge_of(bank)
    judge.look(table, lambda: ACCOUNTS - 1)
    assert [judge.sound(n) for n in (ACCOUNTS - 1, ACCOUNTS)] == [True, False]


def test_each_commit_is_judged_by_itself(bank: Bank) -> None:
    bank.double()
    doubled = DeltaTable(str(bank.lake))
    doubled.delete("true")  # as many rows are gone as had come too many, and more
    bank.rewrite(ACCOUNTS + 2, lambda action: action.get("commitInfo", {}).update(operation="OPTIMIZE"))
    with bank.open() as live:
        live.catch_up()
        assert bank.answers(live) == {bank.published()} == {bank.paid}


def test_what_was_judged_is_remembered_and_looked_at_once(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubled_by_an_earlier_release(bank)
    looked: list[int] = []
    read = commits.read_commit

    def counted(place: Place, version: int) -> Any:
        looked.append(version)
        return read(place, version)

    monkeypatch.setattr(judging, "read_commit", counted)
    with bank.open() as live:
        assert bank.answers(live) == {bank.paid}
        assert set(looked) == set(range(ACCOUNTS + 3))
    looked.clear()
    with bank.open() as live:
        assert bank.answers(live) == {bank.paid}
        live.catch_up()
        assert bank.answers(live) == {bank.published()} == {bank.paid}
        assert set(looked) == {ACCOUNTS + 2, ACCOUNTS + 3}


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["", "{", '{"upto":"x"}', '{"upto":99}', '{"upto":3,"mark":1}', "\0"])
def test_a_judgement_that_was_damaged_or_is_of_another_table_is_made_anew(bank: Bank, damage: str) -> None:
    doubled_by_an_earlier_release(bank)
    (bank.lake / "_eventfold" / "judged.json").write_text(damage)
    with bank.open() as live:
        assert bank.answers(live) == {bank.paid}
        live.catch_up()
        assert bank.answers(live) == {bank.published()} == {bank.paid}


def test_commits_that_the_log_no_longer_has_are_harmless_only_where_they_were_ours(bank: Bank) -> None:
    clean_up(bank)
    with bank.open() as live:
        bank.pay(live, 0)
        live.catch_up()
    assert DeltaTable(str(bank.lake)).history(1)[0]["operation"] == "MERGE"
    table = DeltaTable(str(bank.lake))
    table.optimize.compact()
    table.vacuum(dry_run=False)
    clean_up(bank)
    (bank.lake / "_eventfold" / "judged.json").unlink()
    with bank.open() as live:
        assert bank.answers(live) == {bank.paid}
        live.catch_up()
        assert bank.answers(live) == {bank.published()} == {bank.paid}
    assert DeltaTable(str(bank.lake)).history(1)[0]["operation"] == "WRITE"


def clean_up(bank: Bank) -> None:
    """Takes every commit away that a checkpoint makes superfluous."""
    table = DeltaTable(str(bank.lake))
    table.create_checkpoint()
    for commit in (bank.lake / "_delta_log").glob("*.json"):
        if commit.stem.isdecimal() and int(commit.stem) < table.version():
            commit.unlink()


def test_a_program_that_may_only_read_answers_right_too(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    doubled_by_an_earlier_release(bank)

    def refuse(*_: object) -> None:
        raise OSError("read-only")

    monkeypatch.setattr(Judge, "_write", refuse)
    for _ in range(2):
        with bank.open() as live:
            assert bank.answers(live) == {bank.paid}
    assert not (bank.lake / "_eventfold" / "judged.json").exists()


def test_a_file_that_is_taken_away_while_it_is_read_is_answered_from_the_state(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = DeltaPublication.files

    def taken_away(self: DeltaPublication, number: int | None = None) -> Any:
        found = files(self, number)
        for file in bank.lake.glob("*.parquet"):
            file.unlink()
        return found

    monkeypatch.setattr(DeltaPublication, "files", taken_away)
    with bank.open() as live:
        assert live.query("SELECT sum(total) AS total FROM accounts").rows() == [{"total": bank.paid}]


LARGE = "SELECT count(DISTINCT md5(i::VARCHAR)) FROM range(2000000) AS r(i), accounts LIMIT 1"


@pytest.mark.slow
def test_what_does_not_fit_into_memory_nor_into_its_folder_is_a_full_disk(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = duckdb.connect

    def small(place: str, *, config: dict[str, Any]) -> duckdb.DuckDBPyConnection:
        db = connect(place, config=config)
        # as an option of the connection it is forgotten
        return db.execute("SET max_temp_directory_size = '1MB'")

    monkeypatch.setenv("EVENTFOLD_MEMORY", "20MB")
    monkeypatch.setattr(duckdb, "connect", small)
    with bank.open() as live, pytest.raises(StorageFull, match="TMPDIR"):
        live.query(LARGE)


@pytest.mark.slow
def test_what_must_be_in_memory_and_does_not_fit_is_no_full_disk(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENTFOLD_MEMORY", "20MB")
    with bank.open() as live, pytest.raises(MemoryExhausted, match=r"20MB.*EVENTFOLD_MEMORY=2GB"):
        live.query(LARGE)
