"""Files of a published table are gone: a catch-up sees it and publishes all rows again."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from deltalake import DeltaTable

from eventfold.app.live import Live
from eventfold.readmodels.delta.table import DeltaPublication
from tests.readmodels.delta.test_maintained import ACCOUNTS, Bank


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return Bank(tmp_path)


@pytest.fixture
def live(bank: Bank) -> Iterator[Live]:
    with bank.open() as live:
        yield live


def remove_one(lake: Path) -> None:
    """One file of the newest version; the others stay."""
    Path(DeltaTable(str(lake)).file_uris()[0]).unlink()


def remove_rows(lake: Path) -> None:
    """Every file of rows; the log of the table stays."""
    for file in lake.glob("*.parquet"):
        file.unlink()


def remove_all(lake: Path) -> None:
    """The whole folder."""
    shutil.rmtree(lake)


@pytest.mark.slow
@pytest.mark.parametrize("remove", [remove_one, remove_rows, remove_all])
@pytest.mark.parametrize("again", [False, True], ids=["same program", "next program"])
@pytest.mark.parametrize("more", [0, 1])
def test_a_catch_up_publishes_all_rows_again(bank: Bank, remove: object, again: bool, more: int) -> None:
    assert callable(remove)
    with bank.open() as live:
        live.catch_up()
        if not again:
            remove(bank.lake)
            for number in range(more):
                bank.pay(live, number)
            live.catch_up()
    if again:
        remove(bank.lake)
        with bank.open() as live:
            for number in range(more):
                bank.pay(live, number)
            live.catch_up()
    assert bank.published() == bank.paid
    assert DeltaTable(str(bank.lake)).to_pyarrow_table().num_rows == ACCOUNTS
    with bank.open() as live:
        assert bank.answers(live) == {bank.paid}
        assert live.verify().ok


def test_without_new_events_nothing_is_published_where_all_files_are_there(bank: Bank, live: Live) -> None:
    before = DeltaTable(str(bank.lake)).version()
    for _ in range(3):
        live.catch_up()
    assert DeltaTable(str(bank.lake)).version() == before


def test_files_are_looked_for_once_a_call_and_not_at_each_step(
    bank: Bank, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[DeltaPublication] = []
    lacks = DeltaPublication.lacks_files

    def counted(self: DeltaPublication) -> bool:
        looked.append(self)
        return lacks(self)

    monkeypatch.setattr(DeltaPublication, "lacks_files", counted)
    for number in range(ACCOUNTS):
        bank.pay(live, number)
    live.catch_up()
    assert len(looked) == 1
    (worker,) = live._workers(every=0.0)
    for _ in range(5):
        bank.pay(live, 0)
        worker.step()
    worker.finish()
    assert len(looked) == 3  # when it published first, and when it ended


def test_it_is_told(bank: Bank, live: Live, caplog: pytest.LogCaptureFixture) -> None:
    remove_one(bank.lake)
    live.catch_up()
    assert "Files of the published table accounts are gone" in caplog.text
    caplog.clear()
    live.catch_up()
    assert caplog.text == ""


def test_a_table_that_somebody_upgraded_is_not_written_again_and_again(
    bank: Bank, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DeltaPublication, "_files", lambda _self, _number: None)
    before = DeltaTable(str(bank.lake)).version()
    live.catch_up()
    assert DeltaTable(str(bank.lake)).version() == before
