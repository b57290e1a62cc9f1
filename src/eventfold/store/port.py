"""The store port: what every event store promises, whatever keeps the bytes.

The contract suite in `eventfold.testing` asserts each sentence below; a store is an adapter that passes it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from types import TracebackType
from typing import NamedTuple, Protocol, Self
from uuid import UUID

import msgspec

from eventfold import limits
from eventfold.events.envelope import NewEvent, RecordedEvent
from eventfold.feed.cursor import Token
from eventfold.feed.effects.port import Effects
from eventfold.feed.port import Feed
from eventfold.store.cost import Cost


class StreamState(Enum):
    """Expectations that are not a number."""

    ANY = "any"
    EXISTS = "exists"


ANY = StreamState.ANY
EXISTS = StreamState.EXISTS
Expected = int | StreamState
"""A version (0 = the stream must be new), ANY, or EXISTS (at least one event)."""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a store declares about itself; an undeclared gap fails the contract suite.

    Attributes:
        atomic_over_streams: `append_all` writes several streams or none.
        total_order: positions order all events of the log.
        position_at_append: the token of an append is its exact place, not merely "at or beyond".
        event_ids_unique_in_log: a reused event id is found in another stream too; else inside a stream only.
        durable: what was acknowledged survives a crash of the process and of the machine.
        shares_feed: the workers of one reader can share the feed by the leases of `effects`.
        has_log: the log itself is open; where it is not, but a topic of its events, they are followed, and nothing is
            appended or asked by the name of a stream.
        max_batch: events of one append, at most.
        max_event_bytes: data and metadata of one event, at most.
        max_append_bytes: data and metadata of one append, at most; None = no limit of its own.
    """

    atomic_over_streams: bool
    total_order: bool
    position_at_append: bool
    event_ids_unique_in_log: bool
    durable: bool
    shares_feed: bool
    has_log: bool = True
    max_batch: int = limits.BATCH_EVENTS
    max_event_bytes: int = limits.EVENT_BYTES
    max_append_bytes: int | None = None


class Appended(msgspec.Struct, frozen=True):
    """The answer of an append: the events are durable.

    Attributes:
        version: the version of the stream after the last of these events.
        token: a feed at or beyond it has delivered them.
        deduplicated: they were there already; nothing was written.
    """

    version: int
    token: Token
    deduplicated: bool = False


class Write(NamedTuple):
    """One stream's part of an append over several streams."""

    stream: str
    events: Sequence[NewEvent]
    expected: Expected


class StreamInfo(NamedTuple):
    """A stream as a listing shows it."""

    stream: str
    category: str
    version: int


class StreamEnd(NamedTuple):
    """The last event of a stream, without what it says.

    Attributes:
        stream: the stream.
        version: its number, and so the version of the stream.
        id: of the event.
        recorded_us: when it was recorded, microseconds since 1970.
        occurred_us: when it happened, where that was given.
        metadata: JSON text.
    """

    stream: str
    version: int
    id: UUID
    recorded_us: int
    occurred_us: int | None
    metadata: str


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The declared state of an aggregate at a version: a cache, never a truth.

    Attributes:
        log: the log it was taken from.
        stream: the stream.
        version: the version it holds.
        category: the category of the aggregate.
        fingerprint: of what gives the events their meaning: declared state, events, upcasters, the code of `apply`.
        recorded_us: recorded time of the event at `version`.
        state: the declared state as JSON text.
    """

    log: str
    stream: str
    version: int
    category: str
    fingerprint: str
    recorded_us: int
    state: str


class Snapshots(Protocol):
    """Keeps snapshots. A damaged one is reported as absent, with a warning; none is ever an error."""

    def load(self, stream: str, *, at_most: int | None = None) -> Snapshot | None:
        """The newest snapshot of the stream, or the newest at or below a version."""

    def save(self, snapshot: Snapshot) -> None:
        """Keeps it; saving the same version again replaces it."""

    def delete(self, stream: str) -> None:
        """Forgets all of a stream."""

    def close(self) -> None:
        """Releases what is held; later calls raise `StoreClosed`."""


class Store(Protocol):
    """Keeps streams of events; append-only. Safe to share between threads."""

    @property
    def log_id(self) -> str:
        """The id of the log: made with it, never copied."""

    @property
    def capabilities(self) -> Capabilities:
        """What this store can do."""

    def append(self, stream: str, events: Sequence[NewEvent], *, expected: Expected) -> Appended:
        """Appends all events or none; when it returns they are durable.

        Repeating it with the same ids and content (type, schema version, data) writes nothing and answers the same
        version, whatever is expected and whoever appended since.

        Events that are restored carry the time at which another log recorded them, and keep it. Recorded times never
        decrease along a stream, nor along a log with a total order: what would break that is refused.

        Args:
            stream: `category-id`; a new one has no invisible or bidirectional character in its name.
            events: at least one, each with a UUID of its own as its id; the nil and the max UUID are restored only.
            expected: the version that the decision rested on.

        Raises:
            WrongExpectedVersion: the stream is at another version.
            EventIdReused: an id stands for other content, or in another stream where the store can tell.
            PartialDuplicate: some events are stored already, some are not.
            TimeInvalid: a recorded time lies before that of an event which stands before it.
            Refused: names, sizes, ids twice in the batch; each by its own class, before anything is written.
            OutcomeUnknown: the answer was lost; repeating with the same ids settles it.
            StorageError: nothing was written.
        """

    def append_all(self, writes: Sequence[Write]) -> Sequence[Appended]:
        """Appends to several streams, all or nothing; errors as `append`.

        Raises:
            CapabilityMissing: the store is not atomic over streams.
        """

    def token(self, event: RecordedEvent) -> Token:
        """The token of an event that was read: a feed at or beyond it has delivered the event."""

    def find(self, ids: Mapping[str, Iterable[UUID]]) -> Iterator[RecordedEvent]:
        """Those of the given event ids that are stored in the given streams, in no particular order."""

    def read(
        self,
        stream: str,
        *,
        after: int = 0,
        to: int | None = None,
        backwards: bool = False,
        limit: int | None = None,
    ) -> Iterator[RecordedEvent]:
        """Yields the events of a stream with `after` < version <= `to`, page by page; nothing for an unknown stream.

        Args:
            stream: the stream.
            after: exclusive lower bound, at least 0.
            to: inclusive upper bound; None = the end.
            backwards: newest first.
            limit: how many, at most.

        Raises:
            RangeInvalid: a negative bound or limit, or `after` above `to`.
        """

    def head(self, stream: str) -> int:
        """The version of the stream: the number of its events; 0 where it does not exist."""

    def ends(self, streams: Iterable[str]) -> Iterator[StreamEnd]:
        """The ends of those of some streams that have events, in no particular order; many are asked for together.

        Raises:
            InvalidStream: a name that no stream can have.
        """

    def streams(self, category: str | None = None) -> Iterator[StreamInfo]:
        """All streams, or those of a category, ordered by name, page by page.

        Raises:
            InvalidStream: a category that no stream can have.
        """

    def feed(self) -> Feed:
        """Follows the log."""

    def cost(self) -> Cost | None:
        """What requests to the store's service have cost since it was opened; None where there is no service."""

    def snapshots(self) -> Snapshots:
        """The snapshots that belong to this log."""

    def effects(self) -> Effects:
        """What the handlers of this log must not lose: leases and notes, as durable as its events."""

    def close(self) -> None:
        """Releases what is held. Later calls raise `StoreClosed`, all but `cost` and a second `close`.

        So do its feed, snapshots and effects, and iterators that it gave, when they are asked for more.
        """

    def __enter__(self) -> Self:
        """Itself: `with ef.open_store(...) as store:` closes it at the end."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes it."""
