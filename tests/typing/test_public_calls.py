"""The types of the public calls, as a checker sees them: `./dev check` examines this file, the test runs it.

A line with `type: ignore[...]` is a mistake that the checker must find: it complains of an ignore that nothing needs.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, assert_type

import pytest

import eventfold as ef
from eventfold.aggregates.repository import Happened
from eventfold.app.live import Live
from eventfold.app.parked import ParkedStreams
from eventfold.app.tables import LiveTable
from eventfold.feed.port import Feed, Page
from eventfold.readmodels.asking.asof import AsOf
from eventfold.readmodels.asking.diff import Diff
from eventfold.readmodels.asking.query import Result
from eventfold.readmodels.asking.why import Explanation, Step
from eventfold.store.port import Snapshots, StreamInfo
from eventfold.testing.given import given


class Opened(ef.Event):
    note: str = ""
    owner: str


class Paid(ef.Event, version=2):
    amount: Decimal


@ef.upcast(Paid, 1)
def amounts_were_whole(data: dict[str, Any]) -> dict[str, Any]:
    return {"amount": str(data["amount"])}


class Account(ef.Aggregate[Opened | Paid]):
    balance: Decimal = Decimal(0)

    def open(self, owner: str) -> None:
        self.raise_event(Opened(owner=owner))

    def pay(self, amount: Decimal, *, times: int = 1) -> None:
        for _ in range(times):
            self.raise_event(Paid(amount=amount))

    def apply(self, event: Opened | Paid) -> None:
        match event:
            case Paid(amount=amount):
                self.balance += amount


class Accounts(ef.Table, category="account"):
    account = ef.key()
    balance = ef.sum(Paid.amount, "decimal(18,2)")


bank = ef.App("bank", aggregates=[Account], tables=[Accounts])


def test_events() -> None:
    assert_type(Opened(owner="Ann").owner, str)
    assert_type(Paid(amount=Decimal(1)).amount, Decimal)
    assert_type(Opened.stored_name, str)
    assert_type(Paid.schema_version, int)
    with pytest.raises(TypeError):
        Opened()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Opened("", "Ann")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Opened(owner="Ann", colour="red")  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        Opened(owner="Ann").owner = "Bob"  # type: ignore[misc]
    assert_type(ef.new_id().bytes, bytes)


def test_registries() -> None:
    registry = ef.Registry([Opened, Paid])
    new = registry.encode(Opened(owner="Ann"), occurred_at=datetime.now(UTC))
    assert_type(new, ef.NewEvent)
    assert_type(registry.decode(new), ef.Event)
    assert_type(registry.types, Mapping[str, type[ef.Event]])
    assert_type(registry.current_data(new), str)


def test_aggregates() -> None:
    account = Account("account-1")
    assert_type(account.balance, Decimal)
    assert_type(account.version, int)
    assert_type(account.id, str)
    account.pay(Decimal(1))
    assert_type(account.uncommitted_changes, tuple[Opened | Paid, ...])
    assert_type(account.copy(), Account)
    assert_type(account.state(), dict[str, Any])
    given(Account, Opened(owner="Ann")).when(Account.pay, Decimal(1), times=2).then_state(balance=Decimal(2))
    given(Account).when(Account.pay, "much")  # type: ignore[arg-type]


def test_stores(tmp_path: Path) -> None:
    store = ef.open_store(f"sqlite:///{tmp_path}/log.db")
    assert_type(store, ef.Store)
    event = ef.NewEvent(ef.new_id(), "Opened", 1, '{"owner":"Ann"}')
    assert_type(store.append("account-1", [event], expected=0), ef.Appended)
    store.append("account-1", [event], expected=ef.ANY)
    store.append("account-1", [event], expected=ef.EXISTS)
    with pytest.raises(ef.EventfoldError):
        store.append("account-1", [event], expected="any")  # type: ignore[arg-type]
    assert_type(store.append_all([ef.Write("account-2", [], 0)][:0]), Sequence[ef.Appended])
    assert_type(store.read("account-1"), Iterator[ef.RecordedEvent])
    (recorded,) = store.read("account-1")
    assert_type(recorded.recorded_at, datetime)
    assert_type(recorded.data_map(), dict[str, Any])
    assert_type(store.head("account-1"), int)
    assert_type(store.streams(), Iterator[StreamInfo])
    assert_type(store.feed(), Feed)
    assert_type(store.feed().end(), ef.Cursor)
    assert_type(store.feed().read(store.feed().start(), 10), Page)
    assert_type(store.snapshots(), Snapshots)
    store.close()


def test_apps(tmp_path: Path) -> None:
    with bank.open(f"sqlite:///{tmp_path}/bank.db", lake=str(tmp_path / "lake")) as live:
        assert_type(live, Live)
        accounts = live.repository(Account)
        assert_type(accounts, ef.Repository[Account])
        done = accounts.execute("account-1", Account.open, "Ann")
        assert_type(done, ef.Executed)
        assert_type(done.token, ef.Token | None)
        accounts.execute_once("c-1", "account-1", Account.pay, Decimal(5), times=2)
        with pytest.raises(TypeError):
            accounts.execute("account-1", Account.open)  # type: ignore[call-arg]
        with pytest.raises(TypeError):
            accounts.execute("account-1", Account.pay, Decimal(5), often=2)  # type: ignore[call-arg]
        assert_type(accounts.load("account-1"), Account)
        assert_type(accounts.at("account-1", version=1), Account)
        assert_type(accounts.history("account-1"), Iterator[Happened])
        assert_type(live.catch_up().parked, dict[str, int])
        assert_type(live.query("SELECT 1"), Result)
        assert_type(live.query("SELECT 1").parked, Mapping[str, int])
        assert_type(live.query("SELECT 1").behind, Mapping[str, int | None])
        assert_type(live.query("SELECT 1").rows(), list[dict[str, Any]])
        table = live.table(Accounts)
        assert_type(table, LiveTable)
        assert_type(table.at(position=1), AsOf)
        assert_type(table.at(position=1).notes, Sequence[str])
        assert_type(table.diff("2025-03-01", clock="occurred"), Diff)
        with pytest.raises(ef.EventfoldError):
            table.diff("2025-03-01", clock="happened")  # type: ignore[arg-type]
        assert_type(table.why("account-1"), Explanation)
        assert_type(list(table.why("account-1")), list[Step])
        assert_type(table.why("account-1").parked, dict[str, int])
        assert_type(table.parked(), ParkedStreams)
        assert_type(table.get("account-1"), dict[str, Any])


def test_errors() -> None:
    error = ef.WrongExpectedVersion("a stream is elsewhere", stream="account-1")
    assert_type(error.code, str)
    assert_type(error.status, int)
    assert_type(error.facts, dict[str, object])
    assert_type(error.as_dict(), dict[str, object])
