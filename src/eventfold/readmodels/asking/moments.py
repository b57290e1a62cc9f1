"""A table at any moment, by any name of one: a cursor, a position, a time by either clock, the end of the log."""

from datetime import UTC, date, datetime
from functools import cached_property
from typing import get_args

from msgspec import structs

from eventfold.errors import CapabilityMissing, RangeInvalid
from eventfold.events.envelope import to_us
from eventfold.events.times import instant, moment
from eventfold.feed.cursor import Cursor
from eventfold.feed.parking import named
from eventfold.readmodels.asking.asof import AsOf, Clock, History
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.telling import as_of
from eventfold.store.port import Store

Moment = Cursor | AsOf | datetime | date | int | str

_LOOKED_THROUGH = 500
"""Events from the beginning of a log, among which one is looked for that explains an empty answer."""


class Moments:
    """One table at several moments. The end of the log is looked up once: it is the same for all of them.

    Args:
        layout: of the table.
        store: the log.
        history: of the table.
        skips: events that people decided to leave out.
    """

    def __init__(
        self, layout: Layout, store: Store, history: History, skips: frozenset[tuple[str, int]]
    ) -> None:
        self._layout = layout
        self._store = store
        self._feed = store.feed()
        self._history = history
        self._skips = skips

    def at(
        self,
        cursor: Cursor | None = None,
        position: int | None = None,
        time: datetime | date | str | None = None,
        clock: Clock = "recorded",
    ) -> AsOf:
        """The table at one moment; arguments and errors as `LiveTable.at`."""
        check_clock(clock)
        if clock == "occurred" and time is None:
            raise RangeInvalid(
                "clock='occurred' (--occurred) says what a time means, and none is given: give time= (--time), or leave"
                " it out.",
                field="clock",
            )
        places = (cursor is not None) + (position is not None)
        if places > 1 or (clock == "recorded" and places + (time is not None) != 1):
            raise RangeInvalid(
                "Ask for one moment: a position, a time or a cursor (--position, --time or --cursor)."
            )
        until = None if time is None else moment(time)
        if cursor is None and position is not None:
            cursor = self._feed.at_position(position)
        if until is None:
            assert cursor is not None
            return self._told(self._history.at(cursor, self._skips), None, clock)
        return self._told(self._by_time(until, cursor, clock), until, clock)

    def pair(self, a: Moment, b: Moment, clock: Clock) -> tuple[AsOf, AsOf]:
        """The table at two moments; arguments and errors as `LiveTable.diff`."""
        check_clock(clock)
        if clock == "occurred" and not (_is_time(a) or _is_time(b)):
            raise RangeInvalid(
                "clock='occurred' (--occurred) says what times mean, and neither moment is one: positions, cursors and"
                " 'now' say what was known. Give a time, or leave it out.",
                field="clock",
            )
        return self._named(a, clock), self._named(b, clock)

    def _named(self, given: Moment, clock: Clock) -> AsOf:
        match given:
            case "now":
                return self.at(cursor=self._end)
            case Cursor():
                return self.at(cursor=given)
            case date() | str():
                return self.at(time=given, clock=clock)
            case int() if type(given) is int:
                return self.at(position=given)
            case AsOf() if given.layout == self._layout:
                return given
        raise RangeInvalid(
            f"{self._layout.spec.name}: give each moment as a cursor, a position, a time, 'now', or what at() answered."
        )

    @cached_property
    def _end(self) -> Cursor:
        return self._feed.end()

    def _by_time(self, until: datetime, cursor: Cursor | None, clock: Clock) -> AsOf:
        until_us = to_us(until)
        if clock == "occurred":
            return self._history.occurred(until_us, cursor or self._end, self._skips)
        try:
            return self._history.at(self._feed.at_time(until_us), self._skips)
        except CapabilityMissing:
            return self._history.recorded(until_us, self._end, self._skips)

    def _told(self, found: AsOf, until: datetime | None, clock: Clock) -> AsOf:
        """With the names of what is parked, the time that was meant, and what explains an empty answer."""
        parked = {one.stream: one for one in named(found.parked, self._store)}
        note = ""
        if until is not None and clock == "recorded" and until > datetime.now(UTC):
            note = f"{until:%Y-%m-%d %H:%M:%S} UTC is yet to come: this is the table of now."
        elif until is not None and clock == "recorded" and not found.arrow.num_rows:
            note = self._recorded_later(until)
        return structs.replace(found, parked=parked, time=until, clock=clock, notes=[note] if note else [])

    def _recorded_later(self, until: datetime) -> str:
        """A sentence where events were recorded later than they occurred: who imports a log asks for the first."""
        spec, until_us = self._layout.spec, to_us(until)
        categories = [spec.category] if spec.category else None
        page = self._feed.read(self._feed.start(), _LOOKED_THROUGH, categories=categories, types=spec.types)
        later = [e for e in page.events if until_us < e.recorded_us and e.occurred_us < e.recorded_us]
        event = next((e for e in later if e.occurred_us <= until_us), None)
        if event is None and not page.caught_up:
            # one that would do may stand in the rest, which is not read for a hint
            event = next(iter(later), None)
        if event is None:
            return ""
        return (
            f"{spec.name} has no rows {as_of(until, 'recorded')}. {event.stream}@{event.version} occurred at"
            f" {instant(event.occurred_at)} and was recorded at {instant(event.recorded_at)}: --occurred"
            " (clock='occurred') asks by when things occurred"
        )


def check_clock(clock: str) -> None:
    """Whether there is such a clock.

    Raises:
        RangeInvalid: there is none.
    """
    if clock not in get_args(Clock):
        raise RangeInvalid(
            f"clock={clock!r}: a time is one by which something was 'recorded', or by which it 'occurred'.",
            field="clock",
        )


def _is_time(given: object) -> bool:
    return isinstance(given, date) or (isinstance(given, str) and given != "now")
