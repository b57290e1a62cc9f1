"""One worker's share of a feed: takes leases, keeps them, hands them over and moves their checkpoints.

No clock is compared with another's: a worker is taken for dead when its process is known to have ended, or when its
leases stood still for `seconds` on the clock of who watches. Who is thought dead and is not finds its commit refused.
Leases that are wanted by a worker with fewer change hands between two pages, so that nothing is handled twice because a
worker came or went in order.
"""

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence

from msgspec import structs

from eventfold.errors import OutcomeUnknown, OwnerFenced, StorageBusy, StorageError
from eventfold.feed.cursor import Cursor
from eventfold.feed.effects.port import Effects, Lease, Name, Note
from eventfold.feed.leases.owner import life, shown

_log = logging.getLogger("eventfold.leases")
SECONDS = 15.0
"""How long a lease stands still before others take it."""
_ATTEMPTS = 20


class Share:
    """The leases of one worker; safe to renew from another thread while pages are handled.

    Args:
        effects: where leases and notes are kept.
        reader: the name of what reads.
        owner: who this worker is, unlike any other and never used again; that of `new_owner` shows when it has ended.
        seconds: how long a lease may stand still before others take it.
        clock: seconds, for intervals only.
        busy: whether a partition is not to be handed over just now; it is asked about each that is wanted.
        what: the worker does, as the beginning of a sentence, where there is one lease for all of it.
    """

    def __init__(
        self,
        effects: Effects,
        reader: str,
        owner: str,
        *,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
        busy: Callable[[str], bool] = lambda _partition: False,
        what: str = "",
    ) -> None:
        self._effects = effects
        self._reader = reader
        self._owner = owner
        self._seconds = seconds
        self._clock = clock
        self._busy = busy
        self._what = what
        self._lock = threading.RLock()
        self._held: dict[str, Lease] = {}
        self._renewed: dict[str, float] = {}
        self._seen: dict[str, tuple[str, float]] = {}
        """Partition -> the tag last seen, and since when."""
        self._gave: dict[str, int] = {}
        """Partition -> the renewal at which it was given away: an answer older than that is not believed."""
        self._looked = -seconds

    def held(self) -> Sequence[Lease]:
        """The leases of this worker."""
        with self._lock:
            return list(self._held.values())

    def balance(self) -> None:
        """Three times in `seconds`: renews, takes what is free, asks for its share, hands over what is wanted.

        Raises:
            StorageError: the leases could not be read or written; try again.
        """
        with self._lock:
            now = self._clock()
            if now - self._looked < self._seconds / 3:
                return
            self.renew()
            found = self._effects.all(self._reader)
            self._looked = now
            self._keep(found)
            self._adopt(found)
            alive = [lease for lease in found if self._alive(lease, now)]
            self._hand_over(alive)
            counts = Counter({self._owner: 0})
            counts.update(lease.owner for lease in alive if lease.partition not in self._held)
            counts[self._owner] = len(self._held)
            fair = -(-len(found) // len(counts))
            free = [lease for lease in found if lease not in alive and lease.partition not in self._held]
            random.shuffle(free)  # so that workers that come together do not all ask for the same
            for lease in free[: max(0, fair - len(self._held))]:
                self._take(lease)
            if not free:
                self._ask(alive, counts, fair)

    def look_again(self) -> None:
        """Lets the next `balance` look at once: a partition that was wanted is free to go."""
        self._looked = -self._seconds

    def renew(self) -> None:
        """Shows that this worker lives, where a third of `seconds` has passed; a lease that has passed on is given up.

        Raises:
            StorageError: it could not be written; try again.
        """
        with self._lock:
            for lease in list(self._held.values()):
                if self._clock() - self._renewed[lease.partition] >= self._seconds / 3:
                    try:
                        self._write(lease, [lease])
                    except OwnerFenced as error:
                        _log.warning("%s", error)

    def commit(
        self, partition: str, then: Cursor, put: Sequence[Note] = (), drop: Collection[Name] = ()
    ) -> None:
        """Moves the checkpoint of a partition; where it was split, those that came of it take its place.

        Args:
            partition: one that is held.
            then: everything up to there has been handled.
            put: notes that are put in the same transaction.
            drop: notes that are forgotten in it.

        Raises:
            OwnerFenced: the lease has passed to another worker; what was handled since the last commit is handled
                again by that one.
            StorageError: it could not be written; try again.
        """
        with self._lock:
            lease = self._held.get(partition)
            if lease is None:
                raise self._fenced(partition)
            self._write(
                lease,
                [
                    structs.replace(lease, partition=name, cursor=Cursor(then.log, {name: mark}))
                    for name, mark in then.marks.items()
                ],
                put,
                drop,
            )

    def release(self) -> None:
        """Gives every lease back, so that others need not wait; what cannot be given runs out by itself."""
        with self._lock:
            for lease in list(self._held.values()):
                try:
                    self._give(lease, "")
                except StorageError as error:
                    _log.warning("the lease of %s was not given back: %s", lease.partition, error)

    def _alive(self, lease: Lease, now: float) -> bool:
        """Whether its owner has moved it within `seconds`, as far as this worker has watched, and has not ended."""
        tag, since = self._seen.get(lease.partition, ("", now))
        if tag != lease.tag:
            since = now
        self._seen[lease.partition] = (lease.tag, since)
        return bool(lease.owner) and now - since < self._seconds and life(lease.owner) != "ended"

    def _keep(self, found: Sequence[Lease]) -> None:
        """Takes over what others may have written beside us: who wants a lease, and which has passed on."""
        known = {lease.partition: lease for lease in found}
        for partition, lease in list(self._held.items()):
            now = known.get(partition)
            if now is None or now.renewal < lease.renewal:
                continue  # an answer older than what we wrote; the next commit tells
            if self._mine(now, lease):
                self._held[partition] = now
            else:
                self._forget(partition)
                _log.warning("%s", self._fenced(partition))

    def _hand_over(self, alive: Sequence[Lease]) -> None:
        for lease in alive:
            if lease.partition in self._held and lease.wanted and not self._busy(lease.partition):
                self._give(self._held[lease.partition], lease.wanted)

    def _give(self, lease: Lease, owner: str) -> None:
        """To another worker, or to nobody."""
        self._forget(lease.partition)
        for _ in range(_ATTEMPTS):
            self._gave[lease.partition] = lease.renewal
            if self._effects.keep(lease, [_passed(lease, owner)]) is not None:
                return
            there = {other.partition: other for other in self._effects.all(self._reader)}.get(lease.partition)
            if there is None or not self._mine(there, lease):
                return
            lease = there

    def _adopt(self, found: Sequence[Lease]) -> None:
        """Holds what was handed to this worker, or what it took when the answer was lost."""
        for lease in found:
            given = self._gave.get(lease.partition, -1)
            if lease.owner == self._owner and lease.partition not in self._held and lease.renewal > given:
                self._hold(lease)

    def _take(self, lease: Lease) -> None:
        if lease.owner:
            what = (self._called(lease.partition), shown(lease.owner))
            _log.info("%s is taken over: %s has ended, or gave no sign for too long.", *what)
        for now in self._effects.keep(lease, [_passed(lease, self._owner)]) or ():
            self._hold(now)

    def _ask(self, alive: Sequence[Lease], counts: Counter[str], fair: int) -> None:
        """Asks the worker that has most for some, where that brings both closer."""
        owner, most = counts.most_common(1)[0]
        mine = len(self._held) + sum(1 for lease in alive if lease.wanted == self._owner)
        if owner == self._owner or most <= mine + 1:
            return
        choices = [lease for lease in alive if lease.owner == owner and not lease.wanted]
        random.shuffle(choices)
        for lease in choices[: max(1, min(fair - mine, most - fair))]:
            self._effects.keep(lease, [structs.replace(lease, wanted=self._owner, renewal=lease.renewal + 1)])

    def _write(
        self, lease: Lease, new: Sequence[Lease], put: Sequence[Note] = (), drop: Collection[Name] = ()
    ) -> None:
        """Changes a lease that is held; a neighbour that asked for it, or a lost answer, is no reason to lose it."""
        for _ in range(_ATTEMPTS):
            wanted = [structs.replace(n, renewal=lease.renewal + 1, wanted=lease.wanted) for n in new]
            try:
                written = self._effects.keep(lease, wanted, put, drop)
            except OutcomeUnknown:
                written = None
            if written is None:
                found = {other.partition: other for other in self._effects.all(self._reader)}
                if all(_same(found.get(n.partition), n) for n in wanted):
                    written = [found[n.partition] for n in wanted]  # it had arrived
            if written is not None:
                self._forget(lease.partition)
                for now in written:
                    self._hold(now)
                return
            there = found.get(lease.partition)
            if there is None or not self._mine(there, lease):
                if there is None or there.renewal >= lease.renewal:
                    self._forget(lease.partition)
                    raise self._fenced(lease.partition)
            else:
                lease = there
        raise StorageBusy(
            f"The lease of {lease.partition} could not be written {_ATTEMPTS} times; try again."
        )

    def _mine(self, now: Lease, before: Lease) -> bool:
        return now.owner == self._owner and now.epoch == before.epoch

    def _hold(self, lease: Lease) -> None:
        self._held[lease.partition] = lease
        self._renewed[lease.partition] = self._clock()

    def _forget(self, partition: str) -> None:
        self._held.pop(partition, None)
        self._renewed.pop(partition, None)

    def _called(self, partition: str) -> str:
        """A lease in sentences."""
        return self._what or f"The partition {partition} of {self._reader}"

    def _fenced(self, partition: str) -> OwnerFenced:
        self._looked = float("-inf")  # it may be free: who moved a reader gives its leases back at once
        return OwnerFenced(
            f"{self._called(partition)} has passed to another worker, which goes on from the last commit.",
            reader=self._reader,
            partition=partition,
        )


def _same(found: Lease | None, wanted: Lease) -> bool:
    return found is not None and structs.replace(found, tag="") == structs.replace(wanted, tag="")


def _passed(lease: Lease, owner: str) -> Lease:
    return structs.replace(lease, owner=owner, wanted="", epoch=lease.epoch + 1, renewal=lease.renewal + 1)
