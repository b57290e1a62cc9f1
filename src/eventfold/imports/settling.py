"""Writing what is new of a batch of rows, and nothing twice: known ids are looked up once for the whole batch."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from uuid import UUID

from eventfold.errors import Conflict, EventfoldError, EventIdReused, OutcomeUnknown, Refused, StorageBusy
from eventfold.events.ids import EMPTY, check_new_id
from eventfold.imports.mapping import Prepared
from eventfold.imports.report import ImportReport
from eventfold.store.checks import check_new_stream
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
    tried: set[UUID] = set()
    unknown: OutcomeUnknown | None = None
    for attempt in range(1, ATTEMPTS + 1):
        try:
            new, known, changed = _sorted_out(store, batch)
            new, unclear = _without_unclear(new, [*known, *changed])
            new, refused = _without_refused(store, new)
            if not report.dry_run:
                _write(store, new)
            break
        except OutcomeUnknown as error:
            unknown = error
            tried.update(row.event.id for row in new)
        except EventfoldError as error:
            # another import is at work on the same rows, or the store has no time: look again
            if attempt == ATTEMPTS or not isinstance(error, Conflict | StorageBusy):
                if unknown is not None:
                    raise unknown from error
                raise
    else:
        assert unknown is not None
        raise unknown
    settled = sum(row.event.id in tried for row in known)
    report.written += len(new) + settled
    report.known += len(known) - settled
    for row, refusal in (*unclear, *refused):
        report.refuse(row.line, refusal)
    for row in changed:
        report.refuse(
            row.line,
            EventIdReused(
                "The row was imported before as another event: with another type or other columns as data.",
                line=row.line,
            ),
        )


def _sorted_out(
    store: Store, batch: Sequence[Prepared]
) -> tuple[list[Prepared], list[Prepared], list[Prepared]]:
    """The new rows, the known ones, and those that are known as something else."""
    asked: dict[str, list[Prepared]] = {}
    for row in batch:
        asked.setdefault(row.stream, []).append(row)
    found = {
        event.id: event
        for event in store.find({s: [row.event.id for row in rows] for s, rows in asked.items()})
    }
    new, known, changed = [], [], []
    for row in batch:
        stored = found.get(row.event.id)
        if stored is None:
            new.append(row)
        elif (stored.type, stored.data) != (row.event.type, row.event.data):
            changed.append(row)
        else:
            known.append(row)
    return new, known, changed


def _without_unclear(
    new: Sequence[Prepared], stored: Sequence[Prepared]
) -> tuple[list[Prepared], list[tuple[Prepared, EventfoldError]]]:
    """The new rows whose stream is beyond doubt, and the others with what is wrong with them."""
    for row in stored:
        if row.unclear is not None:
            row.unclear.proven = True
    left_out = [(row, u.refusal) for row in new if (u := row.unclear) is not None and not u.proven]
    return [row for row in new if row.unclear is None or row.unclear.proven], left_out


def _without_refused(
    store: Store, new: list[Prepared]
) -> tuple[list[Prepared], list[tuple[Prepared, EventfoldError]]]:
    """The new rows without those whose id or name of a stream only a row that is stored already may have."""

    @lru_cache
    def head(stream: str) -> int:
        return store.head(stream)

    refused: dict[int, tuple[Prepared, EventfoldError]] = {}
    for n, row in enumerate(new):
        if row.event.id.int in EMPTY or not row.stream.isascii():
            try:
                check_new_id(row.event.id)
                check_new_stream(row.stream, [row.event], head)
            except Refused as error:
                refused[n] = row, error
    if not refused:
        return new, []
    return [row for n, row in enumerate(new) if n not in refused], list(refused.values())


def _write(store: Store, rows: Sequence[Prepared]) -> None:
    can = store.capabilities
    if can.atomic_over_streams:
        for part in _parts(rows, can.max_append_bytes):
            store.append_all(list(_runs(part, can.max_batch)))
        return
    # no order holds between streams here, so that each is written at once, however the rows of the file alternate
    by_stream = sorted(rows, key=lambda row: row.stream)
    for part in _parts(by_stream, can.max_append_bytes):
        for write in _runs(part, can.max_batch):
            store.append(write.stream, write.events, expected=write.expected)


def _parts(rows: Sequence[Prepared], limit: int | None) -> Iterator[Sequence[Prepared]]:
    """The rows in parts that one append can take, of `limit` bytes at most."""
    if limit is None:
        if rows:
            yield rows
        return
    part: list[Prepared] = []
    size = 0
    for row in rows:
        more = len(row.event.data.encode()) + len(row.event.metadata.encode())
        if part and size + more > limit:
            yield part
            part, size = [], 0
        part.append(row)
        size += more
    if part:
        yield part


def _runs(rows: Sequence[Prepared], longest: int) -> Iterator[Write]:
    """Neighbours of one stream together, so that the log keeps the order of the rows."""
    for stream, run in groupby(rows, key=lambda row: row.stream):
        events = [row.event for row in run]
        for at in range(0, len(events), longest):
            yield Write(stream, events[at : at + longest], ANY)
