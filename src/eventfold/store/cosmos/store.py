"""The store itself: checks what comes in, and hands it to the appender, the readers and the feed."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import UUID

from eventfold.errors import CapabilityMissing, StoreClosed
from eventfold.events.envelope import NewEvent, RecordedEvent
from eventfold.feed.cursor import Token
from eventfold.store.checks import check_append, check_new_stream
from eventfold.store.cosmos.append import Appender, Clock
from eventfold.store.cosmos.effects import CosmosEffects
from eventfold.store.cosmos.feeding.feed import CosmosFeed
from eventfold.store.cosmos.heads import Heads
from eventfold.store.cosmos.reading import Reading
from eventfold.store.cosmos.requests.calls import Calls
from eventfold.store.cosmos.requests.connect import connect
from eventfold.store.cosmos.requests.governor import Governor
from eventfold.store.cosmos.requests.settings import Settings, read_url
from eventfold.store.cosmos.snapshots import CosmosSnapshots
from eventfold.store.cost import Cost
from eventfold.store.entered import Entered
from eventfold.store.names import check_category
from eventfold.store.port import Appended, Capabilities, Expected, StreamEnd, StreamInfo, Write

CAPABILITIES = Capabilities(
    atomic_over_streams=False,
    total_order=False,
    position_at_append=False,
    event_ids_unique_in_log=False,
    durable=True,
    shares_feed=True,
    max_batch=99,  # a transactional batch holds 100 operations, one of which reads
    max_append_bytes=1_900_000,  # of the 2 MB of a request; the rest is for what the service adds to a document
)


def system_clock() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


def open_url(url: str, *, create: bool = True) -> "CosmosStore":
    """Opens `cosmos://ACCOUNT.documents.azure.com/DATABASE`; see `settings.read_url` for the whole form."""
    return CosmosStore(read_url(url), create=create)


class CosmosStore(Entered):
    """A log in a database of Azure Cosmos DB; see `Store` for what each method promises.

    Args:
        settings: which account, database and containers.
        create: whether they are made where they are missing.
        clock: microseconds since 1970.
    """

    def __init__(self, settings: Settings, *, create: bool = True, clock: Clock = system_clock) -> None:
        self.capabilities = CAPABILITIES
        self.calls = Calls()
        opened = connect(settings, self.calls, create=create)
        self.log_id = opened.log_id
        heads = Heads()
        self._client = opened.client
        self._reading = Reading(opened.events, self.calls, heads)
        self._appender = Appender(
            opened.events, opened.log_id, opened.rid, self._reading, self.calls, heads, clock
        )
        self._feed = CosmosFeed(
            opened.events, opened.log_id, opened.rid, self.calls, Governor(settings.readers)
        )
        self._effects = CosmosEffects(opened.leases, opened.log_id, self.calls)
        self._snapshots = CosmosSnapshots(opened.snapshots, opened.log_id, self.calls)
        self._closed = False

    def append(self, stream: str, events: Sequence[NewEvent], *, expected: Expected) -> Appended:
        """Appends to one stream by one transactional batch."""
        check_append(stream, events, expected, self.capabilities)
        self._alive()
        check_new_stream(stream, events, self._reading.version)
        answer = self._appender.append(stream, events, expected)
        self._feed.notify()
        return answer

    def append_all(self, writes: Sequence[Write]) -> Sequence[Appended]:
        """Not over several streams: a transaction of Cosmos DB stays inside one."""
        self._alive()
        raise CapabilityMissing(
            f"Cosmos DB writes one stream at a time, not {len(writes)} together: append to each by itself."
        )

    def find(self, ids: Mapping[str, Iterable[UUID]]) -> Iterator[RecordedEvent]:
        """Events by id."""
        self._alive()
        return self._reading.find(ids)

    def read(
        self,
        stream: str,
        *,
        after: int = 0,
        to: int | None = None,
        backwards: bool = False,
        limit: int | None = None,
    ) -> Iterator[RecordedEvent]:
        """Events of a stream."""
        self._alive()
        return self._reading.read(stream, after, to, limit, backwards=backwards)

    def head(self, stream: str) -> int:
        """The version of a stream."""
        self._alive()
        return self._reading.version(stream)

    def ends(self, streams: Iterable[str]) -> Iterator[StreamEnd]:
        """The ends of streams."""
        self._alive()
        return self._reading.ends(streams)

    def streams(self, category: str | None = None) -> Iterator[StreamInfo]:
        """Streams by name."""
        self._alive()
        if category is not None:
            check_category(category)
        return self._reading.streams(category)

    def token(self, event: RecordedEvent) -> Token:
        """The place of an event: at or beyond it is where its stream ends."""
        self._alive()
        return self._appender.token(event.stream)

    def feed(self) -> CosmosFeed:
        """The change feed of the container."""
        self._alive()
        return self._feed

    def snapshots(self) -> CosmosSnapshots:
        """The snapshots beside this log."""
        self._alive()
        return self._snapshots

    def effects(self) -> CosmosEffects:
        """In a container beside this log."""
        self._alive()
        return self._effects

    def cost(self) -> Cost:
        """What this store has spent, in requests and request units."""
        return self.calls.spent.total()

    def close(self) -> None:
        """Closes the connections."""
        if not self._closed:
            self._closed = self.calls.closed = True
            self._client.close()

    def _alive(self) -> None:
        if self._closed:
            raise StoreClosed("The store is closed.")
