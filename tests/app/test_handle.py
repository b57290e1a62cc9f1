"""What `handle` does of deadlines, as if it were later."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.errors import TimeInvalid


class Placed(ef.Event):
    pass


class Paid(ef.Event):
    pass


class Order(ef.Aggregate[Placed | Paid]):
    def place(self) -> None:
        self.raise_event(Placed())

    def pay(self) -> None:
        self.raise_event(Paid())

    def apply(self, event: Placed | Paid) -> None:
        pass


reminded: list[str] = []


@ef.notify(Placed, to="mail", when=ef.after(hours=24, unless=Paid))
def remind(event: Placed, message: ef.Message) -> str:
    return message.stream


@pytest.fixture
def live() -> Iterator[Live]:
    reminded.clear()
    app = ef.App("shop", aggregates=[Order], handlers=[remind])
    with app.open("sqlite://", targets={"mail": lambda payload, _: reminded.append(payload)}) as live:
        yield live


def test_a_deadline_is_done_as_if_it_were_later_and_once(live: Live) -> None:
    orders = live.repository(Order)
    for name in ("order-1", "order-2"):
        orders.execute(name, Order.place)
    live.handle()
    orders.execute("order-2", Order.pay)
    now = datetime.now(UTC)
    live.handle(at=now + timedelta(hours=23))
    assert reminded == []
    live.handle(at=now + timedelta(hours=25))
    live.handle(at=now + timedelta(hours=26))
    live.handle()
    assert reminded == ["order-1"]


def test_what_is_handled_as_if_it_were_later_may_be_due_at_once(live: Live) -> None:
    live.repository(Order).execute("order-3", Order.place)
    done = live.handle(at=datetime.now(UTC) + timedelta(hours=25))
    assert (reminded, done.warnings) == (["order-3"], [])
    assert [one.events for one in done.handlers] == [1]


def test_a_time_without_a_zone_is_refused(live: Live) -> None:
    with pytest.raises(TimeInvalid):
        live.handle(at=datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake
