"""The lease of a worker on its table: taken, renewed, and waited for while another worker has it.

An owner whose process has ended is followed at once, one whose lease stands still for as long as a lease lasts then; by
the clock of who waits, so that no clock that was turned makes anybody wait for longer. Both are guesses, and the epoch
keeps the rows from an owner that lives after all.
"""

import logging
import math
import time
from collections.abc import Callable

import msgspec

from eventfold.errors import OwnerFenced
from eventfold.feed.leases.owner import Life, life, shown
from eventfold.readmodels.port import TableState

_log = logging.getLogger("eventfold.worker")
LEASE_SECONDS = 30.0
AGAIN_SECONDS = 0.25
"""Between two attempts to take what another holds."""


class Rival(msgspec.Struct, frozen=True):
    """Another worker that holds the table.

    Attributes:
        name: host and process.
        life: whether its process runs.
        lease: as it stood.
        since: when it was first seen so, by the clock of who waits.
        refusal: what the state said.
    """

    name: str
    life: Life
    lease: str
    since: float
    refusal: OwnerFenced


class Hold:
    """A worker's hold on its table.

    Args:
        table: its name.
        owner: who the worker is, unlike any other.
        clock: seconds, for intervals only.
    """

    def __init__(self, table: str, owner: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.rival: Rival | None = None
        """Who has the table instead; None while this worker has it, or has not asked."""
        self._table = table
        self._owner = owner
        self._clock = clock
        self._until = self._again = -math.inf
        self._epoch = 0
        self._told = ""

    @property
    def held(self) -> bool:
        """Whether this worker has taken the table and not lost or given it back since."""
        return self._until > -math.inf

    def take(self, state: TableState) -> int | None:
        """The epoch of the lease, taken or renewed where that is due; None while another worker has it.

        Raises:
            StaleCursor: this generation is no longer there.
            StorageError: the state did not answer.
        """
        now = self._clock()
        if now <= self._until - LEASE_SECONDS * 2 / 3:
            return self._epoch
        if self.rival is not None and now < self._again:
            return None
        self._again = now + AGAIN_SECONDS
        try:
            self._epoch = self._acquire(state, now)
        except OwnerFenced as refusal:
            self._stand_by(refusal, now)
            return None
        self._until = now + LEASE_SECONDS
        if self.rival is not None:
            self._tell(f"The table {self._table} is kept by this worker now; before, by {self.rival.name}.")
            self.rival = None
        return self._epoch

    def lose(self) -> None:
        """It has passed to another worker, or its generation is gone."""
        self._until = -math.inf

    def give_back(self, state: TableState) -> None:
        """So that others need not wait."""
        self.lose()
        state.release(self._owner)

    def seconds(self) -> int:
        """How long the rival's lease is waited for, at most; less where it is given back or its owner ends."""
        if self.rival is None:
            return 0
        left = LEASE_SECONDS - (self._clock() - self.rival.since)
        return max(0, min(math.ceil(left), int(str(self.rival.refusal.facts["seconds"]))))

    def _acquire(self, state: TableState, now: float) -> int:
        try:
            return state.acquire(self._owner, LEASE_SECONDS)
        except OwnerFenced as refusal:
            lease = str(refusal.facts["lease"])
            stood = (
                self.rival is not None
                and self.rival.lease == lease
                and now - self.rival.since >= LEASE_SECONDS
            )
            if not stood and life(str(refusal.facts["owner"])) != "ended":
                raise
            self.rival = self._seen(refusal, now)
            return state.acquire(self._owner, LEASE_SECONDS, over=lease)

    def _stand_by(self, refusal: OwnerFenced, now: float) -> None:
        self._until = -math.inf
        self.rival = self._seen(refusal, now)
        if self.rival.name == self._told:
            return
        self._told = self.rival.name
        if self.rival.life == "runs":
            _log.warning("The table %s is kept by %s, which runs; standing by.", self._table, self.rival.name)
        else:
            _log.warning(
                "The table %s is held by %s for up to %d s more; waiting.",
                self._table,
                self.rival.name,
                self.seconds(),
            )

    def _seen(self, refusal: OwnerFenced, now: float) -> Rival:
        owner, lease = str(refusal.facts["owner"]), str(refusal.facts["lease"])
        before = self.rival
        since = before.since if before is not None and before.lease == lease else now
        return Rival(shown(owner), life(owner), lease, since, refusal)

    def _tell(self, sentence: str) -> None:
        """To a person who was told before that this worker waits; else to who asks for more."""
        _log.log(logging.WARNING if self._told else logging.INFO, "%s", sentence)
        self._told = ""
