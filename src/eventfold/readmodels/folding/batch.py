"""A batch: some events folded over rows in memory. One that cannot be folded parks its stream; other streams go on."""

from collections.abc import Mapping, Sequence

from msgspec import structs

from eventfold.errors import EventfoldError, TableStopped
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.parking import ATTEMPTS, ParkedStream, Skip, park
from eventfold.readmodels.counting.tally import Tally
from eventfold.readmodels.declaring.layout import Row
from eventfold.readmodels.folding.reference import Reference, Taken
from eventfold.readmodels.port import Changes


def stopped(table: str, at: ParkedStream) -> TableStopped:
    """What is said where a table is to stop instead of parking a stream."""
    return TableStopped(
        f"The table {table} has stopped at version {at.version} of {at.stream}: {at.message}. Mend the definition or"
        " the upcaster and start again, with `eventfold run`; or set on_error='park', let it run, and leave the event"
        f" out: `eventfold parked skip {table} {at.stream} --reason WHY`.",
        table=table,
        stream=at.stream,
        version=at.version,
        reason=at.code,
    )


class Batch:
    """The fold of some events over rows that are held in memory: what they change, streams that fail parked.

    Args:
        reference: the fold.
        parked: the streams that wait already.
        skips: events left out, as (stream, version).
    """

    def __init__(
        self,
        reference: Reference,
        parked: Mapping[str, ParkedStream] | None = None,
        skips: frozenset[tuple[str, int]] = frozenset(),
    ) -> None:
        self._reference = reference
        self._skips = skips
        self.parked: dict[str, ParkedStream] = dict(parked or {})
        self.parked_now: dict[str, ParkedStream | None] = {}
        self.failed: ParkedStream | None = None
        """The first event of these that failed, if one did."""
        self.rows: dict[str, Row | None] = {}
        self.deleted: set[str] = set()

    def take(self, event: RecordedEvent) -> Taken | None:
        """The event's values; None where it does not count, or where it waits now."""
        if self.parked and (waiting := self.parked.get(event.stream)):
            if self._reference.looks_at(event):
                self._wait(waiting, event)
            return None
        if self._skips and (event.stream, event.version) in self._skips:
            return None
        for _ in range(ATTEMPTS):
            try:
                return self._reference.take(event)
            except EventfoldError as failed:
                error = failed
        self._fail(park(event, error))
        return None

    def absorb(self, taken: Taken) -> None:
        """Folds taken values into their row, which must have been given to `rows` where it exists."""
        key, event = taken.key, taken.event
        if self.parked and (waiting := self.parked.get(event.stream)) and event.version > waiting.version:
            self._wait(waiting, event)
            return
        for _ in range(ATTEMPTS):
            try:
                row = self._reference.absorb(self.rows.get(key), taken)
            except EventfoldError as failed:
                error = failed
            else:
                self.rows[key] = row
                if row is None:
                    self.deleted.add(key)
                return
        self._fail(park(event, error))

    def changes(self, skips: tuple[Skip, ...] = (), passed: Sequence[Tally] = ()) -> Changes:
        """What a commit writes."""
        return Changes(rows=self.rows, parked=self.parked_now, skips=skips, passed=passed)

    def _wait(self, waiting: ParkedStream, event: RecordedEvent) -> None:
        if event.version > waiting.last_version:
            self._park(structs.replace(waiting, last_version=event.version))

    def _fail(self, failed: ParkedStream) -> None:
        self.failed = self.failed or failed
        self._park(failed)

    def _park(self, stream: ParkedStream) -> None:
        # an earlier event of the stream may fail after a later one: what waited behind that waits behind this
        waiting = self.parked.get(stream.stream)
        if waiting is not None and waiting.last_version > stream.last_version:
            stream = structs.replace(stream, last_version=waiting.last_version)
        self.parked[stream.stream] = stream
        self.parked_now[stream.stream] = stream
