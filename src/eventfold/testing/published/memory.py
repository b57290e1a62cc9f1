"""A publication in memory: the reference of the contract, and a second place for tests of several."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from eventfold.errors import ForeignCursor, StaleCursor
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.publishing.publication import (
    NOTHING,
    LeftOut,
    PublicationCapabilities,
    Stamp,
    Version,
)

if TYPE_CHECKING:
    import pyarrow as pa

Rows = dict[str, dict[str, Any]]


class Memory:
    """What is kept of one table: the newest version."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.version: Version | None = None
        self.rows: Rows = {}


class MemoryPublication:
    """See `Publication` for what each method promises.

    Args:
        memory: where the table is kept; several publications may share it.
        layout: of the rows.
        log_id: of the log whose fold is published.
        kind: the name under which a state notes what is published here.
    """

    capabilities = PublicationCapabilities(every=1.0)

    def __init__(self, memory: Memory, layout: Layout, log_id: str, kind: str = "memory") -> None:
        self.kind = kind
        self._memory = memory
        self._key = layout.spec.key_name
        self._log_id = log_id

    def head(self) -> Version | None:
        """The newest version."""
        there = self._memory.version
        if there is not None and there.stamp.log != self._log_id:
            raise ForeignCursor(f"It was folded from the log {there.stamp.log}.")
        return there

    def merge(
        self,
        on: Version,
        rows: "pa.RecordBatchReader",
        deleted: Sequence[str],
        stamp: Stamp,
        left_out: LeftOut = NOTHING,  # noqa: ARG002 - it keeps no past
    ) -> Version:
        """Into a copy of the rows, which takes their place."""
        return self._write(on, {**self._memory.rows}, rows, deleted, stamp)

    def overwrite(
        self,
        on: Version | None,
        rows: "pa.RecordBatchReader",
        stamp: Stamp,
        left_out: LeftOut = NOTHING,  # noqa: ARG002 - it keeps no past
    ) -> Version:
        """All rows anew."""
        return self._write(on if on is not None else self.head(), {}, rows, (), stamp)

    def lacks_files(self) -> bool:
        """It has none."""
        return False

    def read(self) -> Rows:
        """The rows of the newest version, by key."""
        return self._memory.rows

    def _write(
        self,
        on: Version | None,
        kept: Rows,
        rows: "pa.RecordBatchReader",
        deleted: Sequence[str],
        stamp: Stamp,
    ) -> Version:
        kept |= {row[self._key]: row for batch in rows for row in batch.to_pylist()}
        for key in deleted:
            kept.pop(key, None)
        with self._memory.lock:
            now = self._memory.version
            if (now and now.number) != (on and on.number):
                raise StaleCursor(f"Somebody else wrote {stamp.table} in the same moment.")
            made = Version(0 if now is None else now.number + 1, stamp)
            self._memory.version, self._memory.rows = made, kept
        return made
