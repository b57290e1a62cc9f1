"""A log, its topic, and an app that is opened on the one, on both, or on the topic alone."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

import eventfold as ef
from eventfold.app.live import Live
from eventfold.bus.kafka.topic import KafkaTopic
from eventfold.bus.relay.relay import Relay
from eventfold.events.envelope import NewEvent
from eventfold.events.ids import new_id
from eventfold.feed.loop import catch_up
from eventfold.store.open import open_store
from eventfold.store.port import ANY
from tests.handlers.app.shop import Cancelled, Created, Order, Paid

On = Literal["log", "bus", "topic"]


class Totals(ef.Table, category="order"):
    order_id = ef.key()
    total = ef.first(Created.total)
    paid = ef.sum(ef.field(Paid, "amount"), "decimal(18,2)")
    events = ef.count()
    status = ef.last({Created: "open", Paid: "paid", Cancelled: "gone"})
    changed_at = ef.last(ef.recorded_at)
    changed_by = ef.last(ef.actor)
    search = ef.search(facets=[status])


class ByReason(ef.Table, events=[Cancelled]):
    """Its key spans streams."""

    reason = ef.key(Cancelled.reason)
    orders = ef.count()


@ef.notify(Created, to="desk", since="start")
def tell(event: Created, message: ef.Message) -> dict[str, object]:
    if event.total < 0:
        raise ValueError("no order costs less than nothing")
    return {"order": message.stream, "key": message.key}


@ef.react(Paid)
def thank(event: Paid, message: ef.Message) -> None:
    return None


class Scene:
    """What is told stands in `told`, by stream.

    Args:
        folder: of the log and of states.
        client: of the broker.
        topic: its name.
    """

    def __init__(self, folder: Path, client: dict[str, Any], topic: str) -> None:
        self.folder, self.client, self.topic = folder, client, topic
        self.log = f"sqlite:///{folder}/log.db"
        self.bus = f"kafka://{client['bootstrap.servers']}/{topic}"
        self.told: list[str] = []

    def open(self, app: ef.App, on: On, place: str = "a", *, lake: bool = False) -> Live:
        return app.open(
            self.bus if on == "topic" else self.log,
            state=f"sqlite:///{self.folder}/{place}.state",
            lake=str(self.folder / place) if lake else None,
            targets={"desk": lambda payload, message: self.told.append(message.stream)},
            bus=self.bus if on == "bus" else None,
        )

    def append(self, stream: str, *events: tuple[str, str] | tuple[str, str, int]) -> None:
        """Events by type, data as JSON, and schema version."""
        with open_store(self.log) as store:
            made = [
                NewEvent(id=new_id(), type=name, data=data, schema_version=more[0] if more else 1)
                for name, data, *more in events
            ]
            store.append(stream, made, expected=ANY)

    def order(self, *numbers: int, total: int = 10) -> None:
        """Creates orders."""
        with closing(app.open(self.log, state="sqlite://")) as live:
            for n in numbers:
                live.repository(Order).execute(f"order-{n}", Order.create, total)

    def relay(self, topic: str = "") -> None:
        """Once, to the end."""
        with (
            open_store(self.log) as store,
            closing(KafkaTopic(self.client, topic or self.topic, mode="plain")) as there,
        ):
            catch_up([Relay(store, there, page=50)])

    def forget(self) -> None:
        """Retention takes all but the last records of progress."""
        with closing(KafkaTopic(self.client, self.topic)) as topic:
            ends = [
                TopicPartition(self.topic, n, max(0, topic.bounds(n).end - 2)) for n in range(topic.count())
            ]
        admin = AdminClient(self.client)
        for answer in admin.delete_records(ends).values():
            answer.result(30)


app = ef.App("shop", aggregates=[Order], tables=[Totals, ByReason])
with_handlers = ef.App("shop", aggregates=[Order], handlers=[tell, thank])
everything = ef.App("shop", aggregates=[Order], tables=[Totals, ByReason], handlers=[tell])
telling = ef.App("shop", aggregates=[Order], handlers=[tell])


def standing(live: Live) -> Sequence[Any]:
    """What of a table must be the same wherever it is followed: rows, types, place, definition."""
    found = []
    for table in live.tables:
        head, frame = table.live().head(), table.frame()
        places = {name: (mark.position, mark.event) for name, mark in head.cursor.marks.items()}
        found.append(
            (frame.schema, frame.to_pylist(), head.cursor.log, places, head.fingerprint, head.generation)
        )
    return found
