"""Files to import, and a store that can do less or fails, for the tests of this room."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import msgspec

from eventfold import Appended, Expected, NewEvent, RecordedEvent, Store, Write
from eventfold.errors import BatchTooLarge
from eventfold.imports import ImportReport, import_file
from eventfold.imports import Mapping as Columns

HEADER = "case,what,when,note\n"
COLUMNS = Columns(stream=("case",), category="case", type=("what",), time="when")

Answer = TypeVar("Answer")


def csv_file(path: Path, rows: Iterable[str], header: str = HEADER) -> Path:
    path.write_text(header + "".join(f"{row}\n" for row in rows), encoding="utf-8", newline="")
    return path


def run(store: object, path: Path, columns: Columns = COLUMNS, **options: object) -> ImportReport:
    return import_file(store, path, columns, **{"source": "test", **options})  # type: ignore[arg-type]


def stored(store: Store) -> list[RecordedEvent]:
    feed = store.feed()
    return list(feed.read(feed.start(), 1_000_000).events)


def refusals(report: ImportReport) -> list[tuple[int, str]]:
    return [(refusal.line, refusal.code) for refusal in report.refusals]


class Lesser:
    """A store that can do less than the one behind it, refuses what is beyond that, and notes what it is asked.

    `failures` are raised by the next appends, each before or after the append was done.
    """

    def __init__(self, store: Store, **less: object) -> None:
        self._store = store
        self.ends, self.feed = store.ends, store.feed
        self.capabilities = msgspec.structs.replace(store.capabilities, **less)
        self.finds = 0
        self.appends: list[str] = []
        self.failures: list[tuple[Exception, bool]] = []

    def find(self, ids: Mapping[str, Iterable[UUID]]) -> Iterator[RecordedEvent]:
        self.finds += 1
        return self._store.find(ids)

    def append(self, stream: str, events: Sequence[NewEvent], *, expected: Expected) -> Appended:
        self.appends.append(stream)
        self._check(events)
        return self._answered(lambda: self._store.append(stream, events, expected=expected))

    def append_all(self, writes: Sequence[Write]) -> Sequence[Appended]:
        assert self.capabilities.atomic_over_streams
        self.appends.append("all")
        for write in writes:
            assert len(write.events) <= self.capabilities.max_batch
        self._check([event for write in writes for event in write.events])
        return self._answered(lambda: self._store.append_all(writes))

    def _check(self, events: Sequence[NewEvent]) -> None:
        size = sum(len(e.data.encode()) + len(e.metadata.encode()) for e in events)
        if size > (self.capabilities.max_append_bytes or size):
            raise BatchTooLarge(f"{size} bytes are too many for one append.")
        if not self.capabilities.atomic_over_streams and len(events) > self.capabilities.max_batch:
            raise BatchTooLarge(f"{len(events)} events are too many for one append.")

    def _answered(self, write: Callable[[], Answer]) -> Answer:
        if not self.failures:
            return write()
        error, after = self.failures.pop(0)
        if after:
            write()
        raise error
