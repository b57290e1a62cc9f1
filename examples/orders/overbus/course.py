"""The same orders, with a topic between the log and everyone who follows it.

A relay brings every event to the topic and is killed on the way; tables and handlers follow the topic in a process of
their own. At the end a judge counts what arrived.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
from rich.console import Console

import eventfold as ef
from eventfold.app.live import Live
from eventfold.imports.publicevents import take_file
from eventfold.store.open import open_store
from examples.orders.domain import Order
from examples.orders.overbus.judge import Counts, Seen, count
from examples.orders.overbus.outcomes import outcomes
from examples.orders.overbus.places import Log
from examples.orders.overbus.shop import shop
from examples.orders.overbus.topic import arrived
from examples.orders.overbus.waiting import Waiting
from examples.orders.overbus.workers import workers, write_settings
from examples.orders.postoffice import post_office
from examples.orders.proof import everything
from examples.orders.today import payment

FIRST, SECOND, FOLLOWERS = "relay 1", "relay 2", "tables and handlers"
RELAY = ("--json", "relay", "--every", "0.5")
"""Orders come one by one here: a transaction for each few would take the broker more than all that follows."""
RAW, FEED = "the topic, read by a plain consumer of Kafka", "the topic, read by tables and handlers"
_UNPAID = 12
"""Of so many orders one is not paid."""
Fill = Callable[[Live, Callable[[int, int], object]], None]


class Course(msgspec.Struct, frozen=True):
    """How it went.

    Attributes:
        events: of the log.
        counts: by what was counted: the topic, then what handlers did.
        relayed: events that each relay sent.
    """

    events: list[ef.RecordedEvent]
    counts: dict[str, Counts]
    relayed: tuple[int, int]

    @property
    def wrong(self) -> list[str]:
        """What is wrong, in words."""
        return [line for what, counts in self.counts.items() for line in counts.wrong(what)]


@contextmanager
def over_the_bus(
    console: Console, log: Log, bus: str, folder: Path, fill: Fill
) -> Iterator[tuple[Live, Course]]:
    """The shop after its orders have come through, still open; all processes have ended.

    Args:
        console: is told what happens.
        log: where events are written.
        bus: the URL of the topic.
        folder: for what is left to look at.
        fill: executes commands, and tells after each its number and how many there are.

    Raises:
        DemoFailed: something did not come through, or a process has ended.
    """
    shipments, payments = folder / "shipments.jsonl", folder / "payments.jsonl"
    with ExitStack() as closing:
        office = closing.enter_context(post_office(folder / "mails"))
        targets = {"mail": office.url, "shipments": shipments.absolute().as_uri()}
        write_settings(folder, store=log.url, targets=targets)
        own = closing.enter_context(open_store(log.url))
        lake, state = f"{folder}/lake", f"sqlite:///{folder}/shop.db.state"
        live = closing.enter_context(shop.open(log.url, lake=lake, state=state, targets=targets, bus=bus))
        live.repository(Order)  # handlers begin here, before the first order
        crew = closing.enter_context(workers(folder, bus, console))
        waiting = Waiting(console, crew, live, own)
        first = crew.start(FIRST, *RELAY)
        waiting.until_led("A relay begins", bus.rpartition("/")[2])
        crew.start(SECOND, *RELAY)
        crew.start(FOLLOWERS, "run", "--every", "10")

        def between(number: int, total: int) -> None:
            if log.split is not None and number == total // 3:
                console.print(f"A partition of the container was split; it has {log.split()} now.")
            if number == total // 2:
                waiting.until_sent("The relay sends")
                crew.kill(FIRST)
                console.print(f"Relay 1 was killed (kill -9 {first}); relay 2 takes over.")

        fill(live, between)
        waiting.until_through("The table comes to the end of the log")
        pay(live, payments)
        waiting.until_through("Payments come in, and the handlers come to their end", handlers=True)
        crew.stop(FOLLOWERS)
        with console.status("The table is published ..."):
            live.catch_up()
        sent = json.loads(crew.stop(SECOND).splitlines()[-1])["sent"]
        with console.status("The judge reads log and topic ..."):
            events = everything(own.feed())
            told = [_seen(event) for event in events]
            counts = {
                RAW: count(told, arrived(bus)),
                FEED: count(told, map(_seen, everything(live.store.feed()))),
                **outcomes(events, office.mails, shipments, payments),
            }
        yield live, Course(events, counts, (len(events) - sent, sent))


def pay(live: Live, file: Path) -> None:
    """The payment service takes what the table of orders says, and tells in a file who has paid."""
    rows = live.query(
        "SELECT order_id, total_amount, currency FROM orders WHERE status IN ('Confirmed', 'Shipped') ORDER BY order_id"
    ).rows()
    lines = [
        payment(row["order_id"], row["total_amount"], row["currency"])
        for row in rows
        if int(row["order_id"][-5:]) % _UNPAID
    ]
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    take_file(live.store, "payments", file)


def _seen(event: ef.RecordedEvent) -> Seen:
    return Seen(str(event.id), event.stream, event.version)
