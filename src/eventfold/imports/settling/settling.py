"""Writing what is new of a batch of rows, and nothing twice: known ids are looked up once for the whole batch."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from uuid import UUID

from eventfold.errors import Conflict, EventfoldError, EventIdReused, OutcomeUnknown, StorageBusy
from eventfold.imports.report import ImportReport
from eventfold.imports.settling.knowing import Knowing, Sorted, differs, owner_of
from eventfold.imports.settling.prepared import Prepared
from eventfold.store.port import ANY, Appended, Store, Write

ATTEMPTS = 5


class Settling:
    """Writes batches of rows.

    Args:
        store: where to.
        knowing: tells what is there.
        report: is brought up to date; with `dry_run` nothing is written.
    """

    def __init__(self, store: Store, knowing: Knowing, report: ImportReport) -> None:
        self._store = store
        self._knowing = knowing
        self._report = report

    def settle(self, batch: Sequence[Prepared], looked_up: Sorted | None = None) -> None:
        """Writes the rows of a batch that are not stored yet, in their order.

        Args:
            batch: the rows.
            looked_up: what is known of them, where they were looked up just now.

        Raises:
            Refused: a row equals one of another log, and nobody said whether it is the same.
            EventfoldError: the store did not do its work; what was written stays, and a repeat goes on from there.
        """
        ours: set[UUID] = set()
        unknown: OutcomeUnknown | None = None
        attempt, again = 1, False
        while True:
            new: list[Prepared] = []
            try:
                found = looked_up or self._knowing.sort(batch, everywhere=again)
                looked_up = None
                new, unclear = _without_unclear(found)
                again = not self._report.dry_run and self._write(new, ours)
                if not again:
                    break
                continue  # a rival wrote some of them: look which
            except OutcomeUnknown as error:
                unknown = error
                ours.update(row.event.id for row in new)
            except EventfoldError as error:
                # another import is at work on the same rows, or the store has no time: look again
                if attempt == ATTEMPTS or not isinstance(error, Conflict | StorageBusy):
                    if unknown is not None:
                        raise unknown from error
                    raise
            if attempt == ATTEMPTS:
                assert unknown is not None
                raise unknown
            attempt, again = attempt + 1, True
        self._knowing.settled(found)
        self._count(batch, found, new, ours)
        for row, refusal in unclear:
            self._report.refuse(row.line, refusal)
        self._report.refusals.sort(key=lambda refusal: refusal.line)

    def _write(self, rows: Sequence[Prepared], ours: set[UUID]) -> bool:
        """Writes rows and notes the ids of those that were written; whether others wrote some at the same time."""
        rival = False
        can = self._store.capabilities
        if not can.atomic_over_streams:
            # no order holds between streams here: each is written at once, however the rows of the file alternate
            rows = sorted(rows, key=lambda row: row.stream)
        for part in _parts(rows, can.max_append_bytes):
            writes = list(_runs(part, can.max_batch))
            if can.atomic_over_streams:
                rival |= _note(writes, self._store.append_all(writes), ours)
                continue
            for write in writes:
                answer = self._store.append(write.stream, write.events, expected=write.expected)
                rival |= _note([write], [answer], ours)
        return rival

    def _count(self, batch: Sequence[Prepared], found: Sorted, new: list[Prepared], ours: set[UUID]) -> None:
        report, last = self._report, self._knowing.last
        written = {id(row) for row in new}
        for row, stored in found.known:
            if stored is not None and stored.id in ours:
                ours.discard(stored.id)  # an equal row that names the same event is known
                written.add(id(row))
                continue
            report.known += 1
            if stored is not None:
                us = stored.occurred_or_none_us
                last[row.stream] = last[row.stream] if us is None else max(last[row.stream], us)
                report.differing += differs(row, stored)
                self._count_owner(row, stored.metadata)
        report.written += len(written)
        report.came_in([row.event for row in batch if id(row) in written])
        there = [*new, *(row for row, _ in found.known)]
        report.stand_in(row.stream for row in there)
        if not report.first_stream and there:
            report.first_stream = min(there, key=lambda row: row.line).stream
        report.held_back += len(found.held)
        report.differing += len(found.unlike)
        for row in batch:
            us = row.event.occurred_us
            if us is not None and id(row) in written:
                report.out_of_order += us < last[row.stream]
                last[row.stream] = max(last[row.stream], us)
        for row in found.refused:
            if row.wrong is not None and not row.wrong.told:
                row.wrong.told = True
                report.refuse(row.line, row.wrong.error)
        for row in found.changed:
            report.refuse(
                row.line,
                EventIdReused(
                    "The row was imported before as another event: with another type or other columns as data. Import"
                    " it as then, or as a log of its own: --source NAME.",
                    line=row.line,
                ),
            )

    def _count_owner(self, row: Prepared, metadata: str) -> None:
        if metadata != row.event.metadata and not row.fixed and row.wrong is None:
            owner = owner_of(metadata)
            if owner is not None and owner != self._report.source:
                self._report.known_from[owner] += 1


def _note(writes: Sequence[Write], answers: Sequence[Appended], ours: set[UUID]) -> bool:
    rival = False
    for write, answer in zip(writes, answers, strict=True):
        if answer.deduplicated:
            rival = True
        else:
            ours.update(event.id for event in write.events)
    return rival


def _without_unclear(found: Sorted) -> tuple[list[Prepared], list[tuple[Prepared, EventfoldError]]]:
    """The new rows whose stream is beyond doubt, and the others with what is wrong with them."""
    for row in [*(row for row, _ in found.known), *found.changed]:
        if row.unclear is not None:
            row.unclear.proven = True
    left_out = [(row, u.refusal) for row in found.new if (u := row.unclear) is not None and not u.proven]
    return [row for row in found.new if row.unclear is None or row.unclear.proven], left_out


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
