"""A plan says what a changed definition makes of the rows that are live, and changes nothing."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import apsw
import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.errors import DefinitionError, RangeInvalid, TableInvalid, TableNotFound
from eventfold.readmodels.planning.report import TablePlan
from tests.readmodels.planning.changing import (
    Customers,
    First,
    Paid,
    Placed,
    Purchases,
    Second,
    opened,
    place,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Nine orders of which three are paid, folded and published by the first definition; a tenth that is not folded."""
    with opened(tmp_path, First) as live:
        for n in range(9):
            place(live, n, paid=n % 3 == 0)
        place(live, 1)
        live.catch_up()
        place(live, 9)
    return tmp_path


def only(live: Live, **how: Any) -> TablePlan:
    (table,) = live.plan(**how).tables
    return table


def told(table: TablePlan) -> tuple[int, int, int, Mapping[str, int]]:
    return table.added, table.removed, table.changed, table.by_column


def test_rows_and_columns_that_differ_are_told_up_to_where_the_live_rows_stand(folder: Path) -> None:
    with opened(folder, Second) as live:
        table = only(live)
    assert (table.change, table.rows_before, table.rows_after) == ("changed", 9, 6)
    assert told(table) == (0, 3, 6, {"amount": 1, "placed": 6, "channel": 6})
    columns = {one.column: (one.kind, one.was) for one in table.columns}
    assert columns == {
        "buyer": ("renamed", "customer"),
        "amount": ("changed", ""),
        "placed": ("added", ""),
        "channel": ("removed", ""),
    }
    assert table.details == ["removed by: none -> Paid", "events: Placed -> Paid, Placed"]
    amount = next(e for e in table.examples if "amount" in e.columns)
    assert amount.before is not None
    assert amount.after is not None
    assert (amount.key, amount.before["amount"], amount.after["amount"]) == ("order-1", 1, 2)
    assert table.publications == ["delta"]
    assert table.events
    assert table.bytes > 0
    assert table.rebuild_seconds is not None


def test_what_a_plan_tells_is_what_a_rebuild_makes(folder: Path) -> None:
    with opened(folder, First) as live:
        live.catch_up()
        before = {row["order"]: row for row in live.table(First).rows()}
    with opened(folder, Second) as live:
        table = only(live)
        live.table(Second).rebuild()
        after = {row["order"]: row for row in live.table(Second).rows()}
        assert only(live).change == "unchanged"
    assert (table.added, table.removed) == (
        len(after.keys() - before.keys()),
        len(before.keys() - after.keys()),
    )
    changed = [k for k in before.keys() & after.keys() if before[k]["amount"] != after[k]["amount"]]
    assert table.by_column["amount"] == len(changed)


def test_a_plan_writes_nothing(folder: Path) -> None:
    def everything() -> dict[str, str]:
        found = {
            str(f): sha256(f.read_bytes()).hexdigest() for f in (folder / "lake").rglob("*") if f.is_file()
        }
        for name in ("log.db", "log.db.state"):
            file = apsw.Connection(str(folder / name))
            found[name] = sha256("".join(map(str, file.execute(DUMP))).encode()).hexdigest()
            tables = [name for (name,) in file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
            for table in tables:
                rows = file.execute(f'SELECT * FROM "{table}"').fetchall()
                found[f"{name} {table}"] = repr(rows)
        return found

    before = everything()
    for tables in ([Second], [Customers], [Purchases], [First], [Second, Another]):
        with opened(folder, *tables) as live:
            live.plan()
            live.plan(sample=2)
    assert everything() == before


DUMP = "SELECT type, name, sql FROM sqlite_schema ORDER BY name"


class Another(ef.Table, category="order"):
    order = ef.key()
    placed = ef.count(Placed)
    view = ef.view(orders=ef.count())


def test_new_removed_renamed_and_unchanged(folder: Path) -> None:
    with opened(folder, First) as live:
        plan = live.plan()
        assert plan.empty
        assert [t.change for t in plan.tables] == ["unchanged"]
    with opened(folder, Another) as live:
        plan = live.plan()
        assert [(t.table, t.change) for t in plan.tables] == [("another", "new"), ("orders", "removed")]
        assert plan.tables[0].views == ["view"]
        assert not plan.empty
        assert [t.change for t in live.plan("orders").tables] == ["removed"]
        with pytest.raises(TableNotFound, match="orders"):
            live.plan("customers")
    with opened(folder, Purchases) as live:
        table = only(live)
        assert (table.table, table.change, table.was) == ("purchases", "renamed", "orders")
        assert told(table) == (0, 0, 0, {})
        assert (table.columns, table.details) == ([], [])


def test_another_key_is_other_rows(folder: Path) -> None:
    with opened(folder, Customers) as live:
        table = only(live)
    assert told(table)[:3] == (3, 9, 0)
    assert table.details[1].startswith("key: order the stream -> customer key(Placed.customer)")


@pytest.mark.parametrize("of", [Second, Customers])
def test_a_sample_is_compared_alone(folder: Path, of: type[ef.Table]) -> None:
    with opened(folder, of) as live:
        table, whole = only(live, sample=4), only(live)
        assert table.sampled == 4
        assert table.added + table.removed + table.changed <= 4
        assert told(only(live, sample=1000)) == told(whole)
        with pytest.raises(RangeInvalid):
            live.plan(sample=0)


def test_what_is_parked_or_skipped_is_left_out_of_both(tmp_path: Path) -> None:
    class Numbers(ef.Table, category="order", name="orders"):
        order = ef.key()
        number = ef.last(Placed.customer, "int64")

    class Texts(ef.Table, category="order", name="orders"):
        order = ef.key()
        number = ef.last(Placed.customer)

    class Short(ef.Table, category="order", name="orders"):
        order = ef.key()
        number = ef.last(Placed.customer)
        amount = ef.last(Placed.amount, "decimal(1,0)")

    with opened(tmp_path, Numbers) as live:
        for n, customer in enumerate(["1", "x", "y"]):
            event = live.app.registry.encode(Placed(customer=customer, amount=n * 10))
            live.store.append(f"order-{n}", [event], expected=0)
            live.store.append(
                f"order-{n}", [live.app.registry.encode(Placed(customer="7", amount=n))], expected=1
            )
        live.catch_up()
        live.table("orders").skip("order-2", "it is wrong")
    for sample in (None, 10):
        with opened(tmp_path, Texts) as live:
            table = only(live, sample=sample)
            # of order-1 nothing was folded, of order-2 what came after the skipped event
            assert (table.rows_before, table.rows_after, table.waiting, table.skipped) == (2, 2, 1, 1)
            assert table.parked == 0
        with opened(tmp_path, Short) as live:
            assert only(live, sample=sample).parked == 0
    with opened(tmp_path, Numbers) as live:
        event = live.app.registry.encode(Placed(customer="5", amount=50))
        live.store.append("order-50", [event], expected=0)
        live.catch_up()
    with opened(tmp_path, Short) as live:
        table = only(live)
        assert table.parked == 1
        assert "decimal(1,0)" in table.failing["order-50"]


def test_rows_of_an_earlier_release_are_not_compared(folder: Path) -> None:
    with apsw.Connection(str(folder / "log.db.state")) as file:
        file.execute("UPDATE tables SET definition = ''")
    with opened(folder, Second) as live:
        table = only(live)
    assert (table.change, table.compared, len(table.notes)) == ("changed", False, 1)


def test_a_fold_in_python_is_known_by_its_name(tmp_path: Path) -> None:
    class Folded(ef.Table, category="order", name="orders"):
        order = ef.key()
        amount = ef.column("int64")

        @staticmethod
        def fold(row: dict[str, Any] | None, event: Any) -> dict[str, Any]:
            return {"amount": (row or {}).get("amount", 0) + event.amount}

    with opened(tmp_path, Folded) as live:
        place(live, 1, paid=True)
        live.catch_up()
        table = only(live)
        assert table.change == "unchanged"
        assert "known by its name" in table.notes[0]
    with opened(tmp_path, Second) as live:
        table = only(live)
        assert (table.removed, table.details[-1].split(":")[0]) == (1, "fold")


def test_a_name_before_is_checked(folder: Path) -> None:
    wrong: Any
    for wrong in ("purchases", "Orders", 7, "a b"):
        with pytest.raises(TableInvalid, match="renamed"):
            type("Purchases", (ef.Table,), {"before": ef.renamed(wrong), "k": ef.key(), "n": ef.count(Paid)})
    with pytest.raises(DefinitionError, match="renamed"):
        opened(folder, First, Purchases)
    with pytest.raises(DefinitionError, match="renamed"):
        opened(folder, Purchases, First)
