"""The follower that keeps the lake copy: what a commit contains is decided by the stamp of the newest one alone."""

import logging
import time
from collections.abc import Callable

import pyarrow as pa

from eventfold.errors import CheckpointBeyondHead, FeedRebased, ForeignCursor, LogMismatch, StaleCursor
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Feed
from eventfold.readmodels.lakecopy.chunks import BYTES, EVENTS, Chunk, next_chunk
from eventfold.readmodels.lakecopy.columns import chained, digest, in_order
from eventfold.readmodels.lakecopy.port import Border, CopyStamp, CopyTable
from eventfold.readmodels.lakecopy.rows import to_rows

_log = logging.getLogger("eventfold.copier")
EVERY = 60.0
"""Seconds between two commits while the copy is at the end of the log: each makes a file, or several."""
NAME = "lake copy"


class Copier:
    """Keeps one copy of one log; `handled` counts the events that it has copied.

    There is no lease: of two copiers one lands each commit, by the fence, and the other one lets it go on.

    Args:
        table: the copy.
        feed: of the log.
        every: seconds between two commits while it is at the end of the log.
        events: of one commit, at most.
        size: bytes of data and metadata of one commit, at most.
        patient: waits after a rival was quicker; otherwise it goes on at once.
        hurry: whether it is to end soon.
    """

    def __init__(
        self,
        table: CopyTable,
        feed: Feed,
        *,
        every: float = EVERY,
        events: int = EVENTS,
        size: int = BYTES,
        patient: bool = True,
        hurry: Callable[[], bool] = bool,
    ) -> None:
        self._table = table
        self._feed = feed
        self._every = every
        self._events = events
        self._size = size
        self._patient = patient
        self._hurry = hurry
        self._due = 0.0
        self._cursor: Cursor | None = None
        self.handled = 0

    @property
    def name(self) -> str:
        """What it is called where its state is shown."""
        return NAME

    def where(self) -> Cursor | None:
        """None: new events alone are no reason to commit."""
        return None

    def step(self) -> bool:
        """Makes a commit where it is time to; True where nothing is left to do now.

        Raises:
            CursorLost, ForeignCursor: what is there is no copy of this log, or not known to be one.
            LogMismatch: the log no longer has what was copied.
        """
        if time.monotonic() < self._due:
            return True
        try:
            caught_up = self.copy()
        except StaleCursor as late:
            if not self._patient:
                return False  # somebody copies the same events: look how far that one has come
            _log.info("Another copier was quicker: %s", late)
            caught_up = True
        if caught_up:
            self._due = time.monotonic() + self._every
        return caught_up

    def finish(self) -> None:
        """Copies what has come since, one commit of it."""
        if self._cursor is None:
            return
        try:
            self.copy()
        except StaleCursor as late:
            _log.info("Another copier was quicker: %s", late)

    def copy(self) -> bool:
        """Makes one commit, if there is something new; whether the copy is at the end of the log then.

        Raises:
            StaleCursor: another copier was quicker; nothing was written.
        """
        head = self._table.head()
        if head is None:
            head = self._table.create(_first(self._feed))
        chunk = self._next(head)
        self._cursor, caught_up = chunk.cursor, chunk.caught_up
        if chunk.events.num_rows:
            # hashed and stamped before it is written: what the stamp says is what the log said
            stamp = _stamp(head, chunk)
            _give_back()
            rows = to_rows(chunk.events, head.stamp.commit + 1)
            del chunk  # half of what is held
            _give_back()
            self._table.append(head, rows, stamp)
            self.handled += stamp.events
        return caught_up

    def _next(self, head: Border) -> Chunk:
        try:
            return next_chunk(
                self._feed, head.stamp.cursor, events=self._events, size=self._size, hurry=self._hurry
            )
        except (CheckpointBeyondHead, ForeignCursor, FeedRebased) as error:
            raise _of_another(error) from error


def _give_back() -> None:
    """What Arrow keeps for itself is as much again as the events, and what comes next has memory of its own."""
    pa.default_memory_pool().release_unused()


def _first(feed: Feed) -> CopyStamp:
    start = feed.start()
    return CopyStamp(
        log=start.log,
        commit=0,
        cursor=start,
        events=0,
        total=0,
        digest="",
        chain="",
        total_order=feed.capabilities.total_order,
    )


def _stamp(head: Border, chunk: Chunk) -> CopyStamp:
    of = digest(in_order(chunk.events))
    rows = chunk.events.num_rows
    return CopyStamp(
        log=head.stamp.log,
        commit=head.stamp.commit + 1,
        cursor=chunk.cursor,
        events=rows,
        total=head.stamp.total + rows,
        digest=of,
        chain=chained(head.stamp.chain, of),
        total_order=head.stamp.total_order,
    )


def _of_another(error: LogMismatch) -> LogMismatch:
    """The same error, with the way out of a copy."""
    return type(error)(
        f"{error.message} The lake copy has events that this log has not: move its folder, `events`, out of the lake,"
        " and `eventfold run --once` copies the log anew.",
        **error.facts,
    )
