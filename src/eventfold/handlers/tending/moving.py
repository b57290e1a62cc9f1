"""Moving a handler: its leases are taken away, then put elsewhere; between the two it is held.

Whoever held a lease finds its next commit refused, and who takes one anew finds the hold. A crash in between leaves the
handler held: it never runs from a place that nobody chose. The same again goes on from there.
"""

from collections.abc import Collection, Sequence

from msgspec import structs

from eventfold.errors import OutcomeUnknown, StorageBusy
from eventfold.events.ids import new_id
from eventfold.feed.cursor import Cursor
from eventfold.feed.effects.port import Effects, Lease, Name, Note
from eventfold.handlers.records import MOVE, RESTORE, Held, Moved, Progress

ATTEMPTS = 200
"""How often leases are looked at anew, while workers renew them."""

_SHOWN = 100
"""Positions that are kept of a move."""
OF_MOVES = (Name(Held.kind, MOVE), Name(Held.kind, RESTORE))


def hold(effects: Effects, reader: str, key: str, held: Held) -> None:
    """Keeps a handler from going on: when this returns, no worker can keep what it does from now on.

    Args:
        effects: where its leases are.
        reader: the handler.
        key: of the hold.
        held: what is kept of it.

    Raises:
        StorageBusy: others changed the leases all the time.
        StorageError: it is not known to be held; repeat it.
    """
    before = holds(effects, reader).get(key)
    note = structs.replace(held, half=before is not None and before.half).note(key)
    taken: dict[str, int] = {}
    for _ in range(ATTEMPTS):
        waiting = [
            lease
            for lease in effects.all(reader)
            if lease.partition not in taken or lease.epoch < taken[lease.partition]
        ]
        if not waiting:
            return
        for lease in waiting:
            away = _away(lease, lease.epoch + 1)
            try:
                if effects.keep(lease, [away], [note]) is not None:
                    taken[lease.partition] = away.epoch
            except OutcomeUnknown:
                continue  # it is taken once more
    raise _busy(reader)


def place(
    effects: Effects, reader: str, key: str, cursor: Cursor, moved: Moved, *, forget: Collection[Name] = ()
) -> None:
    """Puts a handler that is held at a place, whatever partitions its leases have, and ends the holds of moves.

    What was done beyond its checkpoints is forgotten. What was parked, what waits for its time and what was skipped
    stay.

    Args:
        effects: where its leases are.
        reader: the handler.
        key: of the hold.
        cursor: the place, in partitions that cover the log.
        moved: what is kept of it; positions are filled in.
        forget: further notes that are dropped with the hold.

    Raises:
        StorageBusy: others changed the leases all the time.
        StorageError: it is held still; repeat both, which settles it.
    """
    placed: set[str] = set()
    record = _told(moved, effects.all(reader), cursor)
    for _ in range(ATTEMPTS):
        leases = effects.all(reader)
        left = sorted(
            (one for one in leases if one.partition not in placed), key=lambda one: _late(one, cursor)
        )
        if not left:
            return
        old, epoch = left[0], max(lease.epoch for lease in leases) + 1
        there = {lease.partition for lease in leases} - {old.partition}
        new = [
            _away(structs.replace(old, partition=name, cursor=Cursor(cursor.log, {name: mark})), epoch)
            for name, mark in cursor.marks.items()
            if name not in there
        ]
        drop = [Name(Progress.kind, old.partition)]
        step = str(new_id())
        is_last = len(left) == 1
        if is_last:
            drop += [*OF_MOVES, *forget]
            put = [record]
        else:
            held = holds(effects, reader).get(key, Held())
            put = [structs.replace(held, half=True, step=step).note(key)]
        try:
            arrived = effects.keep(old, new, put, drop) is not None
        except OutcomeUnknown:
            found = holds(effects, reader).get(key)
            if found is None:
                return  # the last one had arrived
            arrived = found.step == step
        if arrived:
            placed.update(lease.partition for lease in new)
            if is_last:
                return
    raise _busy(reader)


def _told(moved: Moved, leases: Sequence[Lease], cursor: Cursor) -> Note:
    before = {name: mark.position for lease in leases for name, mark in lease.cursor.marks.items()}
    after = {name: mark.position for name, mark in cursor.marks.items()}
    if len(before) + len(after) <= _SHOWN:
        moved = structs.replace(moved, before=before, after=after)
    return moved.note(moved.key)


def holds(effects: Effects, reader: str) -> dict[str, Held]:
    """What keeps a handler from going on, by who said so."""
    return {note.key: Held.of(note) for note in effects.notes(reader, Held.kind)}


def _late(lease: Lease, cursor: Cursor) -> tuple[bool, str]:
    """Partitions that are no more come first: what takes their place comes with the first of them."""
    return lease.partition in cursor.marks, lease.partition


def _away(lease: Lease, epoch: int) -> Lease:
    return structs.replace(lease, owner="", wanted="", epoch=epoch, renewal=lease.renewal + 1)


def _busy(reader: str) -> StorageBusy:
    return StorageBusy(f"Workers of {reader} changed its leases all the time; try again.")
