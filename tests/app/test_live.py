"""The app from end to end: commands, tables, publication, questions, parking, rebuilds, the loop."""

import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from deltalake import DeltaTable
from msgspec import structs

import eventfold as ef
from eventfold.app.live import Live
from eventfold.app.tables import LiveTable
from eventfold.errors import (
    DefinitionError,
    NotFound,
    OwnerFenced,
    QueryInvalid,
    RangeInvalid,
    RowNotFound,
    StorageFailed,
    TableBehind,
    TableInvalid,
    TableNotFound,
    UnsupportedUrl,
)
from eventfold.events.envelope import to_us
from examples.orders.domain import Item, Order, OrderCancelled, OrderConfirmed, OrderCreated
from examples.orders.tables import Orders

ITEM = Item("sku", 2, Decimal("1.25"))
SQL = "SELECT status, count(*) AS n, sum(total_amount) AS total FROM orders GROUP BY 1 ORDER BY 1"


class PerCustomer(ef.Table, category="order"):
    customer = ef.key(OrderCreated.customer_id)
    orders = ef.count(OrderCreated)


class Strict(ef.Table, category="order"):
    order_id = ef.key()
    units = ef.last(ef.field(OrderCancelled, "reason"), "int64")
    status = ef.last({OrderCreated: "Created", OrderConfirmed: "Confirmed"})


SHOP = ef.App("shop", aggregates=[Order], tables=[Orders, PerCustomer, Strict])


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with SHOP.open(f"sqlite:///{tmp_path}/shop.db", lake=str(tmp_path / "lake")) as live:
        yield live


def create(live: Live, *numbers: int) -> None:
    for n in numbers:
        live.repository(Order).execute(f"order-{n}", Order.create, f"c-{n % 2}", [ITEM])


def test_commands_become_rows_in_state_and_lake(live: Live) -> None:
    create(live, 1, 2, 3)
    live.repository(Order).execute("order-2", Order.confirm)
    live.catch_up()
    wanted = [
        {"status": "Confirmed", "n": 1, "total": Decimal("2.50")},
        {"status": "Created", "n": 2, "total": Decimal("5.00")},
    ]
    assert live.query(SQL).rows() == wanted
    published = live.table(Orders).publication
    assert published is not None
    assert published.rows(0) is not None
    assert live.table("per_customer").get("c-1")["orders"] == 2


def test_rows_of_the_state_that_are_not_published_yet_are_in_every_answer(live: Live) -> None:
    create(live, 1, 2)
    live.catch_up()
    projector = live.table(Orders)._projector()
    live.repository(Order).execute("order-2", Order.confirm)
    create(live, 3)
    projector.step()
    assert [row["n"] for row in live.query(SQL).rows()] == [1, 2]


def test_a_query_reads_and_nothing_else(live: Live) -> None:
    create(live, 1)
    live.catch_up()
    refused = [
        "DELETE FROM orders",
        "SELECT 1; SELECT 2",
        "SELECT * FROM read_csv('/etc/hostname')",
        "COPY orders TO 'x.csv'",
        "SET memory_limit = '1GB'",
        "SELECT nothing FROM orders",
        "SELEC",
        "SELECT '\ud800'",
        "SELECT 1 AS a, 2 AS a",
        "",
    ]
    for sql in refused:
        with pytest.raises(QueryInvalid):
            live.query(sql)
    assert live.query("SELECT status FROM orders WHERE order_id = ?", ["order-1"]).rows() == [
        {"status": "Created"}
    ]
    injected = live.query("SELECT status FROM orders WHERE order_id = $id", {"id": "x' OR '1'='1"})
    assert len(injected) == 0
    assert list(live.query("SELECT order_id, status FROM orders")) == [("order-1", "Created")]


def test_why_shows_the_row_before_and_after_each_event(live: Live) -> None:
    create(live, 1, 3)
    live.repository(Order).execute("order-1", Order.confirm)
    steps = live.table(Orders).why("order-1")
    assert [(s.event.type, (s.before or {}).get("status"), (s.after or {}).get("status")) for s in steps] == [
        ("OrderCreated", None, "Created"),
        ("OrderConfirmed", "Created", "Confirmed"),
    ]
    spanning = live.table(PerCustomer).why("c-1")
    assert [(s.after or {})["orders"] for s in spanning] == [1, 2]
    assert live.table(Orders).why("order-77") == []


def test_a_poisoned_stream_waits_is_seen_retried_and_skipped_with_a_reason(live: Live) -> None:
    create(live, 1, 2)
    live.repository(Order).execute("order-1", Order.cancel, reason="not a number")
    live.catch_up()
    strict = live.table(Strict)
    assert strict.parked()["order-1"].code == "value-unfit"
    assert [t.parked for t in live.status().tables] == [0, 0, 1]
    assert live.status().warnings == ["strict: 1 stream is parked"]
    assert strict.why("order-1")[-1].note.startswith("parked: ")
    assert not strict.retry("order-1")
    with pytest.raises(RangeInvalid):
        strict.skip("order-1", " ")
    with ef.context(actor="anna"):
        assert strict.skip("order-1", "typing error")
    assert strict.parked() == {}
    (skipped,) = strict.live().skips()
    assert (skipped.actor, skipped.reason) == ("anna", "typing error")
    assert strict.why("order-1")[-1].note == "skipped"
    with pytest.raises(NotFound):
        strict.retry("order-1")
    live.catch_up()
    before = strict.at(position=3).rows()
    strict.rebuild()
    assert strict.at(position=3).rows() == before
    assert strict.parked() == {}


def test_a_rebuild_is_a_new_generation_with_the_same_rows(live: Live) -> None:
    create(live, 1, 2, 3)
    live.catch_up()
    orders = live.table(Orders)
    before = live.query("SELECT * FROM orders ORDER BY 1").rows()
    seen: list[tuple[int, int | None]] = []
    done = orders.rebuild(progress=lambda n, of: seen.append((n, of)))
    assert (done.generation, done.events, done.rows) == (2, 3, 3)
    assert seen == [(3, 3)]
    assert live.query("SELECT * FROM orders ORDER BY 1").rows() == before
    create(live, 4)
    live.catch_up()
    assert len(live.query("SELECT * FROM orders")) == 4


def test_a_lost_state_is_folded_from_zero_where_others_changed_the_published_table(tmp_path: Path) -> None:
    url, lake = f"sqlite:///{tmp_path}/shop.db", str(tmp_path / "lake")
    with SHOP.open(url, lake=lake) as live:
        create(live, 1, 2)
        live.catch_up()
        before = live.query("SELECT * FROM orders ORDER BY 1").rows()
    DeltaTable(str(tmp_path / "lake" / "orders")).delete("order_id = 'order-1'")
    for left in tmp_path.glob("shop.db.state*"):
        left.unlink()
    with SHOP.open(url, lake=lake) as live:
        assert live.table(Orders).live().head().cursor == live.store.feed().start()
        live.catch_up()
        assert live.query("SELECT * FROM orders ORDER BY 1").rows() == before


def test_a_changed_definition_is_refused_until_it_is_rebuilt(tmp_path: Path) -> None:
    class Changed(ef.Table, category="order", name="orders"):
        order_id = ef.key()
        events = ef.count()

    url = f"sqlite:///{tmp_path}/shop.db"
    with SHOP.open(url) as live:
        create(live, 1)
        live.catch_up()
    with ef.App("shop", aggregates=[Order], tables=[Changed]).open(url) as live:
        assert "eventfold plan" in live.status().tables[0].problem
        with pytest.raises(TableInvalid, match="rebuild"):
            live.catch_up()
        live.table(Changed).rebuild()
        live.catch_up()
        assert live.query("SELECT * FROM orders").rows() == [
            {"order_id": "order-1", "_version": 1, "events": 1}
        ]


def test_rows_of_another_definition_are_neither_shown_nor_published(tmp_path: Path) -> None:
    class Finer(ef.Table, category="order", name="orders"):
        order_id = ef.key()
        total = ef.sum(OrderCreated.total_amount, "decimal(18,4)")

    class Coarser(ef.Table, category="order", name="orders"):
        order_id = ef.key()
        total = ef.sum(OrderCreated.total_amount, "decimal(18,2)")

    url, lake = f"sqlite:///{tmp_path}/shop.db", str(tmp_path / "lake")
    with ef.App("shop", aggregates=[Order], tables=[Coarser]).open(url) as live:
        create(live, 1)
        live.catch_up()
    with ef.App("shop", aggregates=[Order], tables=[Finer]).open(url, lake=lake) as live:
        with pytest.raises(TableInvalid, match="rebuild"):
            live.table(Finer).get("order-1")
        with pytest.raises(TableInvalid, match="rebuild"):
            live.query("SELECT total FROM orders")
        with pytest.raises(TableInvalid, match="rebuild"):
            live.catch_up()
        assert not (tmp_path / "lake").exists()
        assert live.query("SELECT 1 AS one").rows() == [{"one": 1}]
        live.table(Finer).rebuild()
        assert live.table(Finer).get("order-1")["total"] == Decimal("2.5000")


def test_the_loop_follows_until_it_is_told_to_stop(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    stop = threading.Event()
    worker = threading.Thread(target=live.run, args=(stop,))
    worker.start()
    try:
        done = live.repository(Order).execute("order-1", Order.create, "c-1", [ITEM])
        token = live.store.feed().end()
        assert done.version == 1
        positions = {name: mark.position for name, mark in token.marks.items()}
        answer = live.query(SQL, after=ef.Token(token.log, positions))
        assert answer.rows()[0]["n"] == 1
        with caplog.at_level(logging.ERROR), pytest.raises(OwnerFenced):
            live._workers()[0]._state.acquire("another", 1)
    finally:
        stop.set()
        worker.join(10)
    assert not worker.is_alive()
    published = live.table(Orders).publication
    assert published is not None
    assert published.head() is not None
    live.catch_up()


def test_waiting_for_what_nobody_folds_ends(live: Live) -> None:
    create(live, 1)
    token = live.store.append("order-9", [_created(live)], expected=0).token
    with pytest.raises(TableBehind):
        live.table(Orders).wait(token, 0.02)


def test_a_query_waits_for_its_tables_however_they_are_written(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = live.store.append("order-9", [_created(live)], expected=0).token
    monkeypatch.setattr(LiveTable, "wait", lambda _table, _token: live.catch_up())
    assert live.query("SELECT order_id FROM ORDERS", after=token).rows() == [{"order_id": "order-9"}]


def test_what_is_not_there_is_named(live: Live) -> None:
    with pytest.raises(TableNotFound, match="orders"):
        live.table("order")
    with pytest.raises(RowNotFound):
        live.table(Orders).get("order-0")

    class Stranger(ef.Aggregate[OrderConfirmed]):
        def apply(self, event: OrderConfirmed) -> None: ...

    with pytest.raises(DefinitionError, match="aggregates"):
        live.repository(Stranger)


@pytest.mark.parametrize("name", ["log", "tables", "parked", "skips", "deleted", "published", "sqlite_x"])
def test_a_table_with_the_name_of_one_of_the_state_is_refused(name: str) -> None:
    class Taken(ef.Table, category="order", name=name):
        order_id = ef.key()
        events = ef.count()

    with (
        ef.App("shop", aggregates=[Order], tables=[Taken]).open("sqlite://") as live,
        pytest.raises(TableInvalid, match="another name"),
    ):
        live.catch_up()


def test_an_app_that_cannot_work_is_refused_when_it_is_built() -> None:
    with pytest.raises(DefinitionError, match="called 'orders'"):
        ef.App("shop", aggregates=[Order], tables=[Orders, Orders])
    with pytest.raises(TableInvalid, match="does not know"):
        ef.App("shop", tables=[Orders])
    with pytest.raises(DefinitionError, match="category"):
        ef.App("shop", aggregates=[Order, Order])
    with pytest.raises(UnsupportedUrl):
        SHOP.open("mysql://x")
    with pytest.raises(UnsupportedUrl, match="s3") as raised:
        SHOP.open("sqlite://", lake="s3://key:secret@bucket")
    assert "secret" not in str(raised.value.as_dict())


def _created(live: Live) -> ef.NewEvent:
    event = OrderCreated(customer_id="c", currency="EUR", items=(), total_amount=Decimal(0))
    return live.app.registry.encode(event)


def test_a_lake_that_is_away_stops_no_fold(
    live: Live, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    create(live, 1)
    (worker, *_) = live._workers(every=0.0)

    def away(*_: object, **__: object) -> None:
        raise StorageFailed("the lake is away")

    with monkeypatch.context() as broken, caplog.at_level(logging.WARNING):
        broken.setattr("eventfold.readmodels.publishing.publisher.Publisher.publish", away)
        while not worker.step():
            pass
    assert "is not published now" in caplog.text
    assert live.table(Orders).get("order-1")["status"] == "Created"
    worker.finish()
    published = live.table(Orders).publication
    assert published is not None
    assert published.head() is not None


def test_a_log_whose_last_event_is_of_the_last_microsecond_of_all_has_a_status(live: Live) -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)
    live.store.append("order-1", [structs.replace(_created(live), recorded_us=to_us(last))], expected=0)
    assert live.status().last_recorded == last


def test_a_published_table_whose_files_are_gone_is_written_anew(live: Live, tmp_path: Path) -> None:
    create(live, 1, 2)
    live.catch_up()
    for file in (tmp_path / "lake" / "orders").glob("*.parquet"):
        file.unlink()
    live.repository(Order).execute("order-2", Order.confirm)
    live.catch_up()
    found = DeltaTable(str(tmp_path / "lake" / "orders")).to_pyarrow_table().sort_by("order_id")
    assert found["status"].to_pylist() == ["Created", "Confirmed"]


def test_where_the_library_can_write_no_more_the_sentence_names_a_way_out(live: Live, tmp_path: Path) -> None:
    create(live, 1)
    live.catch_up()
    folder = tmp_path / "lake" / "orders"
    DeltaTable(str(folder)).create_checkpoint()
    for file in (folder / "_delta_log").glob("*.json"):
        file.unlink()
    create(live, 2)
    with pytest.raises(StorageFailed, match="move the folder away: the table is published anew"):
        live.catch_up()
    folder.rename(tmp_path / "away")
    live.catch_up()
    assert DeltaTable(str(folder)).to_pyarrow_table().num_rows == 2


def test_what_waited_at_a_moment_has_the_id_and_place_of_its_event(live: Live) -> None:
    create(live, 1)
    live.repository(Order).execute("order-1", Order.cancel, reason="not a number")
    live.catch_up()
    waits = live.table(Strict).parked()["order-1"]
    assert waits.event_id == [str(e.id) for e in live.store.read("order-1")][-1]
    for at in (live.table(Strict).at(position=2), live.table(Strict).at(time=datetime.now(UTC))):
        assert (at.parked["order-1"].event_id, at.parked["order-1"].position) == (waits.event_id, 2)
