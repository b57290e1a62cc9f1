"""The small world of the suites of tables: boxes that are opened, filled, labelled, closed, and tables over them."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import eventfold as ef
from eventfold.app.tables import LiveTable
from eventfold.events.envelope import NewEvent
from eventfold.events.ids import new_id
from eventfold.readmodels.folding.projector import Projector
from eventfold.store.port import Store


class Opened(ef.Event, version=2):
    """The first release did not know rooms."""

    owner: str
    room: int


class Filled(ef.Event):
    """Something was put in."""

    owner: str
    n: int
    weight: Decimal


class Labelled(ef.Event):
    """Its text goes into a column of whole numbers, which not every text fits."""

    text: str


class Closed(ef.Event):
    """The row goes."""

    owner: str


@ef.upcast(Opened, 1)
def with_a_room(data: dict[str, Any]) -> dict[str, Any]:
    """Fails on data without an owner."""
    return {"owner": data["owner"], "room": 1}


EVENTS = (Opened, Filled, Labelled, Closed)


class Box(ef.Aggregate[Opened | Filled | Labelled | Closed]):
    """Decides what may happen to a box."""

    owner: str = ""
    room: int = 0
    total: int = 0
    labels: tuple[str, ...] = ()

    def open(self, owner: str, room: int) -> None:
        """Refused while it is open."""
        if self.owner:
            raise ef.InvalidOperation("the box is open")
        self.raise_event(Opened(owner=owner, room=room))

    def fill(self, *numbers: int) -> None:
        """Several fillings are one append; refused beyond what fits."""
        if not self.owner or self.total + sum(numbers) > self.room:
            raise ef.InvalidOperation("there is no room")
        for n in numbers:
            self.raise_event(Filled(owner=self.owner, n=n, weight=Decimal(n) / 4))

    def label(self, text: str) -> None:
        """Always possible."""
        self.raise_event(Labelled(text=text))

    def close(self) -> None:
        """Nothing happens where it is closed."""
        if self.owner:
            self.raise_event(Closed(owner=self.owner))

    def apply(self, event: Opened | Filled | Labelled | Closed) -> None:
        """What the events mean."""
        match event:
            case Opened(owner=owner, room=room):
                self.owner, self.room = owner, room
            case Filled(n=n):
                self.total += n
            case Labelled(text=text):
                self.labels = (*self.labels, text)
            case Closed():
                self.owner, self.room, self.total = "", 0, 0


class Boxes(ef.Table, category="box"):
    """Every reducer; the key is the stream."""

    box = ef.key()
    owner = ef.first(Opened.owner)
    room = ef.last(Opened.room)
    state = ef.last({Opened: "open", Labelled: "labelled"})
    total = ef.sum(Filled.n)
    weight = ef.sum(Filled.weight, "decimal(9,2)")
    least = ef.min(Filled.n)
    most = ef.max(Filled.n)
    fillings = ef.count(Filled)
    numbers = ef.collect(Filled.n, limit=3)
    first_numbers = ef.collect(Filled.n, limit=2, keep="first")
    latest = ef.last(Filled.n, by=ef.occurred_at)
    label = ef.last(Labelled.text, "int64")
    by = ef.last(ef.actor)
    gone = ef.delete_on(Closed)


class Owners(ef.Table, category="box"):
    """The key spans streams; every reducer that is allowed on every log."""

    owner = ef.key(Opened.owner, Filled.owner)
    boxes = ef.count(Opened)
    total = ef.sum(Filled.n)
    room = ef.last(Opened.room)
    first_room = ef.first(Opened.room)
    most = ef.max(Filled.n)
    numbers = ef.collect(Filled.n, limit=4)


class Texts(ef.Table, category="box"):
    """A fold in Python, whose result shows the order and the number of the events."""

    box = ef.key()
    text = ef.column("string")

    @staticmethod
    def fold(row: dict[str, Any] | None, event: ef.Event) -> Mapping[str, Any] | None:
        """All texts in order; a closed box has no row."""
        before = row["text"] if row else ""
        match event:
            case Opened(owner=owner):
                return {"text": f"{before}({owner}"}
            case Filled(n=n):
                return {"text": f"{before} {n}"}
            case Labelled(text=text):
                return {"text": f"{before} {text}"}
        return None


APP = ef.App("boxes", aggregates=[Box], tables=[Boxes, Owners, Texts])
TABLES = (Boxes, Owners, Texts)


def opened(owner: str = "ada", room: int = 99) -> NewEvent:
    """A box is opened."""
    return APP.registry.encode(Opened(owner=owner, room=room))


def opened_long_ago(owner: str | None = "ada") -> NewEvent:
    """As the first release stored it; without an owner its upcaster fails."""
    data = "{}" if owner is None else f'{{"owner":"{owner}"}}'
    return NewEvent(new_id(), Opened.stored_name, 1, data)


def filled(n: int, *, owner: str = "ada", occurred_at: datetime | None = None, actor: str = "") -> NewEvent:
    """Something is put in."""
    metadata = f'{{"actor":"{actor}"}}' if actor else "{}"
    event = Filled(owner=owner, n=n, weight=Decimal(n) / 4)
    return APP.registry.encode(event, metadata=metadata, occurred_at=occurred_at)


def labelled(text: str) -> NewEvent:
    """A label, which parks the box in `Boxes` unless it is a whole number."""
    return APP.registry.encode(Labelled(text=text))


def closed(owner: str = "ada") -> NewEvent:
    """A box is closed."""
    return APP.registry.encode(Closed(owner=owner))


DAY = timedelta(days=1)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def history() -> Iterator[tuple[str, NewEvent]]:
    """Something of everything; what is not of the category comes between."""
    yield "box-1", opened_long_ago("ada")
    yield "box-2", opened("grace", 40)
    yield "box-1", filled(4, occurred_at=NEW_YEAR + DAY, actor="anna")
    yield "crate-1", opened("nobody")
    yield "box-1", filled(-2, occurred_at=NEW_YEAR + 3 * DAY)
    yield "box-1", filled(8, occurred_at=NEW_YEAR + 2 * DAY, actor="bo")
    yield "box-2", filled(5, owner="grace")
    yield "box-1", labelled("12")
    yield "box-3", opened("ada", 7)
    yield "box-2", closed("grace")
    yield "box-1", filled(1, occurred_at=NEW_YEAR)
    yield "box-3", filled(3)


def fill(store: Store, events: Iterator[tuple[str, NewEvent]] | None = None) -> None:
    """Appends a history, event by event."""
    for stream, event in events or history():
        store.append(stream, [event], expected=ef.ANY)


def followed(table: LiveTable, store: Store) -> Projector:
    """A follower of a table that nobody leases."""
    return Projector(table.live(), store.feed(), APP.registry)
