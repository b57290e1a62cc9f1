"""What was counted when events passed, compared with what stands in the log now; a single fault is named."""

from collections.abc import Callable, Collection, Iterable

from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor
from eventfold.readmodels.audit.reading import Events
from eventfold.readmodels.audit.report import Finding, Findings, Where
from eventfold.readmodels.counting.tally import PRIME, Counted, Number, Tally, merged, tally
from eventfold.store.names import stored_category

_LISTED = 10


class TallyLook:
    """Counts the events of the log as they were counted when they passed.

    Args:
        where: `ledger` or `applied`.
        table: its name, for `applied`.
        counted: what was kept.
        number: of an event, as then.
        fits: whether an event was counted.
    """

    def __init__(
        self,
        where: Where,
        table: str,
        counted: Counted,
        number: Number,
        fits: Callable[[RecordedEvent], bool] | None = None,
    ) -> None:
        self.since, self.until = counted.since, counted.cursor
        self.where: Where = where
        self.table = table
        self.number = number
        self.found: dict[int, Tally] = {}
        self._kept = merged(counted.tallies)
        self._fits = fits

    def take(self, events: Events) -> None:
        """The next events."""
        some = events if self._fits is None else [e for e in events if self._fits(e)]
        for one in tally(some, self.number):
            self.found[one.range] = self.found[one.range].plus(one) if one.range in self.found else one

    @property
    def events(self) -> int:
        """How many there are in the log."""
        return sum(one.events for one in self.found.values())

    def differences(self) -> list[Tally]:
        """What the log has more than was counted, by range."""
        ranges = sorted(self.found.keys() | self._kept.keys())
        empty = {at: Tally(at) for at in ranges}
        found = (self.found.get(at, empty[at]).minus(self._kept.get(at, empty[at])) for at in ranges)
        return [one for one in found if not one.is_zero]


def fitting(category: str, types: Collection[str] | None) -> Callable[[RecordedEvent], bool]:
    """Whether a table looks at an event."""

    def fits(event: RecordedEvent) -> bool:
        return (types is None or event.type in types) and (
            not category or stored_category(event.stream) == category
        )

    return fits


class PlaceLook:
    """Finds the events at some positions.

    Args:
        since: as the look whose differences are explained.
        until: likewise.
        positions: of the events.
    """

    def __init__(self, since: Cursor, until: Cursor, positions: Collection[int]) -> None:
        self.since, self.until = since, until
        self.found: dict[int, list[RecordedEvent]] = {}
        self._positions = frozenset(positions)

    def take(self, events: Events) -> None:
        """The next events."""
        for event in events:
            if event.position in self._positions:
                self.found.setdefault(event.position, []).append(event)


def explain(look: TallyLook, differences: Iterable[Tally], places: PlaceLook, findings: Findings) -> None:
    """Tells each difference, naming the event where one explains it."""
    for difference in differences:
        position = difference.position()
        there = places.found.get(position, []) if position else []
        findings.add(_finding(look, difference, position, _meant(look, difference, there)))


def _meant(look: TallyLook, difference: Tally, there: list[RecordedEvent]) -> list[RecordedEvent]:
    """Those events at the position that explain the difference: where the count differs, their number tells."""
    wanted = {1: difference.total, -1: -difference.total % PRIME}.get(difference.events)
    if wanted is None:
        return there
    return [e for e, number in zip(there, look.number(there), strict=True) if number % PRIME == wanted]


def _finding(look: TallyLook, difference: Tally, position: int | None, there: list[RecordedEvent]) -> Finding:
    more, who = difference.events, f"the table {look.table}" if look.table else "the ledger"
    event = there[0] if len(there) == 1 else None
    problem, told = _problem(look.where, more, gone=not there)
    if position is None:
        problem, told = "differs", "several events differ"
    place = f"positions {difference.low} to {difference.high}"
    if position:
        place = f"position {position}"
        names = ", ".join(f"{e.stream} version {e.version}" for e in there[:_LISTED])
        place += f" ({'one of ' if len(there) > 1 else ''}{names})" if names else ""
    count = f" ({abs(more)} {'more' if more > 0 else 'fewer'} in the log than {who} counted)" if more else ""
    return Finding(
        where=look.where,
        problem=problem,
        message=f"{told} at {place}{count}."
        if not look.table
        else f"{look.table}: {told} at {place}{count}.",
        table=look.table,
        low=difference.low,
        high=difference.high,
        position=position or 0,
        partition=event.partition if event else "",
        stream=event.stream if event else "",
        version=event.version if event else 0,
    )


def _problem(where: Where, more: int, *, gone: bool) -> tuple[str, str]:
    if where == "ledger":
        if more > 0:
            return "added", "the log has an event that was not there when the tables passed it"
        if more < 0:
            return "removed", "an event that the tables passed is no longer in the log"
        return "altered", "an event no longer says what it said when the tables passed it"
    if more > 0:
        return "not-applied", "an event of the log was not given to the table"
    if more < 0 and gone:
        return "removed", "an event that was given to the table is no longer in the log"
    if more < 0:
        return "applied-twice", "an event was given to the table more than once"
    return "replaced", "another event was given to the table than the log has"
