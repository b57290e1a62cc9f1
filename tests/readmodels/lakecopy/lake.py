"""A log and its copy, for the tests of what is copied."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import DeltaTable

from eventfold import ANY, Store, open_store
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.port import Feed
from eventfold.readmodels.delta.eventcopy import DeltaCopy, open_copy
from eventfold.readmodels.lakecopy.copier import Copier
from eventfold.testing.making import make, read_all


class Lake:
    """A log of some events, and a lake for its copy."""

    def __init__(self, folder: Path, store: Store | None = None) -> None:
        self.folder = folder / "events"
        self.store = open_store("sqlite://") if store is None else store
        self.feed: Feed = self.store.feed()

    def happen(self, count: int = 1, streams: int = 3, *, size: int = 0) -> None:
        for n in range(count):
            data = {"n": n, "text": "x" * size} if size else None
            self.store.append(f"box-{n % streams}", [make(n, data=data)], expected=ANY)

    def table(self) -> DeltaCopy:
        return open_copy(str(self.folder.parent), self.store.log_id)

    def copier(self, events: int = 4, **options: Any) -> Copier:
        return Copier(self.table(), self.feed, events=events, patient=False, **options)

    def copy(self, events: int = 4) -> int:
        """Everything there is; how many events were copied."""
        copier = self.copier(events)
        while not copier.copy():
            pass
        return copier.handled

    def delta(self) -> DeltaTable:
        return DeltaTable(str(self.folder))

    def rows(self) -> list[dict[str, Any]]:
        """As any reader of Delta tables sees them, in the order of their positions."""
        return rows_of(self.folder)

    def ids(self) -> list[str]:
        """The ids of the events that were copied."""
        return sorted(str(row["event_id"]) for row in self.rows())

    def wanted(self) -> list[str]:
        """The ids of the events of the log."""
        return sorted(str(event.id) for event in self.events())

    def events(self) -> Sequence[RecordedEvent]:
        return read_all(self.feed)

    def agrees(self) -> bool:
        return self.ids() == self.wanted()


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """All rows of a Delta table, by what its log and its files say."""
    table = DeltaTable(str(folder))
    files = table.file_uris()
    if not files:
        return []
    found: pa.Table = ds.dataset(files, format="parquet", partitioning=None).to_table()
    rows: list[dict[str, Any]] = found.sort_by(
        [("position", "ascending"), ("partition", "ascending")]
    ).to_pylist()
    return rows
