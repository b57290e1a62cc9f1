"""Leases in memory, for tests of what shares a feed."""

import threading
from collections.abc import Callable, Sequence

from msgspec import structs

from eventfold.errors import ForeignCursor
from eventfold.feed.cursor import Cursor
from eventfold.feed.leases.port import Lease


class MemoryLeases:
    """The leases of one log in this process; see `Leases` for what each method promises.

    Args:
        log_id: of the log.
        check: raises where the store is closed.
    """

    def __init__(self, log_id: str, check: Callable[[], object] = bool) -> None:
        self._log_id = log_id
        self._check = check
        self._lock = threading.Lock()
        self._kept: dict[str, dict[str, Lease]] = {}
        self._written = 0

    def begin(self, reader: str, cursor: Cursor) -> None:
        """All leases, unless there are some."""
        self._check()
        if cursor.log != self._log_id:
            raise ForeignCursor(f"The cursor belongs to the log {cursor.log}, this is {self._log_id}.")
        with self._lock:
            if reader not in self._kept:
                self._kept[reader] = {
                    name: self._tagged(
                        Lease(reader=reader, partition=name, cursor=Cursor(cursor.log, {name: mark}))
                    )
                    for name, mark in cursor.marks.items()
                }

    def all(self, reader: str) -> Sequence[Lease]:
        """What is kept now."""
        self._check()
        with self._lock:
            return list(self._kept.get(reader, {}).values())

    def replace(self, old: Lease, new: Sequence[Lease]) -> Sequence[Lease] | None:
        """Where the tag is the last one."""
        self._check()
        with self._lock:
            kept = self._kept.get(old.reader, {})
            if not self._unchanged(kept.get(old.partition), old):
                return None
            del kept[old.partition]
            written = [self._tagged(lease) for lease in new]
            kept.update({lease.partition: lease for lease in written})
            return written

    def _unchanged(self, kept: Lease | None, old: Lease) -> bool:
        return kept is not None and kept.tag == old.tag

    def _tagged(self, lease: Lease) -> Lease:
        self._written += 1
        return structs.replace(lease, tag=str(self._written))
