"""The follower whose workers share a feed: it hands the pages of its partitions to a handler, then commits."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from eventfold.errors import OwnerFenced
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor
from eventfold.feed.effects.port import HELD, Effects
from eventfold.feed.leases.heart import Heart
from eventfold.feed.leases.owner import new_owner
from eventfold.feed.leases.share import SECONDS, Share
from eventfold.feed.port import Feed

_log = logging.getLogger("eventfold.leases")
PAGE = 100
"""Events that are handled between two commits, at most: as many may be handled twice after a crash."""


class Handle(Protocol):
    """What handles the events of a page."""

    def __call__(self, events: Sequence[RecordedEvent], epoch: int) -> None:
        """Handles them in order.

        Args:
            events: of one partition; each at least once, in the order of its stream.
            epoch: of the lease; a place that refuses older ones is safe from workers that were thought dead.
        """


class SharedFollower:
    """One of the workers of a reader; a `Follower` of the loop.

    Args:
        name: of the reader, the same for all its workers.
        feed: what is followed.
        effects: where the workers agree.
        owner: who this worker is, unlike any other; default: a name that lets others see when its process has ended.
        begin: where the reader begins, if it has not yet.
        handle: what handles the events.
        seconds: how long a lease may stand still before others take it.
        clock: seconds, for intervals only.
    """

    def __init__(
        self,
        name: str,
        feed: Feed,
        effects: Effects,
        *,
        owner: str = "",
        begin: Callable[[], Cursor],
        handle: Handle,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._feed = feed
        self._effects = effects
        self._handle = handle
        self._share = Share(effects, name, owner or new_owner(), seconds=seconds, clock=clock)
        self._read: dict[tuple[str, int], Cursor] = {}
        """Partition and epoch -> where it was read up to without an event: not worth a write."""
        self._free: set[tuple[str, int]] = set()
        """Partition and epoch that were taken while nothing held the reader."""
        self._heart = Heart(self._share, name, seconds)
        if not effects.all(name):
            effects.begin(name, begin())

    def where(self) -> Cursor | None:
        """How far the partitions of this worker have been read; None where it has none."""
        marks = {
            name: mark
            for lease in self._share.held()
            for name, mark in self._read.get((lease.partition, lease.epoch), lease.cursor).marks.items()
        }
        return Cursor(self._feed.log_id, marks) if marks else None

    def step(self) -> bool:
        """Handles the next page of each partition in its share and commits; True where nothing more was there.

        Raises:
            FeedRebased: partitions were merged or the log was restored; what was handled cannot be told any more.
            StorageError: feed or leases did not answer; try again.
        """
        self._heart.beat()
        self._share.balance()
        idle = True
        for lease in self._share.held():
            try:
                idle = self._page(lease.partition, lease.epoch, lease.cursor) and idle
            except OwnerFenced as error:
                _log.warning("%s", error)
        return idle

    def finish(self) -> None:
        """Gives the leases back."""
        self._heart.stop()
        self._share.release()
        self._read.clear()
        self._free.clear()

    def _page(self, partition: str, epoch: int, committed: Cursor) -> bool:
        if (partition, epoch) not in self._free:
            if self._effects.notes(self.name, HELD, limit=1):
                return True
            self._free.add((partition, epoch))
        after = self._read.pop((partition, epoch), committed)
        page = self._feed.read(after, PAGE)
        if page.events:
            self._handle(page.events, epoch)
        if page.events or page.cursor.marks.keys() != after.marks.keys():
            self._share.commit(partition, page.cursor)
        else:
            self._read[partition, epoch] = page.cursor
        return page.caught_up
