"""An apply puts the rows of a new definition in the place of the old ones; a rollback is the way back."""

import threading
from pathlib import Path
from typing import Any
from unittest.mock import patch

import apsw
import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.errors import RollbackRefused, StaleCursor, TableInvalid
from eventfold.readmodels.port import Changes
from eventfold.readmodels.sqlite.state import SqliteState
from tests.readmodels.planning.changing import Customers, First, Placed, Purchases, Second, opened, place
from tests.trust.applies import apart


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six orders of which two are paid, folded and published by the first definition."""
    with opened(tmp_path, First) as live:
        for n in range(6):
            place(live, n, paid=n % 3 == 0)
        live.catch_up()
    return tmp_path


def published(live: Live, table: str = "orders") -> list[dict[str, Any]]:
    publication: Any = live.table(table).publication
    rows: list[dict[str, Any]] = publication.rows(publication.head().number).sort_by("order").to_pylist()
    return rows


def whole(live: Live, table: type[ef.Table]) -> None:
    """Rows and published rows are those of a fold from nothing, and nothing else is wrong."""
    assert live.verify().ok
    found = live.table(table)
    assert found.rows() == found.at(cursor=live.store.feed().end()).rows()


def test_rows_are_swapped_and_published_in_one_version_and_the_old_ones_kept(folder: Path) -> None:
    with opened(folder, Second) as live:
        before = live.table(Second).publication
        assert before is not None
        versions = before.versions()
        place(live, 7)
        (done,) = live.apply()
        assert (done.change, done.generation, done.rows) == ("changed", 2, 5)
        whole(live, Second)
        assert [row["buyer"] for row in published(live)] == [
            row["buyer"] for row in live.table(Second).rows()
        ]
        assert len(set(before.versions()) - set(versions)) == 1
        plan = live.plan()
        assert plan.empty
        assert [(k.table, k.generation) for k in plan.kept] == [("orders", 1)]
        assert plan.kept[0].bytes > 0
        assert live.status().tables[0].kept == plan.kept[0].bytes
        assert [one.change for one in live.apply()] == ["unchanged"]


def test_the_old_code_goes_on_from_where_its_rows_stood(folder: Path) -> None:
    with opened(folder, Second) as live:
        live.apply()
        place(live, 7)
        place(live, 2)
        live.catch_up()
        with pytest.raises(RollbackRefused, match="deploy the earlier code first"):
            live.table(Second).rollback()
    with opened(folder, First) as live:
        with pytest.raises(TableInvalid):
            live.catch_up()
        done = live.table(First).rollback()
        assert (done.generation, done.rows, done.lag) == (3, 6, 2)
        with pytest.raises(RollbackRefused):
            live.table(First).rollback()
        live.catch_up()
        whole(live, First)
        assert [row["channel"] for row in published(live)] == ["shop"] * 7
    with opened(folder, Second) as live:  # and on with the new code again
        assert [k.generation for k in live.plan().kept] == [2]
        assert live.table(Second).rollback().generation == 4
        live.catch_up()
        whole(live, Second)


def test_a_kept_generation_is_dropped_by_the_next_apply_or_a_word(folder: Path) -> None:
    with opened(folder, Second) as live:
        live.apply()
    with opened(folder, Customers) as live:
        live.apply()
        assert [k.generation for k in live.plan().kept] == [2]
        live.apply(keep=False)
        assert not live.plan().kept
    with opened(folder, First) as live, pytest.raises(RollbackRefused, match="eventfold apply orders"):
        live.table(First).rollback()
    assert rows_tables(folder) == ["orders__3"]


def rows_tables(folder: Path) -> list[str]:
    file = apsw.Connection(str(folder / "log.db.state"))
    query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '%\\_\\__' ESCAPE '\\'"
    return sorted(str(name) for (name,) in file.execute(query))


def test_rows_are_not_taken_back_when_events_were_skipped_since(tmp_path: Path) -> None:
    class Numbers(ef.Table, category="order", name="orders"):
        order = ef.key()
        number = ef.last(Placed.customer, "int64")

    with opened(tmp_path, First) as live:
        place(live, 1)
        live.catch_up()
    with opened(tmp_path, Numbers) as live:
        (done,) = live.apply()
        assert done.parked == 1
        live.table(Numbers).skip("order-1", "no number")
    with opened(tmp_path, First) as live, pytest.raises(RollbackRefused, match="skipped"):
        live.table(First).rollback()


def test_a_renamed_table_takes_the_place_and_the_decisions_of_the_old_one(tmp_path: Path) -> None:
    class Numbers(ef.Table, category="order", name="orders"):
        order = ef.key()
        number = ef.last(Placed.customer, "int64")

    class Amounts(ef.Table, category="order"):
        before = ef.renamed("orders")
        order = ef.key()
        number = ef.last(Placed.customer, "int64")

    with opened(tmp_path, Numbers) as live:
        place(live, 1)
        live.store.append("order-2", [live.app.registry.encode(Placed(customer="7", amount=1))], expected=0)
        live.catch_up()
        live.table(Numbers).skip("order-1", "no number")
    with opened(tmp_path, Amounts) as live:
        (done,) = live.apply()
        assert (done.change, done.rows, done.parked) == ("renamed", 1, 0)
        whole(live, Amounts)
        assert live.plan().empty
    with opened(tmp_path, Numbers) as live:
        with pytest.raises(TableInvalid, match="eventfold rollback orders"):
            live.catch_up()
        assert live.table(Numbers).rollback().rows == 1
        live.catch_up()
        whole(live, Numbers)


def test_a_table_that_went_is_taken_out_of_sight_and_kept(folder: Path) -> None:
    with opened(folder, Purchases) as live:
        live.apply()
        assert live.plan().empty
    with opened(folder) as live:
        assert [one.change for one in live.apply("purchases")] == ["removed"]
        assert [k.table for k in live.plan().kept] == ["orders", "purchases"]
        assert live.plan().empty
    with opened(folder, First) as live, pytest.raises(TableInvalid, match="eventfold rollback orders"):
        live.catch_up()
    assert (folder / "lake" / "purchases").is_dir()
    with opened(folder, Purchases) as live:
        live.table(Purchases).rollback()
        live.catch_up()
        whole(live, Purchases)
        live.apply("purchases", keep=False)
        assert not live.plan().kept
    with opened(folder, First) as live:
        assert [one.change for one in live.apply()] == ["new", "removed"]
        live.apply(keep=False)
    assert rows_tables(folder) == ["orders__2"]


def test_a_worker_of_the_old_rows_cannot_write_them_any_more(folder: Path) -> None:
    with opened(folder, First) as old, opened(folder, Second) as new:
        state = old.table(First).live()
        head = state.head()
        new.apply()
        with pytest.raises(StaleCursor):
            state.commit(Changes(), read=head.cursor, then=head.cursor)
        with pytest.raises(StaleCursor):
            state.acquire("somebody", 30)
        with pytest.raises(TableInvalid):
            old.catch_up()


def test_what_moves_while_it_is_applied_is_in_the_new_rows(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(folder, First) as old, opened(folder, Second) as new:
        table: Any = new.table(Second)
        swap, moved = table._state.swap, list[int]()

        def late(*arguments: Any, **named: Any) -> None:
            if len(moved) < 2:
                moved.append(1)
                place(old, 20 + len(moved))
                old.catch_up()
            swap(*arguments, **named)

        monkeypatch.setattr(table._state, "swap", late)
        (done,) = new.apply()
        assert done.rows
        assert {"order-21", "order-22"} <= {row["order"] for row in table.rows()}
        whole(new, Second)


def test_what_was_swapped_and_not_published_is_published_by_the_next_apply(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(folder, Second) as live:
        publication: Any = live.table(Second).publication

        def gone(*_: Any, **__: Any) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(publication, "overwrite", gone)
            with pytest.raises(KeyboardInterrupt):
                live.apply()
    with opened(folder, First) as live:
        assert "channel" in published(live)[0]
    with opened(folder, Second) as live:
        assert [one.change for one in live.apply()] == ["unchanged"]
        assert "buyer" in published(live)[0]
        whole(live, Second)


def seen(folder: Path) -> tuple[set[str], int]:
    """What readers of the view see while tables are applied and rolled back, and how often they looked."""
    found, looks, done = set[str](), 0, threading.Event()

    def read() -> None:
        nonlocal looks
        file = apsw.Connection(str(folder / "log.db.state"))
        file.set_busy_timeout(10_000)
        while not done.is_set():
            looks += 1
            try:
                rows = file.execute('SELECT * FROM orders ORDER BY "order"')
                found.add(repr(([name for name, _ in rows.get_description()], rows.fetchall())))
            except apsw.SQLError:
                found.add("no table")

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for _ in range(3):
            with opened(folder, Second) as live:
                live.apply()
            with opened(folder, First) as live:
                live.table(First).rollback()
    finally:
        done.set()
        reader.join()
    return found, looks


def test_readers_see_the_old_rows_or_the_new_ones_and_never_a_mix(folder: Path) -> None:
    found, looks = seen(folder)
    assert len(found) <= 2, found
    assert "no table" not in found
    assert looks > 10


def test_control_a_swap_in_two_transactions_is_seen(folder: Path) -> None:
    with patch.object(SqliteState, "swap", apart):
        assert "no table" in seen(folder)[0]
