"""Questions about the past: a table at any moment, and the events behind a row.

The answer equals a fold from zero, always. Where a published version at or before the moment is known to contain the
fold of the log up to its cursor and nothing else, the fold goes on from there.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from eventfold.errors import CursorLost, QueryInvalid, StorageError
from eventfold.events.registry import Registry
from eventfold.feed.cursor import Cursor
from eventfold.feed.parking import ParkedStream
from eventfold.feed.port import Feed
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.declaring.views.evaluating import evaluate
from eventfold.readmodels.folding.history import columns_of
from eventfold.readmodels.notebook import markup
from eventfold.readmodels.notebook.frames import Framed
from eventfold.readmodels.port import Engine, Scope
from eventfold.readmodels.publishing.publication import LakePublication, Stamp
from eventfold.readmodels.telling import as_of, parked_warnings, place
from eventfold.words import how_many

if TYPE_CHECKING:
    import pyarrow as pa

Clock = Literal["recorded", "occurred"]
_LOOK_BACK = 20


class AsOf(Framed, msgspec.Struct, frozen=True):
    """A table at a moment.

    Attributes:
        layout: of its rows.
        arrow: the columns that users see.
        cursor: the events that were looked at.
        parked: streams whose events could not be folded.
        base: the published version that the fold went on from; None = from the beginning.
        events: how many events were folded.
        time: that was asked for; None where the moment was a cursor or a position.
        clock: what that time means.
        notes: what a person should know of the answer, each as a sentence.
    """

    layout: Layout
    arrow: "pa.Table"
    cursor: Cursor
    parked: Mapping[str, ParkedStream]
    base: int | None
    events: int
    time: datetime | None = None
    clock: Clock = "recorded"
    notes: Sequence[str] = ()

    def rows(self) -> list[dict[str, Any]]:
        """The rows as maps, ordered by key."""
        found: list[dict[str, Any]] = self.frame().to_pylist()
        return found

    def view(self, name: str) -> list[dict[str, Any]]:
        """What a view of the table showed at this moment, as maps, in no order.

        Raises:
            QueryInvalid: the table has no such view.
            ValueUnfit: a number does not fit the type of its column.
        """
        views = self.layout.spec.views
        if name not in views:
            known = f"its views are {', '.join(views)}" if views else "it has none"
            raise QueryInvalid(f"The table {self.layout.spec.name} has no view {name!r}: {known}.")
        return evaluate(views[name], self.rows())

    def frame(self) -> "pa.Table":
        """The rows as an Arrow table, ordered by key."""
        return self.arrow.sort_by(self.layout.spec.key_name)

    @property
    def moment(self) -> str:
        """Which moment it is, in words: `at position 3`, `as occurred up to 2026-03-31 00:00:00Z`."""
        return place(self.cursor) if self.time is None else as_of(self.time, self.clock)

    def __repr__(self) -> str:
        """Which table, when, and how much it has."""
        return f"<{self._told()}>"

    def _told(self) -> str:
        waits = f", {len(self.parked):,} parked" if self.parked else ""
        rows = how_many(self.arrow.num_rows, "row")
        return f"Table {self.layout.spec.name} {self.moment}: {rows}{waits}"

    def _repr_html_(self) -> str:
        """The first rows, in a notebook."""
        rows = (row.values() for row in self.frame().slice(0, markup.MOST).to_pylist())
        table = markup.table(self.arrow.column_names, map(list, rows), of=self.arrow.num_rows)
        parked = parked_warnings({self.layout.spec.name: len(self.parked)})
        return markup.heading(self._told()) + table + markup.warnings([*self.notes, *parked])


class History:
    """The past of one table.

    Args:
        layout: of the table.
        feed: the log.
        registry: event types and upcasters.
        engine: folds.
        publication: has stamped versions to go on from, if there is one.
    """

    def __init__(
        self,
        layout: Layout,
        feed: Feed,
        registry: Registry,
        engine: Engine,
        publication: LakePublication | None = None,
    ) -> None:
        self._layout = layout
        self._feed = feed
        self._registry = registry
        self._engine = engine
        self._publication = publication

    def at(self, cursor: Cursor, skips: frozenset[tuple[str, int]] = frozenset()) -> AsOf:
        """The table after the events up to a cursor.

        Args:
            cursor: of this log, at or before its end.
            skips: events that people decided to leave out.
        """
        number, base, rows = self._base(cursor)
        return self._fold(base, cursor, Scope(skips=skips), number, rows)

    def occurred(
        self, until_us: int, cursor: Cursor, skips: frozenset[tuple[str, int]] = frozenset()
    ) -> AsOf:
        """The fold, in the normal order, of the events up to `cursor` that occurred at or before a time."""
        return self._fold(self._feed.start(), cursor, Scope(skips=skips, occurred_to_us=until_us), None, None)

    def recorded(
        self, until_us: int, cursor: Cursor, skips: frozenset[tuple[str, int]] = frozenset()
    ) -> AsOf:
        """The fold of the events recorded at or before a time, where time is no prefix of the feed."""
        return self._fold(self._feed.start(), cursor, Scope(skips=skips, recorded_to_us=until_us), None, None)

    def _fold(
        self, after: Cursor, to: Cursor, scope: Scope, number: int | None, base: "pa.Table | None"
    ) -> AsOf:
        batches = self._feed.arrow(after, to, columns_of(self._layout, scope, self._feed))
        folded = self._engine.fold(batches, self._layout, self._registry, scope=scope, base=base)
        shown = folded.rows.select([slot.name for _, slot in self._layout.shown])
        return AsOf(self._layout, shown, to, folded.parked, number, folded.events)

    def _base(self, cursor: Cursor) -> "tuple[int | None, Cursor, pa.Table | None]":
        """The nearest published version to go on from, its cursor and its rows."""
        start = self._feed.start()
        self._feed.check(cursor)
        try:
            head = self._publication.head() if self._publication else None
        except (CursorLost, StorageError):
            return None, start, None  # the log answers too
        if self._publication is None or head is None:
            return None, start, None
        if head.stamp.fingerprint != self._layout.fingerprint:
            return None, start, None
        numbers = [n for n in self._publication.versions() if n <= head.number]
        stamp_at = self._publication.stamp
        last = _last(numbers, lambda n: self._reaches_no_further(stamp_at(n), head.stamp, cursor))
        for number in reversed(numbers[max(0, last + 1 - _LOOK_BACK) : last + 1]):
            stamp = stamp_at(number)
            if stamp is None or stamp.generation != head.stamp.generation or stamp.parked_count:
                continue
            rows = self._publication.rows(number)
            if rows is not None:
                return number, stamp.cursor, rows
        return None, start, None

    def _reaches_no_further(self, stamp: Stamp | None, head: Stamp, cursor: Cursor) -> bool | None:
        if stamp is None:
            return None
        if stamp.generation != head.generation:
            return stamp.generation < head.generation
        return self._feed.compare(stamp.cursor, cursor) in {"before", "equal"}


def _last(numbers: list[int], fits: Callable[[int], bool | None]) -> int:
    """The last index that fits, where those that fit come first; -1 for none. None = it cannot be told."""
    low, high = 0, len(numbers)
    while low < high:
        middle = (low + high) // 2
        told, at = fits(numbers[middle]), middle
        while told is None and at > low:  # commits of others and lost stamps say nothing: ask an earlier one
            at -= 1
            told = fits(numbers[at])
        if told is None or told:
            low = middle + 1
        else:
            high = at
    return low - 1
