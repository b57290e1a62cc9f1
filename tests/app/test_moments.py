"""Python takes the times that the command line takes, and says of a naive one what to do."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import eventfold as ef
from eventfold.app.tables import LiveTable
from eventfold.errors import RangeInvalid, TimeInvalid
from eventfold.events.metadata import metadata_text
from eventfold.readmodels.asking.asof import AsOf, History
from examples.orders.app import order_book as shop
from examples.orders.domain import Item, Order

TOMORROW = datetime.now(UTC) + timedelta(days=2)
SAME = [
    TOMORROW,
    TOMORROW.date(),
    TOMORROW.isoformat(),
    TOMORROW.date().isoformat(),
    TOMORROW.isoformat()[:19],
]
NAIVE = datetime(2026, 3, 31, 12, tzinfo=UTC).replace(tzinfo=None)


@pytest.mark.parametrize("time", SAME, ids=["aware", "day", "text", "day as text", "text without a zone"])
def test_a_moment_is_a_time_a_day_or_either_as_text(tmp_path: Path, time: datetime | date | str) -> None:
    with shop.open(f"sqlite:///{tmp_path}/log.db") as live:
        live.repository(Order).execute("order-1", Order.create, "c", [Item("mug", 1, Decimal("2.50"))])
        live.catch_up()
        table = live.table("orders")
        assert len(table.at(time=time).rows()) == 1
        assert len(table.at(time=time, clock="occurred").rows()) == 1
        assert table.diff("2001-01-01", time).added.num_rows == 1
        assert live.repository(Order).at("order-1", time=time).version == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda table: table.at(position=1, clock="occurred"),
        lambda table: table.at(position=1, clock="happened"),
        lambda table: table.at(
            position=1, cursor=table.at(position=1).cursor, time=TOMORROW, clock="occurred"
        ),
        lambda table: table.diff(1, "now", clock="occurred"),
        lambda table: table.diff(table.at(time=TOMORROW, clock="occurred"), clock="occurred"),
        lambda table: table.diff(TOMORROW, "now", clock="happened"),
    ],
    ids=[
        "no time",
        "no clock",
        "two places",
        "no time in a diff",
        "an answer is no time",
        "no clock in a diff",
    ],
)
def test_a_clock_that_says_nothing_is_refused(tmp_path: Path, call: Callable[[LiveTable], object]) -> None:
    with shop.open(f"sqlite:///{tmp_path}/log.db") as live:
        live.repository(Order).execute("order-1", Order.create, "c", [Item("mug", 1, Decimal("2.50"))])
        with pytest.raises(RangeInvalid):
            call(live.table("orders"))


def test_now_is_one_moment_for_both_sides_of_a_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shop.open(f"sqlite:///{tmp_path}/log.db") as live:
        orders, fold = live.repository(Order), History.occurred
        orders.execute("order-1", Order.create, "c", [Item("mug", 1, Decimal("2.50"))])

        def slowly(self: History, *arguments: Any) -> AsOf:
            found = fold(self, *arguments)
            orders.execute("order-2", Order.create, "c", [Item("mug", 1, Decimal("2.50"))])
            return found

        monkeypatch.setattr(History, "occurred", slowly)
        assert len(live.table("orders").diff(TOMORROW, "now", clock="occurred")) == 0


def test_an_answer_knows_its_moment(tmp_path: Path) -> None:
    with shop.open(f"sqlite:///{tmp_path}/log.db") as live:
        live.repository(Order).execute("order-1", Order.create, "c", [Item("mug", 1, Decimal("2.50"))])
        table = live.table("orders")
        assert repr(table.at(time="2001-01-01T02:00:00+02:00")) == (
            "<Table orders as recorded up to 2001-01-01 00:00:00Z: 0 rows>"
        )
        found = table.at(time=TOMORROW, clock="occurred")
        assert (found.time, found.clock) == (TOMORROW, "occurred")
        assert repr(found).startswith("<Table orders as occurred up to ")
        assert repr(table.at(position=1)) == "<Table orders at position 1: 1 row>"


def test_what_is_no_moment_says_so(tmp_path: Path) -> None:
    with shop.open(f"sqlite:///{tmp_path}/log.db") as live:
        live.repository(Order).execute("order-1", Order.create, "c", [Item("mug", 1, Decimal("2.50"))])
        table = live.table("orders")
        for call in (lambda t: table.at(time=t), lambda t: live.repository(Order).at("order-1", time=t)):
            with pytest.raises(TimeInvalid, match="tzinfo=UTC"):
                call(NAIVE)
            with pytest.raises(TimeInvalid, match="ISO 8601"):
                call("soon")


def test_a_uuid_in_the_context_is_kept_as_its_text() -> None:
    number = UUID(int=7)
    with ef.context(actor=number, correlation_id=number, tenant=number):
        text = metadata_text(None)
    with closing(ef.open_store("sqlite://")) as store:
        store.append("note-1", [ef.NewEvent(ef.new_id(), "Noted", 1, "{}", text)], expected=0)
        (event,) = store.read("note-1")
        assert event.metadata_map() == dict.fromkeys(("actor", "correlationId", "tenant"), str(number))
