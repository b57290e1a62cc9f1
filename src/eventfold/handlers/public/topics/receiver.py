"""Receives from a topic: what others publish there is written down in its order, and the offsets after that.

The offsets may be older than what is written, and never newer. So whoever goes on, after a crash or in the place of
another, reads some records again, and the log knows them by source and id.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, get_args

from eventfold.bus.port import Bounds, Ended, Reader, Received, Run, Topic
from eventfold.errors import CursorExpired, DefinitionError, EventfoldError
from eventfold.feed.cursor import Cursor, Mark
from eventfold.feed.leases.heart import Heart
from eventfold.feed.leases.owner import new_owner
from eventfold.feed.leases.share import SECONDS, Share
from eventfold.handlers.public.inbox import check_inbox
from eventfold.handlers.public.receiving import Prepared, write
from eventfold.handlers.public.topics.kept import events_of, unreadable
from eventfold.handlers.public.topics.offsets import PREFIX, Ends, Offsets, read_offsets
from eventfold.store.port import Store
from eventfold.words import how_many

_log = logging.getLogger("eventfold.receiver")
Begin = Literal["start", "now"]
AT_ONCE = 500
"""Records that are written together, at most."""
_WAIT = 0.1
"""Seconds for which records are waited for."""
_KEEP = 1.0
"""Seconds between two writes of the offsets: after a crash what was read since is read again."""
_LOOK = 10.0
"""Seconds between two looks whether partitions were added, and where they end."""
_SETTLING = (0.1, 0.2, 0.4, 0.8)
"""Seconds between asking for an end again that lies before what was read."""
_LEASE = "topic"


class TopicReceiver:
    """Receives the public events of one source from one topic; a `Follower` of the loop.

    One reads, others stand by. Records of a partition are written in their order; one that cannot be read is kept with
    its bytes, to be parked, and holds up nothing. Partitions that are added are read from their beginning.

    Args:
        store: the log, where the offsets are kept too.
        source: the name of those who publish, as `consume` names it.
        topic: where they do.
        begin: where it begins when the topic is first seen: "start", at the first record that is there, or "now".
        past_gap: goes on, once, behind records that the topic has forgotten before they were read.
        owner: who this receiver is, unlike any other.
        seconds: how long its lease may stand still before another receiver takes over.
        clock: seconds, for intervals only.

    Raises:
        DefinitionError: no name of a source, or no such beginning.
        StorageError: the log did not answer.
    """

    def __init__(
        self,
        store: Store,
        source: str,
        topic: Topic,
        *,
        begin: Begin = "start",
        past_gap: bool = False,
        owner: str = "",
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if begin not in get_args(Begin):
            raise DefinitionError(f'A receiver begins at "start" or "now", not at {begin!r:.40}.')
        self._source = check_inbox(source)
        self._store = store
        self._effects = store.effects()
        self._topic = topic
        self._begin = begin
        self._past_gap = past_gap
        self._clock = clock
        reader = f"{PREFIX}{source}:{topic.name}"
        log = store.feed().log_id
        self._name_of_reader = reader
        self._place = Cursor(log, {_LEASE: Mark()})
        self._share = Share(
            self._effects,
            reader,
            owner or new_owner(),
            seconds=seconds,
            clock=clock,
            what=f"Receiving {source} from {topic.name}",
        )
        self._heart = Heart(self._share, self.name, seconds)
        self._reader: Reader | None = None
        self._identity = ""
        self._next: dict[int, int] = {}
        self._ended: set[int] = set()
        self._kept: Offsets | None = None
        self._ends: Ends | None = None
        """What is to be kept of the last look at the ends of the topic."""
        self._behind = 0
        self._kept_at = self._looked_at = float("-inf")
        self._expired = False
        self._waits = False
        self.handled = 0
        """How many events were written down."""
        self.known = 0
        """How many were there already."""
        self.unreadable = 0
        """How many records could not be read, and were kept with their bytes."""
        if not self._effects.all(reader):
            self._effects.begin(reader, self._place)

    @property
    def name(self) -> str:
        """What it is called where its state is shown."""
        return f"{self._source} from {self._topic.name}"

    @property
    def stands_by(self) -> bool:
        """Whether another receiver reads."""
        return self._waits

    @property
    def offsets(self) -> Mapping[int, int]:
        """Partition of the topic -> the next record; empty while it does not read."""
        return dict(self._next)

    def where(self) -> Cursor | None:
        """It waits for no event of the log."""
        return None

    def step(self) -> bool:
        """Writes down the next records; True where nothing more was there, or another receiver reads.

        Raises:
            CursorExpired: the topic has forgotten what was not read yet, or is another one than before.
            TopicUnfit: there is no such topic.
            BusUnavailable: the broker did not answer; try again.
            StorageError: the log did not answer; try again.
        """
        self._heart.beat()
        self._share.balance()
        if not self._share.held():
            self._stop_reading()
            if not self._waits:
                self._waits = True
                _log.info("%s waits: another receiver reads there.", self.name)
            return True
        self._waits = False
        try:
            reader = self._reader or self._start()
            return self._read(reader)
        except BaseException:
            self._stop_reading()  # what was fetched and not written is read again
            raise

    def finish(self) -> None:
        """Keeps how far it has come, and gives its lease back."""
        try:
            if self._reader is not None:
                self._keep(now=True)
        finally:
            self._stop_reading()
            self._heart.stop()
            self._share.release()

    def _start(self) -> Reader:
        count, self._identity = self._topic.partition_count(), self._topic.identity()
        bounds = {partition: self._topic.bounds(partition) for partition in range(count)}
        self._kept = read_offsets(self._effects, self._name_of_reader)
        if self._kept is None:
            is_now = self._begin == "now"
            self._next = {n: bound.end if is_now else bound.low for n, bound in bounds.items()}
        else:
            self._next = self._going_on(self._kept, bounds)
        self._see([bounds[n].end for n in range(count)])
        self._keep(now=True)  # before anything is read: where it began is known only here
        reader = self._topic.reader()
        reader.seek(self._next)
        self._reader, self._looked_at = reader, self._clock()
        self._ended.clear()
        return reader

    def _going_on(self, kept: Offsets, bounds: Mapping[int, Bounds]) -> dict[int, int]:
        """The next offsets; a partition that is new holds only what came since."""
        found = {partition: kept.next.get(partition, 0) for partition in bounds}
        if kept.topic and self._identity and kept.topic != self._identity:
            what = "is another topic than the one that was read: it was deleted, and made again"
            found = self._passed(found, bounds, what, bounds)
        gone = {n: bound.low - found[n] for n, bound in bounds.items() if found[n] < bound.low}
        if gone:
            first = min(gone)
            what = (
                f"has forgotten {how_many(sum(gone.values()), 'record')} that had not been read: partition {first}"
                f" begins at offset {bounds[first].low:,}, and offset {found[first]:,} was the next"
            )
            found = self._passed(found, bounds, what, gone)
        ahead = self._ahead(found, bounds)
        if ahead:
            what = (
                f"ends before what was read: partition {ahead[0]} at offset {bounds[ahead[0]].end:,}, and offset"
                f" {found[ahead[0]]:,} was the next; its broker has lost records, or it was made again"
            )
            found = self._passed(found, bounds, what, ahead)
        self._past_gap = False
        return found

    def _ahead(self, found: Mapping[int, int], bounds: Mapping[int, Bounds]) -> list[int]:
        """Partitions that end before what was read, also after a while: a new leader may not know its end at once."""
        for pause in _SETTLING:
            ahead = [n for n, bound in bounds.items() if found[n] > bound.end]
            if not ahead:
                return []
            time.sleep(pause)
            bounds = {**bounds, **{n: self._topic.bounds(n) for n in ahead}}
        return [n for n in ahead if found[n] > bounds[n].end]

    def _passed(
        self, found: Mapping[int, int], bounds: Mapping[int, Bounds], what: str, partitions: object
    ) -> dict[int, int]:
        if not self._past_gap:
            raise CursorExpired(
                f"The topic {self._topic.name} {what}. Nothing more of {self._source} is received from it. Let those"
                " who publish send again what is missing, over HTTP or in a file; then go on with what is there:"
                f" `eventfold receive --source {self._source} --from URL --past-gap`.",
                topic=self._topic.name,
                source=self._source,
            )
        _log.warning("%s goes on behind a gap, as it was told: the topic %s.", self.name, what)
        wanted = set(partitions)  # type: ignore[call-overload] # of numbers
        return {n: bounds[n].low if n in wanted else offset for n, offset in found.items()}

    def _read(self, reader: Reader) -> bool:
        try:
            found = [one for some in reader.poll(AT_ONCE, _WAIT) for one in _each(some)]
        except CursorExpired:
            if self._expired:
                raise
            self._expired = True  # the next start says what is missing
            self._stop_reading()
            return False
        records = [
            one for one in found if isinstance(one, Received) and one.offset >= self._next[one.partition]
        ]
        if records:
            self._take(records)
            self._expired = False
        for one in found:
            if isinstance(one, Ended):
                self._next[one.partition] = max(self._next[one.partition], one.offset)
                self._ended.add(one.partition)
            else:
                self._next[one.partition] = max(self._next[one.partition], one.offset + 1)
                self._ended.discard(one.partition)
        is_at_end = not records and len(self._ended) == len(self._next)
        if is_at_end and self._behind:
            self._see(())
        self._keep()
        self._look()
        return is_at_end

    def _take(self, records: Sequence[Received]) -> None:
        made: list[Prepared] = []
        for record in records:
            try:
                made += events_of(self._store, self._source, record)
            except EventfoldError as error:
                _log.warning("%s: a record cannot be read and is kept to be parked: %s", self.name, error)
                made.append(unreadable(self._store, self._source, self._topic.name, record, error))
                self.unreadable += 1
        for answer in write(self._store, made):
            self.known += answer.deduplicated
            self.handled += not answer.deduplicated

    def _look(self) -> None:
        """Whether partitions were added, and where they end."""
        if self._clock() - self._looked_at >= _LOOK:
            self._looked_at = self._clock()
            count = self._topic.partition_count()
            if count != len(self._next):
                _log.info("%s: the topic has other partitions than before.", self.name)
                self._keep(now=True)
                self._stop_reading()
            else:
                self._see(self._topic.ends(count))

    def _see(self, ends: Sequence[int]) -> None:
        self._behind = sum(max(0, end - self._next[n]) for n, end in enumerate(ends))
        self._ends = Ends(at_us=time.time_ns() // 1000, behind=self._behind)

    def _keep(self, *, now: bool = False) -> None:
        if not now and self._clock() - self._kept_at < _KEEP:
            return
        offsets = Offsets(topic=self._identity, next=dict(self._next))
        put = [*offsets.notes(self._kept), *([self._ends.note()] if self._ends is not None else [])]
        self._ends = None
        if put:
            self._share.commit(_LEASE, self._place, put)
        self._kept, self._kept_at = offsets, self._clock()

    def _stop_reading(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()


def _each(some: Run | Ended) -> Iterator[Received | Ended]:
    if isinstance(some, Ended):
        yield some
        return
    while some.messages:
        yield some.pop()
