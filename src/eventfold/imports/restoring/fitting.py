"""Fitting recorded events to what stands in a log: the next version of its stream, or equal to what is there."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from eventfold.errors import (
    Conflict,
    EventfoldError,
    EventIdReused,
    OutcomeUnknown,
    PayloadInvalid,
    RowInvalid,
    StorageBusy,
    WrongExpectedVersion,
)
from eventfold.events.envelope import NewEvent, RecordedEvent
from eventfold.imports.files.rows import bare
from eventfold.imports.report import ImportReport
from eventfold.imports.restoring.recorded import Recorded
from eventfold.store.checks import check_event
from eventfold.store.port import Appended, Store, Write
from eventfold.store.repeats import Known, canonical, same_content

ATTEMPTS = 5
_UNFIT = (Conflict, PayloadInvalid)


class _Fit(NamedTuple):
    """A row that is an event."""

    line: int
    stream: str
    version: int
    event: NewEvent


class _Sorted(NamedTuple):
    """The rows of a batch by what is to be done with them."""

    new: list[_Fit]
    known: list[_Fit]
    unfit: list[tuple[_Fit, EventfoldError]]


class Fitting:
    """Writes recorded events where they fit.

    Args:
        store: where to.
        report: is brought up to date; with `dry_run` nothing is written.
        before: is called before anything is written, each time.
    """

    def __init__(self, store: Store, report: ImportReport, before: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._report = report
        self._before = before
        self._heads: dict[str, int] = {}

    def head(self, stream: str) -> int:
        """The version of a stream, with what was found to fit so far."""
        if stream not in self._heads:
            self._heads[stream] = self._store.head(stream)
        return self._heads[stream]

    def settle(self, batch: Sequence[Recorded]) -> None:
        """Writes the events of a batch that are new and fit, in their order.

        Raises:
            EventfoldError: the store did not do its work; what was written stays, and a repeat goes on from there.
        """
        rows = [_Fit(r.line, r.stream, r.version, r.event) for r in batch if r.event is not None]
        tried: set[UUID] = set()
        attempt = 1
        while True:
            found = self._sorted_out(rows)
            rivals: set[UUID] = set()
            try:
                if not self._report.dry_run and found.new:
                    self._before()
                    found.unfit.extend(self._write(found.new, rivals))
                if not rivals:
                    break
                # another one restores the same events: what it has written must be equal in everything
                not_ours = rivals | {row.event.id for row, _ in found.unfit}
                tried.update(row.event.id for row in found.new if row.event.id not in not_ours)
                self._heads.clear()
            except (OutcomeUnknown, StorageBusy):
                # what was written of it is found when it is looked for again
                if attempt == ATTEMPTS:
                    raise
                attempt += 1
                tried.update(row.event.id for row in found.new if row.event.id not in rivals)
                self._heads.clear()
        settled = sum(row.event.id in tried for row in found.known)
        refused = {row.event.id for row, _ in found.unfit}
        new = [row for row in found.new if row.event.id not in refused]
        self._report.written += settled + len(new)
        self._report.came_in([row.event for row in (*(r for r in found.known if r.event.id in tried), *new)])
        there = [*found.known, *new]
        self._report.stand_in(row.stream for row in there)
        if not self._report.first_stream and there:
            self._report.first_stream = min(there, key=lambda row: row.line).stream
        self._report.known += len(found.known) - settled
        for row, error in sorted(found.unfit, key=lambda pair: pair[0].line):
            self._report.refuse(row.line, error)

    def _sorted_out(self, rows: Sequence[_Fit]) -> _Sorted:
        asked: dict[str, list[UUID]] = {}
        for row in rows:
            asked.setdefault(row.stream, []).append(row.event.id)
        stored = {event.id: event for event in self._store.find(asked)}
        found = _Sorted([], [], [])
        planned: dict[UUID, _Fit] = {}
        for row in rows:
            there = stored.get(row.event.id)
            twin = planned.get(row.event.id)
            if there is not None or twin is not None:
                if (there is not None and _equals(row, there)) or (twin is not None and _same(row, twin)):
                    found.known.append(row)
                else:
                    found.unfit.append((row, _reused(row)))
                continue
            try:
                check_event(row.event, self._store.capabilities)
                self._check_version(row)
            except EventfoldError as error:
                bare(error)
                found.unfit.append((row, error))
                continue
            self._heads[row.stream] = row.version
            planned[row.event.id] = row
            found.new.append(row)
        return found

    def _check_version(self, row: _Fit) -> None:
        head = self.head(row.stream)
        if row.version <= head:
            raise WrongExpectedVersion(
                f"Another event stands at version {row.version} of {row.stream} here: restore into an empty log,"
                " --store URL, or have new events made of it, --documents.",
                stream=row.stream,
                expected=row.version - 1,
                actual=head,
            )
        if row.version > head + 1:
            raise RowInvalid(
                f"The stream {row.stream} ends at version {head} here; before version {row.version} something is"
                " missing: restore the earlier export first, or one of the whole log (`eventfold export`).",
                line=row.line,
            )

    def _write(self, rows: Sequence[_Fit], rivals: set[UUID]) -> list[tuple[_Fit, EventfoldError]]:
        """Writes rows that fit; those that the store refuses, and what follows them, are given back.

        Args:
            rows: the rows.
            rivals: gets the ids of those that others wrote since they were looked for.
        """
        can = self._store.capabilities
        unfit: list[tuple[_Fit, EventfoldError]] = []
        if not can.atomic_over_streams:
            # no order holds between streams here, so that each is written at once, however the lines alternate
            rows = sorted(rows, key=lambda row: row.stream)
        for part in _parts(rows, can.max_append_bytes):
            runs = list(_runs(part, can.max_batch))
            if can.atomic_over_streams:
                try:
                    answers = self._store.append_all([_as_write(run) for run in runs])
                    for run, answer in zip(runs, answers, strict=True):
                        _note(run, answer, rivals)
                    continue
                except _UNFIT:
                    pass  # which of them it is, shows when each is written by itself
            for run in runs:
                unfit += self._run(run, rivals)
        return unfit

    def _run(self, run: Sequence[_Fit], rivals: set[UUID]) -> Iterator[tuple[_Fit, EventfoldError]]:
        try:
            write = _as_write(run)
            _note(run, self._store.append(write.stream, write.events, expected=write.expected), rivals)
            return
        except _UNFIT as error:
            refusal: EventfoldError | None = error if len(run) == 1 else None
        for row in run:
            if refusal is None:
                try:
                    answer = self._store.append(row.stream, [row.event], expected=row.version - 1)
                    _note([row], answer, rivals)
                    continue
                except _UNFIT as error:
                    bare(error)
                    refusal = error
            yield row, refusal
            self._heads.pop(row.stream, None)


def _note(run: Sequence[_Fit], answer: Appended, rivals: set[UUID]) -> None:
    if answer.deduplicated:
        rivals.update(row.event.id for row in run)


def _as_write(run: Sequence[_Fit]) -> Write:
    return Write(run[0].stream, [row.event for row in run], run[0].version - 1)


def _parts(rows: Sequence[_Fit], limit: int | None) -> Iterator[Sequence[_Fit]]:
    """The rows in parts that one append can take, of `limit` bytes at most."""
    part: list[_Fit] = []
    size = 0
    for row in rows:
        more = 0 if limit is None else len(row.event.data.encode()) + len(row.event.metadata.encode())
        if part and limit is not None and size + more > limit:
            yield part
            part, size = [], 0
        part.append(row)
        size += more
    if part:
        yield part


def _runs(rows: Sequence[_Fit], longest: int) -> Iterator[Sequence[_Fit]]:
    """Neighbours of one stream together, so that the log keeps the order of the file."""
    for _, run in groupby(rows, key=lambda row: row.stream):
        events = list(run)
        for at in range(0, len(events), longest):
            yield events[at : at + longest]


def _equals(row: _Fit, stored: RecordedEvent) -> bool:
    """Whether an event is stored as the file says, in everything: JSON is compared by what it says."""
    event = row.event
    known = Known(stored.stream, stored.version, stored.type, stored.schema_version, stored.data)
    times = (stored.recorded_us, stored.occurred_or_none_us)
    return (
        stored.version == row.version
        and times == (event.recorded_us, event.occurred_us)
        and same_content(event, known)
        and (stored.metadata == event.metadata or canonical(stored.metadata) == canonical(event.metadata))
    )


def _same(row: _Fit, twin: _Fit) -> bool:
    return (row.stream, row.version, row.event) == (twin.stream, twin.version, twin.event)


def _reused(row: _Fit) -> EventIdReused:
    return EventIdReused(
        f"The event id {row.event.id} of version {row.version} of {row.stream} is stored already, with another version,"
        " time or content.",
        stream=row.stream,
        event_id=row.event.id,
    )
