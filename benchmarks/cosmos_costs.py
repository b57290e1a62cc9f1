"""What each operation on Cosmos DB asks of the service, counted on the stand-in, beside what it may ask at most."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import msgspec
from azure.cosmos import CosmosClient

import eventfold as ef
from benchmarks.log import EVENT, REGISTRY, Notes
from eventfold.errors import EventfoldError
from eventfold.events.envelope import NewEvent
from eventfold.store.port import Store
from eventfold.testing.cosmos import Fault, StandIn

NAME = "cosmos: requests, operations and bytes"
HEAD = "| operation | requests | operations | bytes sent | bytes received | bytes of its events |"
LONG = 100
_KEY = "EVENTFOLD_COSMOS_KEY"


class Row(NamedTuple):
    """One operation, counted.

    Attributes:
        requests: measured, and at most.
        operations: the same; those inside a batch count one by one.
        sent: bytes of the bodies of all requests.
        received: bytes of the bodies of all answers.
        events: bytes of the stored documents that it writes or reads, without what the service adds to them.
    """

    operation: str
    requests: tuple[int, int]
    operations: tuple[int, int]
    sent: int
    received: int
    events: int

    @property
    def kept(self) -> bool:
        """Whether it asks no more than it may."""
        return self.requests[0] <= self.requests[1] and self.operations[0] <= self.operations[1]

    def line(self) -> str:
        """As a row of a table in Markdown."""
        counts = [f"{measured} of {allowed}" for measured, allowed in (self.requests, self.operations)]
        weights = [f"{size:,}" for size in (self.sent, self.received, self.events)]
        return f"| {self.operation} | {' | '.join(counts + weights)} |{'' if self.kept else ' missed'}"


class _Counter:
    """A log of one stream, and what is asked of it."""

    def __init__(self, account: StandIn) -> None:
        self.account = account
        self.url = account.url("log")
        self.store = ef.open_store(self.url)
        self.store.append("note-1", _events(LONG % 90), expected=0)
        self.store.append("note-1", _events(LONG - LONG % 90), expected=LONG % 90)

    def other(self) -> Store:
        """A process that has loaded nothing."""
        return ef.open_store(self.url)

    def count(
        self, operation: str, requests: int, operations: int, events: int, call: Callable[[], object]
    ) -> Row:
        """Counts what a call asks; `events` of the log's newest documents are what it is about."""
        self.account.calls.clear()
        call()
        asked = [c for c in self.account.calls.all("docs") if "/colls/leases/" not in c.path]
        weight = self._weight(events)
        return Row(
            operation,
            (len(asked), requests),
            (sum(c.operations for c in asked), operations),
            sum(c.request_bytes for c in asked),
            sum(c.answer_bytes for c in asked),
            weight,
        )

    def _weight(self, events: int) -> int:
        if not events:
            return 0
        bare = CosmosClient(self.account.endpoint, self.account.key)
        container = bare.get_database_client("log").get_container_client("events")
        query = (
            f"SELECT * FROM c WHERE c.aggregateId != '$log' ORDER BY c.version DESC OFFSET 0 LIMIT {events}"
        )
        found = container.query_items(query, partition_key="note-1")
        documents = [{n: v for n, v in each.items() if not n.startswith("_")} for each in found]
        return sum(len(msgspec.json.encode(document)) for document in documents)


def rows() -> Iterator[Row]:
    """Every row of the cost table."""
    with _counter() as log:
        store, other = log.store, log.other()
        fresh, same, lost, any_version = (_events(5) for _ in range(4))
        yield log.count(
            "append 5 events to a new stream", 1, 5, 5, lambda: store.append("note-2", fresh, expected=0)
        )
        yield log.count(
            "append 5 to a stream it knows", 1, 6, 5, lambda: store.append("note-1", same, expected=LONG)
        )
        log.account.faults.add(Fault("drop_after", "batch"))
        _refused(store, lost, LONG + 5)
        yield log.count(
            "the same again after its answer was lost",
            2,
            7,
            5,
            lambda: store.append("note-1", lost, expected=LONG + 5),
        )
        yield log.count("the same again later", 3, 8, 5, lambda: store.append("note-1", same, expected=LONG))
        yield log.count(
            "append 5 to a stream it has not loaded",
            2,
            7,
            5,
            lambda: other.append("note-1", fresh, expected=LONG + 10),
        )
        other = log.other()
        yield log.count(
            "the same at any version", 2, 7, 5, lambda: other.append("note-1", any_version, expected=ef.ANY)
        )
        yield log.count(
            "append 5 where somebody was quicker", 3, 7, 0, lambda: _refused(other, _events(5), 0)
        )
        yield log.count("append 100 events, refused", 0, 0, 0, lambda: _refused(other, _events(100), ef.ANY))
        cold = _notes(log.other())
        yield log.count("load 120 events", 2, 2, store.head("note-1"), lambda: cold.load("note-1"))
        yield log.count("load what is warm", 1, 1, 0, lambda: cold.load("note-1"))
        yield log.count(
            "a command on it, one event", 1, 2, 1, lambda: cold.execute("note-1", Notes.note, number=1)
        )
        feed = store.feed()
        end = feed.read(feed.end(), 100).cursor
        yield log.count("a poll of a follower that is caught up", 1, 1, 0, lambda: feed.read(end, 100))


def table() -> list[str]:
    """The lines of the table in Markdown."""
    return [HEAD, "|" + " --- |" * (HEAD.count("|") - 1), *(row.line() for row in rows())]


@contextmanager
def _counter() -> Iterator[_Counter]:
    before = os.environ.get(_KEY)
    with StandIn(partitions=1) as account:
        os.environ[_KEY] = account.key
        try:
            yield _Counter(account)
        finally:
            os.environ.pop(_KEY)
            if before is not None:
                os.environ[_KEY] = before


def _events(count: int) -> list[NewEvent]:
    return [REGISTRY.encode(EVENT) for _ in range(count)]


def _notes(store: Store) -> ef.Repository[Notes]:
    return ef.Repository(store, REGISTRY, Notes)


def _refused(store: Store, events: list[NewEvent], expected: ef.Expected) -> None:
    try:
        store.append("note-1", events, expected=expected)
    except EventfoldError:
        return
    raise AssertionError("it was taken")
