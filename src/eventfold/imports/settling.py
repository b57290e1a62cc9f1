"""Writing what is new of a batch of rows, and nothing twice: known ids are looked up once for the whole batch."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from eventfold.errors import (
    EventIdReused,
    OutcomeUnknown,
    PartialDuplicate,
    StorageBusy,
    WrongExpectedVersion,
)
from eventfold.imports.mapping import Prepared
from eventfold.imports.report import ImportReport
from eventfold.store.port import ANY, Store, Write

ATTEMPTS = 5


def settle(store: Store, batch: Sequence[Prepared], report: ImportReport) -> None:
    """Writes the rows of a batch that are not stored yet, in their order.

    Args:
        store: where to.
        batch: the rows.
        report: is brought up to date; with `dry_run` nothing is written.

    Raises:
        EventfoldError: the store did not do its work; what was written stays, and a repeat goes on from there.
    """
    for attempt in range(1, ATTEMPTS + 1):
        new, known, changed = _sorted_out(store, batch)
        try:
            if not report.dry_run:
                _write(store, new)
            break
        except (PartialDuplicate, EventIdReused, WrongExpectedVersion, OutcomeUnknown, StorageBusy):
            # another import is at work on the same rows, or an answer was lost: look again
            if attempt == ATTEMPTS:
                raise
    report.written += len(new)
    report.known += known
    for row in changed:
        report.refuse(
            row.line,
            EventIdReused(
                "The row was imported before as another event: with another type or other columns as data.",
                line=row.line,
            ),
        )


def _sorted_out(store: Store, batch: Sequence[Prepared]) -> tuple[list[Prepared], int, list[Prepared]]:
    """The new rows, the number of known ones, and those that are known as something else."""
    asked: dict[str, list[Prepared]] = {}
    for row in batch:
        asked.setdefault(row.stream, []).append(row)
    found = {
        event.id: event
        for event in store.find({s: [row.event.id for row in rows] for s, rows in asked.items()})
    }
    new, changed = [], []
    for row in batch:
        stored = found.get(row.event.id)
        if stored is None:
            new.append(row)
        elif (stored.type, stored.data) != (row.event.type, row.event.data):
            changed.append(row)
    return new, len(batch) - len(new) - len(changed), changed


def _write(store: Store, rows: Sequence[Prepared]) -> None:
    if not rows:
        return
    writes = list(_runs(rows, store.capabilities.max_batch))
    if store.capabilities.atomic_over_streams:
        store.append_all(writes)
        return
    for write in writes:
        store.append(write.stream, write.events, expected=write.expected)


def _runs(rows: Sequence[Prepared], longest: int) -> Iterator[Write]:
    """Neighbours of one stream together, so that the log keeps the order of the rows."""
    for stream, run in groupby(rows, key=lambda row: row.stream):
        events = [row.event for row in run]
        for at in range(0, len(events), longest):
            yield Write(stream, events[at : at + longest], ANY)
