"""The bounds of amounts in a Delta table: readers that skip files by them find every row, in tables of any age."""

import shutil
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

import eventfold as ef
from eventfold.app.live import Live
from eventfold.readmodels.delta import table as delta_table
from eventfold.readmodels.delta.statistics import EXACT_DIGITS, PROPERTY, property_of

LONG = [Decimal("12345678901234567.89"), Decimal("-98765432109876543.21"), Decimal("0.01")]


class Paid(ef.Event):
    amount: Decimal
    flag: bool = True


class Accounts(ef.Table, category="account"):
    account_id = ef.key()
    total = ef.sum(Paid.amount, "decimal(38,2)")
    short = ef.sum(Paid.amount, f"decimal({EXACT_DIGITS},2)")
    flag = ef.last(Paid.flag)
    amounts = ef.collect(Paid.amount, "decimal(38,2)")


class Stored(ef.Table, name="accounts", category="account"):
    account_id = ef.key()
    total = ef.sum(Paid.amount, "decimal(38,2)")


class Wide(ef.Table, category="account"):
    account_id = ef.key()
    total = ef.sum(Paid.amount, "decimal(38,2)")
    amounts = ef.collect(Paid.amount, "decimal(38,2)")


BANK = ef.App("bank", tables=[Wide], events=[Paid])


class Lake:
    """A log and its lake."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.table = folder / "lake" / "wide"

    def open(self) -> Live:
        return BANK.open(f"sqlite:///{self.folder}/log.db", lake=str(self.folder / "lake"))

    def pay(self, live: Live, *amounts: Decimal) -> None:
        for number, amount in enumerate(amounts):
            paid = BANK.registry.encode(Paid(amount=amount))
            live.store.append(f"account-{number}", [paid], expected=ef.ANY)

    def statistics(self) -> list[dict[str, Any]]:
        """What the log of the table says of each file that it added."""
        found = []
        for commit in sorted(self.table.glob("_delta_log/*.json")):
            actions = [msgspec.json.decode(line) for line in commit.read_bytes().splitlines()]
            found += [msgspec.json.decode(a["add"]["stats"]) for a in actions if "add" in a]
        return found

    def properties(self) -> dict[str, str]:
        return dict(DeltaTable(str(self.table)).metadata().configuration)

    def operations(self) -> list[str]:
        return [commit["operation"] for commit in reversed(DeltaTable(str(self.table)).history())]

    def found(self, amount: Decimal) -> int:
        """How many rows of an amount a reader finds that skips by bounds."""
        wanted = pc.field("total") == pa.scalar(amount, pa.decimal128(38, 2))
        return int(DeltaTable(str(self.table)).to_pyarrow_dataset().to_table(filter=wanted).num_rows)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


@pytest.fixture
def old(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake as an earlier release wrote it."""
    with monkeypatch.context() as before, lake.open() as live:
        before.setattr(delta_table, "property_of", lambda _layout: None)
        for amount in LONG:
            lake.pay(live, amount)
            live.catch_up()
    return lake


def test_a_long_amount_is_found_by_who_skips_by_bounds(lake: Lake) -> None:
    with lake.open() as live:
        lake.pay(live, *LONG)
        live.catch_up()
        lake.pay(live, Decimal(0), Decimal(0), Decimal(1), LONG[0])
        live.catch_up()
    for amount in (*LONG[:2], LONG[2] + 1, LONG[0]):
        assert lake.found(amount) >= 1, amount
    assert lake.operations() == ["WRITE", "MERGE"]
    for one in lake.statistics():
        assert one["numRecords"] > 0
        for bounds in ("minValues", "maxValues", "nullCount"):
            assert set(one[bounds]) == {"account_id", "_version"}


def test_control_bounds_as_doubles_lose_a_long_amount(old: Lake) -> None:
    assert any("total" in one["maxValues"] for one in old.statistics())
    assert [old.found(sum(LONG, Decimal(0)))] == [0]


def test_a_table_with_such_bounds_is_written_anew_once(old: Lake) -> None:
    before = old.operations()
    with old.open() as live:
        live.catch_up()
        assert old.operations() == [*before, "SET TBLPROPERTIES", "WRITE", "SET TBLPROPERTIES"]
        assert old.found(sum(LONG, Decimal(0))) == 1
        assert old.properties() == {PROPERTY: "account_id,_version"}
        for position in range(1, len(LONG) + 1):  # what was published before is read as it was
            found = live.table(Wide).at(position=position)
            assert found.base == (position - 1 if position < len(LONG) else len(before) + 1)
            assert [row["total"] for row in found.rows()] == [sum(LONG[:position], Decimal(0))]
        assert live.verify().ok
        live.catch_up()
        old.pay(live, Decimal(1))
        live.catch_up()
    assert old.operations()[len(before) + 3 :] == ["MERGE"]
    with old.open() as live:
        live.catch_up()
    assert len(old.operations()) == len(before) + 4


@pytest.mark.parametrize("crash", [1, 2, 3])
def test_a_crash_while_a_table_is_written_anew_is_made_good(old: Lake, crash: int) -> None:
    class Crashed(BaseException):
        pass

    before, steps = len(old.operations()), iter(range(1, 9))

    def stepping(step: Any) -> Any:
        def stepped(*arguments: Any, **named: Any) -> Any:
            if next(steps) == crash:
                raise Crashed
            return step(*arguments, **named)

        return stepped

    with pytest.MonkeyPatch.context() as patch, old.open() as live:
        patch.setattr(delta_table, "write_deltalake", stepping(write_deltalake))
        patch.setattr(
            delta_table.DeltaPublication, "_set_bounds", stepping(delta_table.DeltaPublication._set_bounds)
        )
        with pytest.raises(Crashed):
            live.catch_up()
    assert len(old.operations()) == before + crash - 1
    with old.open() as live:
        live.catch_up()
        total = sum(LONG, Decimal(0))
        assert [row["total"] for row in live.query("SELECT total FROM wide").rows()] == [total]
        assert old.found(total) == 1
        assert "total" not in old.statistics()[-1]["maxValues"]
        assert old.properties() == {PROPERTY: "account_id,_version"}


def test_a_lost_state_goes_on_from_a_table_with_such_bounds(old: Lake) -> None:
    (old.folder / "log.db.state").unlink()
    with old.open() as live:
        assert [row["total"] for row in live.query("SELECT total FROM wide").rows()] == [
            sum(LONG, Decimal(0))
        ]
        assert live.table(Wide).live().head().change == 1  # in one step from the published rows
        live.catch_up()
    assert old.found(sum(LONG, Decimal(0))) == 1


def test_fifteen_digits_are_kept_by_a_double_and_sixteen_are_not() -> None:
    context = Context(prec=60)
    for scale in range(EXACT_DIGITS + 1):
        for whole in (10**EXACT_DIGITS - 1, 10**EXACT_DIGITS - 2, 10 ** (EXACT_DIGITS - 1) + 1):
            exact = context.create_decimal(whole).scaleb(-scale, context)
            assert context.create_decimal(repr(float(exact))) == exact
    lost = Decimal(9007199254740993)
    assert Decimal(float(lost)) != lost


def test_only_columns_that_need_it_lose_their_bounds(tmp_path: Path) -> None:
    app = ef.App("bank", tables=[Accounts], events=[Paid])
    with app.open("sqlite://", lake=str(tmp_path)) as live:
        assert property_of(live.table(Accounts).layout) == "account_id,_version,short"
        live.store.append("account-1", [app.registry.encode(Paid(amount=Decimal(1)))], expected=0)
        live.catch_up()
    table = Lake(tmp_path)
    table.table = tmp_path / "accounts"
    assert [set(one["maxValues"]) for one in table.statistics()] == [{"account_id", "_version", "short"}]


def test_every_file_that_we_write_is_snappy(lake: Lake) -> None:
    with lake.open() as live:
        for amount in LONG:
            lake.pay(live, amount, amount)
            live.catch_up()
        DeltaTable(str(lake.table)).delete()
        lake.pay(live, *LONG)
        live.catch_up()
    assert lake.operations() == ["WRITE", "MERGE", "MERGE", "DELETE", "WRITE"]
    files = list(lake.table.glob("*.parquet"))
    assert len(files) >= 4
    for file in files:
        groups = pq.ParquetFile(file).metadata
        assert groups.row_group(0).column(0).compression == "SNAPPY"


STORED = Path(__file__).parent / "stored" / "doubled"
"""A log, its state and its lake, as the release before wrote them: two programs had compacted the table at once, and
what was published on top is doubled; its amounts have 19 digits, and bounds."""


def test_what_the_release_before_doubled_and_bounded_is_answered_right_and_written_anew(lake: Lake) -> None:
    shutil.copytree(STORED, lake.folder, dirs_exist_ok=True)
    app = ef.App("bank", tables=[Stored], events=[Paid])
    lake.table = lake.folder / "lake" / "accounts"
    paid = 3 * LONG[0] + 1

    def answers(live: Live) -> set[Decimal]:
        (asked,) = live.query("SELECT sum(total) AS total FROM accounts").rows()
        rows = live.table(Stored).at(position=4).rows()
        return {asked["total"], sum((row["total"] for row in rows), Decimal(0))}

    assert sum(DeltaTable(str(lake.table)).to_pyarrow_table().column("total").to_pylist()) == 2 * paid
    assert lake.found(LONG[0]) == 0
    with app.open(f"sqlite:///{lake.folder}/log.db", lake=str(lake.folder / "lake")) as live:
        assert answers(live) == {paid}
        assert live.table(Stored).at(position=3).base == 2
        assert not live.verify().ok
        live.catch_up()
        assert answers(live) == {paid}
        assert live.verify().ok
    assert lake.found(LONG[0]) == 2
    assert DeltaTable(str(lake.table)).to_pyarrow_table().num_rows == 3
    assert lake.operations()[-3:] == ["SET TBLPROPERTIES", "WRITE", "SET TBLPROPERTIES"]
