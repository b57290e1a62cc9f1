"""Where a lake may stand: folders of any usual name are served, others are refused before anything is written."""

from decimal import Decimal
from pathlib import Path

import pytest

import eventfold as ef
from eventfold.errors import ConfigInvalid, StorageFailed


class Paid(ef.Event):
    amount: Decimal


class Accounts(ef.Table, category="account"):
    account_id = ef.key()
    total = ef.sum(Paid.amount, "decimal(18,2)")


BANK = ef.App("bank", tables=[Accounts], events=[Paid])


def pay(store: ef.Store, stream: str) -> None:
    store.append(stream, [BANK.registry.encode(Paid(amount=Decimal(1)))], expected=ef.ANY)


@pytest.mark.parametrize("name", ["my lake", "données", "日本 😀", "a*b", "it's", "a+b&c=d", "{x}~@!"])
def test_a_lake_may_stand_in_a_folder_with_an_unusual_name(tmp_path: Path, name: str) -> None:
    with BANK.open("sqlite://", lake=str(tmp_path / name)) as live:
        for stream in ("account-1", "account-2"):
            pay(live.store, stream)
            live.catch_up()
        assert live.query("SELECT count(*) AS n FROM accounts").rows() == [{"n": 2}]
        before = live.table(Accounts).at(position=1)
        assert (before.base, before.arrow.num_rows) == (0, 1)


@pytest.mark.parametrize("name", ["a#b", "a%20b", "a?b", "a[1]", "a^b", "a|b", "a\\b", "a\nb", "a\udcff"])
def test_a_folder_that_the_library_would_mistake_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigInvalid, match="choose a path without"):
        BANK.open("sqlite://", lake=str(tmp_path / name))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("taken", ["lake", "lake/accounts", "lake/accounts/_eventfold"])
def test_a_file_where_a_folder_should_be_is_told_in_a_sentence(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / taken).write_text("")

    def publish() -> None:
        with BANK.open("sqlite://", lake=str(tmp_path / "lake")) as live:
            pay(live.store, "account-1")
            live.catch_up()

    with pytest.raises(ConfigInvalid if taken == "lake" else StorageFailed):
        publish()
