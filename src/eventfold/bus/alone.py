"""A topic without its log, for a machine that may read the one and not the other.

Tables and handlers follow it as they follow a log. What is asked by the name of a stream, and what is written, is the
log's: it is answered with what to open instead. What is parked is read from the topic.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import cached_property, partial
from uuid import UUID

from eventfold.bus.feed.feed import BusFeed
from eventfold.bus.looking import Look, look
from eventfold.bus.open import open_topic
from eventfold.bus.port import Topic
from eventfold.bus.streams import StreamReader
from eventfold.bus.whose import log_of
from eventfold.errors import CapabilityMissing, RangeInvalid, StoreClosed
from eventfold.events.envelope import NewEvent, RecordedEvent
from eventfold.feed.cursor import Token
from eventfold.feed.effects.port import Effects
from eventfold.feed.lineage import overlap
from eventfold.store.entered import Entered
from eventfold.store.findings import Finding
from eventfold.store.lacking import only_the_log
from eventfold.store.open import Kept, open_effects
from eventfold.store.port import Appended, Capabilities, Expected, Snapshots, StreamEnd, StreamInfo, Write


def open_url(url: str, *, create: bool = True, handlers: str | None = None) -> "TopicAlone":
    """The topic behind a URL as far as it can stand for its log; the caller closes it.

    Args:
        url: as `open_topic` takes it.
        create: nothing is made.
        handlers: the URL of the place where handlers keep what they must not lose; None = there are none.

    Raises:
        BusUnavailable: no relay has come there yet, or the broker did not answer.
        LogMismatch: what is there cannot be followed.
        TopicUnfit, UnsupportedUrl, ConfigInvalid, ExtraMissing: as `open_topic`.
    """
    del create  # a topic is made by who owns the broker
    return TopicAlone(partial(open_topic, url), handlers)


class TopicAlone(Entered):
    """What of a log its topic can give; see `Store` for what each method promises.

    Args:
        opening: opens the topic: once for those who follow it, once for those who read what is parked.
        handlers: as for `open_url`.
    """

    def __init__(self, opening: Callable[[], Topic], handlers: str | None = None) -> None:
        self._handlers = handlers
        self._kept: Kept | None = None
        self._lock = threading.Lock()
        self._closed = False
        with ExitStack() as closings:
            self._topic = opening()
            closings.callback(self._topic.close)
            self.log_id = log_of(self._topic)
            self._streams = StreamReader(self._topic, self.log_id)
            self._feed = _Feed(opening(), self.log_id, self._last)
            closings.pop_all()

    @cached_property
    def capabilities(self) -> Capabilities:
        """It follows, and keeps nothing."""
        ordered = self._feed.capabilities.total_order
        return Capabilities(
            atomic_over_streams=False,
            total_order=ordered,
            position_at_append=False,
            event_ids_unique_in_log=False,
            durable=False,
            shares_feed=not ordered,
            has_log=False,
        )

    def feed(self) -> BusFeed:
        """The feed of the topic."""
        self._alive()
        return self._feed

    def read(
        self,
        stream: str,
        *,
        after: int = 0,
        to: int | None = None,
        backwards: bool = False,
        limit: int | None = None,
    ) -> Iterator[RecordedEvent]:
        """Events of a stream that waited for a person; of what the topic has forgotten `StreamReader` says so."""
        self._alive()
        if min(after, limit or 0) < 0 or (to is not None and to < after):
            raise RangeInvalid(
                f"Events after {after} up to {to}, {limit} at most, are no range.", field="after"
            )
        with self._lock:
            found = self._streams.read(stream, after, to)
        return iter((found[::-1] if backwards else found)[:limit])

    def effects(self) -> Effects:
        """In a file of this machine, which is made when it is first asked for."""
        self._alive()
        if self._handlers is None:
            raise only_the_log("What handlers keep")
        with self._lock:
            if self._kept is None:
                self._kept = open_effects(self._handlers, self.log_id)
            return self._kept

    def append(self, stream: str, events: Sequence[NewEvent], *, expected: Expected) -> Appended:  # noqa: ARG002 - as the port has it
        """The log's."""
        raise self._only_the_log("Appending")

    def append_all(self, writes: Sequence[Write]) -> Sequence[Appended]:  # noqa: ARG002
        """The log's."""
        raise self._only_the_log("Appending")

    def find(self, ids: Mapping[str, Iterable[UUID]]) -> Iterator[RecordedEvent]:  # noqa: ARG002
        """The log's."""
        raise self._only_the_log("Finding events by their ids")

    def head(self, stream: str) -> int:  # noqa: ARG002
        """The log's."""
        raise self._only_the_log("Reading a stream")

    def ends(self, streams: Iterable[str]) -> Iterator[StreamEnd]:  # noqa: ARG002
        """The log's."""
        raise self._only_the_log("Asking how streams end")

    def streams(self, category: str | None = None) -> Iterator[StreamInfo]:  # noqa: ARG002
        """The log's."""
        raise self._only_the_log("Listing streams")

    def token(self, event: RecordedEvent) -> Token:  # noqa: ARG002
        """The log's."""
        raise self._only_the_log("The token of an append")

    def snapshots(self) -> Snapshots:
        """The log's."""
        raise self._only_the_log("Keeping snapshots")

    def cost(self) -> None:
        """Nothing that is counted."""

    def close(self) -> None:
        """Ends every connection."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            with ExitStack() as closings:
                closings.callback(self._topic.close)
                closings.callback(self._feed.close)
                if self._kept is not None:
                    closings.callback(self._kept.close)

    def _last(self, stream: str) -> str:
        """The partition of the log that the newest event of a stream is in; empty where the topic has none of it."""
        with self._lock:
            found = self._streams.newest(stream)
        return found.partition if found is not None else ""

    def _alive(self) -> None:
        if self._closed:
            raise StoreClosed("The topic is closed.")

    def _only_the_log(self, what: str) -> CapabilityMissing:
        self._alive()
        return only_the_log(what)


class _Feed(BusFeed):
    """It learns from the events themselves which streams belong together.

    Args:
        topic: closed with it.
        log_id: of the log.
        last: tells the partition of the log of the newest event of a stream.
    """

    def __init__(self, topic: Topic, log_id: str, last: Callable[[str], str]) -> None:
        super().__init__(topic, log_id)
        self._last = last

    def partition_of(self, stream: str, among: Collection[str]) -> str:
        """By an event of the stream, where the log has several partitions."""
        if self.capabilities.total_order:
            return super().partition_of(stream, among)
        name = self._last(stream)
        found = [one for one in among if overlap(one, name)] if name else []
        if len(found) == 1:
            return found[0]
        raise only_the_log(f"To which part of the log {stream} belongs is not told by its events here: it")


def examine(url: str) -> Iterator[Finding]:
    """What is found about a topic: whose it is, whether it can be followed, what it has forgotten."""
    with closing(open_topic(url)) as topic:
        seen = look(topic)
    whose = f", of the log {seen.log}" if seen.log else ""
    yield Finding("ok", "topic", f"{seen.topic}: partitions: {len(seen.partitions)}{whose}")
    if seen.unfit is not None:
        yield Finding("problem", "topic", seen.unfit.message)
    elif all(one.progress is None for one in seen.partitions):
        yield Finding("problem", "relay", "none has come here yet: `eventfold relay`, where the log is")
    else:
        yield from _of_partitions(seen)
    yield Finding("unseen", "log", "it is examined where it can be opened")


def _of_partitions(seen: Look) -> Iterator[Finding]:
    forgotten = [str(one.partition) for one in seen.partitions if one.low]
    if forgotten:
        yield Finding(
            "warning",
            "retention",
            f"the beginning is forgotten in partition {', '.join(forgotten)}: no new table and no rebuild can begin"
            " here (retention.ms=-1 keeps all)",
        )
    else:
        yield Finding("ok", "retention", "every partition has its first message still")
    for one in seen.partitions:
        if one.refused:
            yield Finding(
                "warning", "messages", f"partition {one.partition} has some that are passed over: {one.why}"
            )
        if one.progress is None and one.end > one.low:
            yield Finding(
                "warning", "relay", f"no progress record is near the end of partition {one.partition}"
            )
