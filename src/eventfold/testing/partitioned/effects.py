"""Leases and notes in memory, for tests of what shares a feed."""

import threading
from collections.abc import Callable, Collection, Sequence

from msgspec import structs

from eventfold.errors import ForeignCursor
from eventfold.feed.cursor import Cursor
from eventfold.feed.effects.port import Lease, Name, Note, check_kind, check_limit, check_notes


class MemoryEffects:
    """The leases and notes of one log in this process; see `Effects` for what each method promises.

    Args:
        log_id: of the log.
        check: raises where the store is closed.
    """

    def __init__(self, log_id: str, check: Callable[[], object] = bool) -> None:
        self._log_id = log_id
        self._check = check
        self._lock = threading.Lock()
        self._leases: dict[str, dict[str, Lease]] = {}
        self._notes: dict[str, dict[Name, Note]] = {}
        self._written = 0

    def begin(self, reader: str, cursor: Cursor) -> None:
        """All leases, unless there are some."""
        self._check()
        if cursor.log != self._log_id:
            raise ForeignCursor(f"The cursor belongs to the log {cursor.log}, this is {self._log_id}.")
        with self._lock:
            if reader not in self._leases:
                self._leases[reader] = {
                    name: self._tagged(
                        Lease(reader=reader, partition=name, cursor=Cursor(cursor.log, {name: mark}))
                    )
                    for name, mark in cursor.marks.items()
                }

    def readers(self) -> Sequence[str]:
        """Those that have leases."""
        self._check()
        with self._lock:
            return sorted(self._leases)

    def all(self, reader: str) -> Sequence[Lease]:
        """What is kept now."""
        self._check()
        with self._lock:
            return list(self._leases.get(reader, {}).values())

    def keep(
        self, old: Lease, new: Sequence[Lease], put: Sequence[Note] = (), drop: Collection[Name] = ()
    ) -> Sequence[Lease] | None:
        """Where the tag is the last one."""
        self._check()
        check_notes(put, drop)
        with self._lock:
            leases = self._leases.get(old.reader, {})
            if not self._unchanged(leases.get(old.partition), old):
                return None
            del leases[old.partition]
            written = [self._tagged(lease) for lease in new]
            leases.update({lease.partition: lease for lease in written})
            self._change(old.reader, put, drop)
            return written

    def note(self, reader: str, put: Sequence[Note] = (), drop: Collection[Name] = ()) -> None:
        """Notes alone."""
        self._check()
        check_notes(put, drop)
        with self._lock:
            self._change(reader, put, drop)

    def notes(
        self, reader: str, kind: str, *, after: str = "", below: str = "", limit: int = 1_000
    ) -> Sequence[Note]:
        """Notes by key."""
        self._check()
        check_kind(kind)
        check_limit(limit)
        with self._lock:
            names = sorted(
                name
                for name in self._notes.get(reader, {})
                if name.kind == kind and name.key > after and (not below or name.key < below)
            )
            return [self._notes[reader][name] for name in names[:limit]]

    def _change(self, reader: str, put: Sequence[Note], drop: Collection[Name]) -> None:
        notes = self._notes.setdefault(reader, {})
        for name in drop:
            notes.pop(name, None)
        notes.update({note.name: note for note in put})

    def _unchanged(self, kept: Lease | None, old: Lease) -> bool:
        return kept is not None and kept.tag == old.tag

    def _tagged(self, lease: Lease) -> Lease:
        self._written += 1
        return structs.replace(lease, tag=str(self._written))
