"""The desks of one worker: one for each partition whose lease it holds, with what is under way at each."""

import logging
import time
from collections.abc import Callable, Iterator

from eventfold.errors import OwnerFenced
from eventfold.feed.effects.port import Lease
from eventfold.feed.leases.share import Share
from eventfold.handlers.declaring.handler import Handler
from eventfold.handlers.working.desk import Desk
from eventfold.handlers.working.effect import Effect
from eventfold.handlers.working.origins.belonging import belonging
from eventfold.handlers.working.origins.parked import Parked
from eventfold.handlers.working.sweep import Sweep
from eventfold.store.port import Store

_log = logging.getLogger("eventfold.handlers")


class Desks:
    """Those of one handler.

    Attributes:
        handler: the name of the handler.
        share: of the leases.
        parked: the parked streams of the handler.
        under_way: what was begun and is not known, and the desk of each.
        sweep: what is done in one go, and its desk.

    Args:
        handler: the handler.
        store: the log, and where its effects are kept.
        owner: who this worker is.
        seconds: how long a lease may stand still before others take it.
        clock: seconds, for intervals only.
    """

    def __init__(
        self,
        handler: Handler,
        store: Store,
        owner: str,
        *,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.handler = handler.name
        self._declared = handler
        self._store = store
        self._seconds = seconds
        self._clock = clock
        self.share = Share(
            store.effects(), handler.name, owner, seconds=seconds, clock=clock, busy=self._is_busy_with
        )
        self.parked = Parked()
        self.under_way: dict[Effect, Desk] = {}
        self.sweep: tuple[Sweep, Desk] | None = None
        self._desks: dict[tuple[str, int], Desk] = {}

    def __iter__(self) -> Iterator[Desk]:
        """As they are now; a desk may be left meanwhile."""
        return iter(list(self._desks.values()))

    def __len__(self) -> int:
        return len(self._desks)

    def __contains__(self, desk: object) -> bool:
        """Whether a desk is one of this worker still."""
        return isinstance(desk, Desk) and self._desks.get((desk.partition, desk.epoch)) is desk

    @property
    def partitions(self) -> set[str]:
        """Those that this worker has."""
        return {partition for partition, _ in self._desks}

    def left(self) -> list[Desk]:
        """Leaves the desks of leases that have passed on as they are; returns those."""
        gone = self._desks.keys() - self._held().keys()
        return [self._desks.pop(key) for key in gone]

    def new(self) -> list[Lease]:
        """The leases that were taken and have no desk."""
        held = self._held()
        return [held[key] for key in held.keys() - self._desks.keys()]

    def take(self, lease: Lease) -> None:
        """A desk for a lease."""
        self._desks[lease.partition, lease.epoch] = Desk(
            self._declared,
            lease,
            self.share,
            self._store,
            parked=self.parked,
            mine=belonging(lease.partition, self._store, self.handler),
            clock=self._clock,
        )

    def staying(self) -> list[Desk]:
        """Those at which something may be begun; one that is done with what it began is free to go."""
        for desk in self:
            if desk.leaves_at is not None and not desk.unkept and not self.has_under_way(desk):
                self.share.look_again()
        return [desk for desk in self if desk.leaves_at is None and not desk.over]

    def has_under_way(self, desk: Desk) -> bool:
        """Whether something was begun at a desk whose outcome is not known."""
        return desk in self.under_way.values() or (self.sweep is not None and self.sweep[1] is desk)

    def fenced(self, desk: Desk, act: Callable[[], None]) -> bool:
        """Acts; a desk whose partition has passed to another worker is left, and its effects with it."""
        try:
            act()
        except OwnerFenced as error:
            _log.warning("%s", error)
            self._desks.pop((desk.partition, desk.epoch), None)
            return False
        return True

    def clear(self) -> None:
        """Leaves all."""
        self._desks.clear()

    def _held(self) -> dict[tuple[str, int], Lease]:
        return {(lease.partition, lease.epoch): lease for lease in self.share.held()}

    def _is_busy_with(self, partition: str) -> bool:
        """Whether effects of a partition that is wanted are under way, or not written down: those are waited for.

        Not for ever: what hangs is repeated by the other worker.
        """
        for desk in self:
            if desk.partition == partition:
                now = self._clock()
                desk.leaves_at = now if desk.leaves_at is None else desk.leaves_at
                return now - desk.leaves_at < self._seconds and (desk.unkept or self.has_under_way(desk))
        return False
