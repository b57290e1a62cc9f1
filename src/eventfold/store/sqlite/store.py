"""The store itself: opens the file, checks what comes in, and hands it to the writer, the readers and the feed."""

import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from uuid import UUID, uuid4

import apsw

from eventfold.errors import ConfigInvalid, LogNotFound, StoreClosed
from eventfold.events.envelope import NewEvent, RecordedEvent
from eventfold.feed.cursor import Token
from eventfold.sqlite.connect import Place, Pool, Synchronous, claim, connect, place_of_url
from eventfold.sqlite.errors import translated
from eventfold.store.checks import check_append, check_new_stream
from eventfold.store.entered import Entered
from eventfold.store.names import check_category
from eventfold.store.port import Appended, Capabilities, Expected, StreamEnd, StreamInfo, Write
from eventfold.store.sqlite.effects import SqliteEffects
from eventfold.store.sqlite.feed import SqliteFeed
from eventfold.store.sqlite.names import Names
from eventfold.store.sqlite.reading import Reading
from eventfold.store.sqlite.snapshots import SqliteSnapshots
from eventfold.store.sqlite.statements import APPLICATION_ID, FORMAT, SQL
from eventfold.store.sqlite.writer import Clock, Writer, system_clock

_log = logging.getLogger("eventfold.store")
OPTIONS = frozenset({"synchronous"})


def open_url(url: str, *, create: bool = True) -> "SqliteStore":
    """Opens `sqlite:///file.db` or `sqlite://`; `?synchronous=normal` trades durability for speed and says so."""
    place, options = place_of_url(url, OPTIONS)
    if not create and place.path and not Path(place.path).is_file():
        raise LogNotFound(f"There is no log at {place.path}: look at the path.", path=place.path)
    synchronous = options.get("synchronous", "full").upper()
    if synchronous == "FULL":
        return SqliteStore(place)
    if synchronous == "NORMAL":
        return SqliteStore(place, synchronous="NORMAL")
    raise ConfigInvalid("synchronous= takes full or normal.", key="synchronous")


class SqliteStore(Entered):
    """A log in one SQLite file; see `Store` for what each method promises.

    Args:
        place: a file or memory.
        synchronous: FULL; NORMAL may lose acknowledged events when the machine loses power.
        clock: microseconds since 1970.
    """

    def __init__(
        self, place: Place, *, synchronous: Synchronous = "FULL", clock: Clock = system_clock
    ) -> None:
        durable = synchronous == "FULL" and bool(place.path)
        if synchronous != "FULL":
            _log.warning("durability: relaxed; a power loss may take acknowledged events with it")
        self.capabilities = Capabilities(
            atomic_over_streams=True,
            total_order=True,
            position_at_append=True,
            event_ids_unique_in_log=True,
            durable=durable,
            shares_feed=False,
        )
        connection = connect(place, synchronous=synchronous)
        try:
            if claim(connection, APPLICATION_ID, FORMAT, _schema(clock())):
                _log.debug("a new log was made")
            with translated("opening", place.path):
                self.log_id: str = connection.execute(SQL["log_id"]).get
        except BaseException:
            connection.close()
            raise
        streams, types = Names(SQL["stream_names"]), Names(SQL["type_names"])
        self._pool = Pool(place)
        self._writer = Writer(connection, self.log_id, streams, types, clock)
        self._reading = Reading(self._pool, streams, types)
        self._feed = SqliteFeed(self.log_id, self._pool, streams, types, self._writer.written, self._alive)
        self._snapshots = SqliteSnapshots(place.beside(".snapshots"), self.log_id)
        self._effects = SqliteEffects(place, self._pool, self.log_id, synchronous, self._alive)
        self._process = os.getpid()
        self._closed = False

    def append(self, stream: str, events: Sequence[NewEvent], *, expected: Expected) -> Appended:
        """Appends to one stream."""
        check_append(stream, events, expected, self.capabilities)
        self._alive()
        check_new_stream(stream, events, self._reading.head)
        return self._writer.append([Write(stream, events, expected)])[0]

    def append_all(self, writes: Sequence[Write]) -> Sequence[Appended]:
        """Appends to several streams in one transaction."""
        for write in writes:
            check_append(write.stream, write.events, write.expected, self.capabilities)
        self._alive()
        for write in writes:
            check_new_stream(write.stream, write.events, self._reading.head)
        return self._writer.append(writes) if writes else []

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
        return self._reading.head(stream)

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
        """The place of an event."""
        self._alive()
        return Token(self.log_id, {event.partition: event.position})

    def feed(self) -> SqliteFeed:
        """The feed of this log."""
        self._alive()
        return self._feed

    def cost(self) -> None:
        """Nothing is paid for."""

    def effects(self) -> SqliteEffects:
        """In tables of the same file."""
        self._alive()
        return self._effects

    def snapshots(self) -> SqliteSnapshots:
        """The snapshots beside this log."""
        self._alive()
        return self._snapshots

    def reading(self) -> AbstractContextManager[apsw.Connection]:
        """A connection that only reads, for an examination of the file."""
        self._alive()
        return self._pool.reading()

    def close(self) -> None:
        """Waits for a running append, then closes the file."""
        if self._closed or os.getpid() != self._process:
            return
        self._closed = True
        self._writer.close()
        self._effects.close()
        self._pool.close()
        self._snapshots.close()

    def _alive(self) -> None:
        if self._closed:
            raise StoreClosed("The store is closed.")
        if os.getpid() != self._process:
            raise StoreClosed(
                "This store was opened before a fork; SQLite files must be opened again in the child."
            )


def _schema(now_us: int) -> str:
    # a literal of our own making: the id and the time of a log are written with its tables, in one transaction
    return SQL["schema"] + SQL["regular_begin"] + f"\nINSERT INTO log VALUES ('{uuid4()}', {int(now_us)});"
