"""A store whose feed has several partitions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import UUID

from msgspec import structs

from eventfold.events.envelope import NewEvent, RecordedEvent
from eventfold.feed.cursor import Token
from eventfold.feed.effects.port import Effects
from eventfold.store.cost import Cost
from eventfold.store.entered import Entered
from eventfold.store.port import Appended, Expected, Snapshots, Store, StreamEnd, StreamInfo, Write
from eventfold.testing.partitioned.feed import PartitionedFeed


class PartitionedStore(Entered):
    """Any store with one partition, as if it had several; see `Store` for what each method promises.

    Args:
        store: keeps the events.
        partitions: how many.
        seed: of the mixture in which partitions are read.
    """

    def __init__(self, store: Store, partitions: int = 4, *, seed: int = 0) -> None:
        self._store = store
        self.log_id = store.log_id
        self.capabilities = structs.replace(
            store.capabilities, total_order=False, position_at_append=False, shares_feed=True
        )
        self._feed = PartitionedFeed(store.feed(), partitions, seed=seed)

    def append(self, stream: str, events: Sequence[NewEvent], *, expected: Expected) -> Appended:
        """As the store."""
        return self._store.append(stream, events, expected=expected)

    def append_all(self, writes: Sequence[Write]) -> Sequence[Appended]:
        """As the store."""
        return self._store.append_all(writes)

    def find(self, ids: Mapping[str, Iterable[UUID]]) -> Iterator[RecordedEvent]:
        """As the store."""
        return self._store.find(ids)

    def read(
        self,
        stream: str,
        *,
        after: int = 0,
        to: int | None = None,
        backwards: bool = False,
        limit: int | None = None,
    ) -> Iterator[RecordedEvent]:
        """As the store."""
        return self._store.read(stream, after=after, to=to, backwards=backwards, limit=limit)

    def head(self, stream: str) -> int:
        """As the store."""
        return self._store.head(stream)

    def ends(self, streams: Iterable[str]) -> Iterator[StreamEnd]:
        """As the store."""
        return self._store.ends(streams)

    def streams(self, category: str | None = None) -> Iterator[StreamInfo]:
        """As the store."""
        return self._store.streams(category)

    def token(self, event: RecordedEvent) -> Token:
        """As the store."""
        return self._store.token(event)

    def feed(self) -> PartitionedFeed:
        """The divided feed."""
        self._store.feed()
        return self._feed

    def cost(self) -> Cost | None:
        """As the store."""
        return self._store.cost()

    def snapshots(self) -> Snapshots:
        """As the store."""
        return self._store.snapshots()

    def effects(self) -> Effects:
        """As the store."""
        return self._store.effects()

    def close(self) -> None:
        """Closes the store."""
        self._store.close()
