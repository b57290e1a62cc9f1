"""The relay: reads the log's feed and sends every event to the topic, each to the partition of its stream.

At its start it fences its predecessor, then looks at the end of the topic, then reads the log from where the slowest
partition stands, and sends what is not there. Each batch ends, in every partition, with a record that says how far it
has come. A batch whose outcome is not known is not repeated blindly: the relay begins again with that look.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import chain

from eventfold.bus.finding import find
from eventfold.bus.marks import Marks
from eventfold.bus.messages.encoding import MessageEncoder
from eventfold.bus.messages.form import Message, Progress
from eventfold.bus.port import Sender, Topic
from eventfold.bus.relay.anew import is_another, is_empty
from eventfold.bus.relay.batches import PAGE, Batch, Batches
from eventfold.bus.relay.checkpoint import Checkpoint, Target, read_checkpoint
from eventfold.bus.relay.rest import Rest
from eventfold.bus.unfit import repartitioned
from eventfold.errors import BusUnavailable, RelayFenced
from eventfold.events.ids import new_id
from eventfold.feed.cursor import Cursor, Mark
from eventfold.feed.leases.heart import Heart
from eventfold.feed.leases.owner import new_owner
from eventfold.feed.leases.share import SECONDS, Share
from eventfold.feed.loop import Stop
from eventfold.store.port import Store

_log = logging.getLogger("eventfold.relay")
_KEEP = 5.0
"""Seconds between two writes of the checkpoint."""
_PROGRESS = 0.5
"""Seconds between two records of how far the relay has come, where it sends no events: it looks as often at least, so
that no second passes without one while the log moves."""
_TOKENS = 60.0
"""Seconds between two of them where the log stands still, as it says itself, and only its tokens are others: the place
that was told is as good."""
_SIGN = 3_600.0
"""Seconds after which it says so again where nothing moves, so that a topic that forgets keeps one."""
_LOOK = 10.0
"""Seconds between two looks at whether the topic is still what it was, where events are sent."""
_LEASE = "relay"


def reader_of(topic: Topic) -> str:
    """What the relay to a topic is called among the readers of a log; no handler can have such a name."""
    return f"relay:{topic.name}"


class Relay:
    """Sends one log to one topic; a `Follower` of the loop.

    Args:
        store: the log, and where the relay keeps its lease and its checkpoint.
        topic: where events are sent.
        owner: who this relay is, unlike any other.
        begin: where it begins if it has not yet; default: at the first event.
        page: events of one batch, at most.
        is_structured: all attributes of an event stand in the body of its message, instead of in headers.
        seconds: how long its lease may stand still before another relay takes over.
        clock: seconds, for intervals only.
        stop: once it is set, the broker is waited for no longer than a few seconds.
        every: seconds between two batches, at least, where it keeps up: what comes meanwhile shares one.
        turned: called when it has begun to send, with False, and when another relay sends instead, with True.
    """

    def __init__(
        self,
        store: Store,
        topic: Topic,
        *,
        owner: str = "",
        begin: Callable[[], Cursor] | None = None,
        page: int = PAGE,
        is_structured: bool = False,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
        stop: Stop | None = None,
        turned: Callable[[bool], object] = bool,
        every: float = 0.0,
    ) -> None:
        self._feed = store.feed()
        self._effects = store.effects()
        self._topic = topic
        self._stop = stop
        if stop is not None:
            topic.heed(stop.is_set)
        self._reader = reader_of(topic)
        self._begin = begin or self._feed.start
        self._page = page
        self._clock = clock
        self._rest = Rest(every, clock, stop)
        self._turned = turned
        self._turn: bool | None = None
        self._share = Share(
            self._effects,
            self._reader,
            owner or new_owner(),
            seconds=seconds,
            clock=clock,
            what=f"Sending to {topic.name}",
        )
        self._heart = Heart(self._share, self.name, seconds)
        self._sender: Sender | None = None
        self._sent: Sequence[Marks] = []
        self._is_structured = is_structured
        self._encoder = self._encoding(1)
        self._batches = Batches(self._feed, self._encoder, self._sent, page)
        self._target = Target(topic="", count=1)
        self._cursor = Cursor(self._feed.log_id, {})
        self._told = self._cursor
        """What the topic says of how far the relay has come."""
        self._kept: Checkpoint | None = None
        self._kept_at = self._told_at = self._looked_at = float("-inf")
        self._waits = False
        self._beside: ThreadPoolExecutor | None = None
        self._ahead: Future[Batch] | None = None
        """The batch after the one that is sent: it is read while that is acknowledged."""
        self.handled = 0
        """How many events were sent."""
        self.known = 0
        """How many were there already when they were read."""
        if not self._effects.all(self._reader):
            self._effects.begin(self._reader, Cursor(self._feed.log_id, {_LEASE: Mark()}))

    @property
    def name(self) -> str:
        """What it is called where its state is shown."""
        return f"relay to {self._topic.name}"

    @property
    def stands_by(self) -> bool:
        """Whether another relay sends."""
        return self._waits

    @property
    def told(self) -> Cursor:
        """How far it has come, as the topic says."""
        return self._told

    def where(self) -> Cursor | None:
        """How far it has come; None while another relay sends."""
        return self._cursor if self._sender is not None else None

    def step(self) -> bool:
        """Sends the next batch; True where nothing more was there, or another relay sends.

        Raises:
            RelayFenced: another relay sends to the topic that does not know of this one's lease.
            TopicRepartitioned, TopicUnfit, ForeignCursor: the topic cannot take these events.
            BusUnavailable: the broker did not answer; try again.
            StorageError: the log did not answer; try again.
        """
        self._heart.beat()
        self._share.balance()
        if not self._share.held():
            self._stop_sending()
            if not self._waits:
                self._waits = True
                _log.info("%s waits: another relay sends there.", self.name)
            self._tell(waits=True)
            return True
        self._waits = False
        try:
            if self._sender is None:
                self._start()
                self._tell(waits=False)
            if self._rest.lasts():
                return False
            return self._send()
        except RelayFenced as error:
            self._stop_sending()
            if self._is_another_relays():
                _log.warning("%s", error)
                return True
            raise
        except BusUnavailable:
            self._stop_sending()
            if self._stop is not None and self._stop.is_set():
                return True
            raise
        except BaseException:
            self._stop_sending()  # what became of a batch is found out by looking at the topic
            raise

    def finish(self) -> None:
        """Keeps how far it has come, and gives its lease back."""
        try:
            if self._sender is not None:
                self._keep(now=True)
        finally:
            self._stop_sending()
            if self._beside is not None:
                self._beside.shutdown()
                self._beside = None
            self._heart.stop()
            self._share.release()

    def _tell(self, *, waits: bool) -> None:
        if self._turn != waits:
            self._turn = waits
            self._turned(waits)

    def _is_another_relays(self) -> bool:
        """Whether the lease has passed on; if it has not, who fenced this relay knows nothing of it."""
        self._share.look_again()
        self._share.balance()
        return not self._share.held()

    def _start(self) -> None:
        """In this order: what was counted before the predecessor is fenced would be wrong."""
        count = self._topic.count()
        kept = read_checkpoint(self._effects, self._reader, self._feed.log_id)
        if kept is not None and kept.target.count != count:
            raise repartitioned(self._topic.name, kept.target.count, count)
        target = self._target_of(count, kept)
        sender = self._topic.sender()
        try:
            sender.fence()
            holdings = find(self._topic, count, self._feed.log_id)
            is_new = kept is not None and is_another(kept.target, target) and is_empty(self._topic, count)
        except BaseException:
            sender.close()
            raise
        self._sender = sender
        begin = None if kept is None or is_new else kept.cursor
        if begin is None and any(holding.cursor is None for holding in holdings):
            begin = self._begin()
        cursors = [holding.cursor or begin for holding in holdings]
        self._encoder = self._encoding(count)
        self._sent = [holding.marks for holding in holdings]
        self._batches = Batches(self._feed, self._encoder, self._sent, self._page)
        self._cursor = self._first([cursor for cursor in cursors if cursor is not None])
        self._feed.check(self._cursor)
        self._kept = kept
        self._target = target
        self._looked_at = self._clock()
        self._keep(now=True)  # before anything is sent: where it began is known only here
        self._told_at = float("-inf")
        _log.info("%s begins%s.", self.name, " anew, since the topic was made anew" if is_new else "")

    def _target_of(self, count: int, kept: Checkpoint | None) -> Target:
        return Target(
            topic=self._topic.identity() or (kept.target.topic if kept is not None else ""), count=count
        )

    def _has_changed(self) -> bool:
        """Whether the topic is not what it was; one that takes no events any more is an error."""
        now = Target(topic=self._topic.identity(), count=self._topic.count())
        return now.count != self._target.count or is_another(self._target, now)

    def _encoding(self, count: int) -> MessageEncoder:
        return MessageEncoder(self._feed.log_id, count, is_structured=self._is_structured)

    def _first(self, cursors: Sequence[Cursor]) -> Cursor:
        """The one that no other is before."""
        found = cursors[0]
        for cursor in cursors[1:]:
            order = self._feed.compare(cursor, found)
            if order == "mixed":  # of relays that read partitions of the log in another order
                return self._lowest(cursors)
            if order == "before":
                found = cursor
        return found

    def _lowest(self, cursors: Sequence[Cursor]) -> Cursor:
        marks: dict[str, Mark] = {}
        for cursor in cursors:
            for name, mark in cursor.marks.items():
                if name not in marks or mark.position < marks[name].position:
                    marks[name] = mark
        lowest = Cursor(self._feed.log_id, marks)
        if any(cursor.marks.keys() != marks.keys() for cursor in cursors):
            lowest = (
                self._feed.start()
            )  # partitions were split between them: what is there already is not sent again
        return lowest

    def _send(self) -> bool:
        batch = self._ahead.result() if self._ahead is not None else self._batches.read(self._cursor)
        self._ahead = None
        self.known += batch.known
        now = self._clock()
        if batch.fresh and now - self._looked_at >= _LOOK:
            self._looked_at = now
            if self._has_changed():
                self._stop_sending()  # the start decides
                return False
        if batch.fresh or self._is_due(batch.cursor, now - self._told_at):
            assert self._sender is not None
            # one by one: the first are on their way while the last are made
            self._sender.send(chain(batch.messages, self._progress(batch)))
            self._told, self._told_at = batch.cursor, now
            self.handled += batch.fresh
            if batch.caught_up:
                self._rest.begin()
        self._cursor = batch.cursor
        self._keep()
        return batch.caught_up

    def _is_due(self, cursor: Cursor, seconds: float) -> bool:
        """Whether the topic is to be told of a place without events, so long after it was told of one."""
        told = self._told
        if cursor == told or seconds < _PROGRESS:
            return seconds >= _SIGN
        if seconds >= _TOKENS or cursor.marks.keys() != told.marks.keys():
            return True
        return self._feed.compare(cursor, told) != "equal"

    def _progress(self, batch: Batch) -> Iterator[Message]:
        """How far the relay has come, behind the messages of a batch: its marks are those of the whole of it."""
        for partition, marks in enumerate(self._sent):
            progress = Progress(cursor=batch.cursor, sent=dict(marks.last))
            yield self._encoder.progress(progress, new_id(), time.time_ns() // 1000)._replace(
                partition=partition
            )
        if not batch.caught_up:
            # from here on the sender only waits
            if self._beside is None:
                self._beside = ThreadPoolExecutor(1, thread_name_prefix=f"{self.name} reads")
            self._ahead = self._beside.submit(self._batches.read, batch.cursor)

    def _keep(self, *, now: bool = False) -> None:
        if not now and self._clock() - self._kept_at < _KEEP:
            return
        checkpoint = Checkpoint(target=self._target, cursor=self._cursor)
        put, drop = checkpoint.notes(self._kept)
        if put or drop:
            self._share.commit(_LEASE, Cursor(self._feed.log_id, {_LEASE: Mark()}), put, drop)
        self._kept, self._kept_at = checkpoint, self._clock()

    def _stop_sending(self) -> None:
        sender, self._sender = self._sender, None
        if self._ahead is not None:
            wait([self._ahead])
            self._ahead = None
        if sender is not None:
            sender.close()
