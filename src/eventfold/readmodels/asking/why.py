"""Why a row is as it is: the events behind it, in order, with the row before and after each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from eventfold.events.envelope import RecordedEvent
from eventfold.events.registry import Registry
from eventfold.feed.port import Feed
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.folding.batch import Batch
from eventfold.readmodels.folding.reference import Reference
from eventfold.readmodels.notebook import markup
from eventfold.readmodels.telling import parked_warnings
from eventfold.store.port import Store
from eventfold.words import how_many

_PAGE = 5_000
_COLUMNS = ("version", "recorded", "occurred", "stream", "event", "changed")


class Step(msgspec.Struct, frozen=True):
    """One event behind a row.

    Attributes:
        event: the event.
        before: the row before it, None where there was none.
        after: the row after it.
        note: why it changed nothing, where it waits or was left out.
    """

    event: RecordedEvent
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    note: str = ""

    @property
    def envelope(self) -> dict[str, Any]:
        """Which event it is, under the names of `Explanation.columns`."""
        return {
            "version": self.event.version,
            "recorded": self.event.recorded_at,
            "occurred": self.event.occurred_apart,
            "stream": self.event.stream,
            "event": self.event.type,
        }


class Explanation(list[Step]):
    """The events behind a row, in order.

    Attributes:
        key: of the row.
        parked: how many streams of the table are parked, by table: what they would change is not told.
    """

    def __init__(
        self, steps: Iterable[Step] = (), parked: Mapping[str, int] | None = None, key: str = ""
    ) -> None:
        super().__init__(steps)
        self.key = key
        self.parked = dict(parked or {})

    def __repr__(self) -> str:
        """How many events, of how many streams."""
        return f"<Why: {how_many(len(self), 'event')}>"

    @property
    def columns(self) -> list[str]:
        """Under which names the steps are shown, the last of them being what changed.

        `occurred` is there where an event happened at another time than it was recorded, `stream` where that is not the
        key of the row.
        """
        left_out = {
            "occurred": all(step.event.occurred_apart is None for step in self),
            "stream": all(step.event.stream == self.key for step in self),
        }
        return [name for name in _COLUMNS if not left_out.get(name)]

    def _repr_html_(self) -> str:
        """The first steps, in a notebook."""
        *columns, changed = self.columns
        rows = (
            [
                *map(step.envelope.get, columns),
                "\n".join(filter(None, (markup.changes(step.before, step.after), step.note))),
            ]
            for step in self
        )
        table = markup.table([*columns, changed], rows, of=len(self))
        return markup.heading(repr(self)[1:-1]) + table + markup.warnings(parked_warnings(self.parked))


class Why:
    """Explains the rows of one table.

    Args:
        layout: of the table.
        store: where the events are.
        registry: event types and upcasters.
    """

    def __init__(self, layout: Layout, store: Store, registry: Registry) -> None:
        self._layout = layout
        self._store = store
        self._registry = registry

    def __call__(self, key: str, skips: frozenset[tuple[str, int]] = frozenset()) -> Sequence[Step]:
        """The events behind the row of a key, oldest first; none where no event ever touched it.

        With the stream as key its stream is read; with another key the whole log is looked through.
        """
        batch = self._batch(skips)
        events = self._events(key)
        if self._layout.ordered_by == "triple":
            events = self._in_order(events, key, skips)
        steps = (self._step(batch, event, key, skips) for event in events)
        return [step for step in steps if step is not None]

    def _batch(self, skips: frozenset[tuple[str, int]]) -> Batch:
        return Batch(Reference(self._layout, self._registry), {}, skips)

    def _in_order(
        self, events: Iterator[RecordedEvent], key: str, skips: frozenset[tuple[str, int]]
    ) -> Iterator[RecordedEvent]:
        """Those of one row, in the order in which the row counts them: a feed mixes its partitions as they come."""
        batch = self._batch(skips)
        found = [e for e in events if (taken := batch.take(e)) is not None and taken.key == key]
        return iter(sorted(found, key=self._layout.order_of()))

    def _events(self, key: str) -> Iterator[RecordedEvent]:
        spec = self._layout.spec
        if spec.key_is_stream:
            events = self._store.read(key)
            yield from (e for e in events if spec.types is None or e.type in spec.types)
            return
        feed: Feed = self._store.feed()
        cursor = feed.start()
        categories = [spec.category] if spec.category else None
        while True:
            page = feed.read(cursor, _PAGE, categories=categories, types=spec.types)
            yield from page.events
            cursor = page.cursor
            if page.caught_up:
                return

    def _step(
        self, batch: Batch, event: RecordedEvent, key: str, skips: frozenset[tuple[str, int]]
    ) -> Step | None:
        taken = batch.take(event)
        before = self._show(batch, key)
        if taken is None:
            if not self._layout.spec.key_is_stream:
                return None  # which row it would have touched is not known
            if waiting := batch.parked.get(event.stream):
                return Step(event, before, before, f"parked: {waiting.message}")
            skipped = (event.stream, event.version) in skips
            return Step(event, before, before, "skipped") if skipped else None
        if taken.key != key:
            return None
        batch.absorb(taken)
        waiting = batch.parked.get(event.stream)
        return Step(event, before, self._show(batch, key), f"parked: {waiting.message}" if waiting else "")

    def _show(self, batch: Batch, key: str) -> dict[str, Any] | None:
        row = batch.rows.get(key)
        return None if row is None else self._layout.show(row)
