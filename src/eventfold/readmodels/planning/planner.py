"""Folds a changed definition up to where the live rows stand, without what they leave out, and compares.

So what differs is what the definition makes, and nothing that the log has brought since. Nothing is written.
"""

import time
from collections.abc import Iterator, Sequence
from random import SystemRandom
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import structs

from eventfold.errors import StaleCursor
from eventfold.events.envelope import RecordedEvent
from eventfold.events.registry import Registry
from eventfold.feed.cursor import Cursor
from eventfold.readmodels.audit.rows import Rows, read_rows, read_some
from eventfold.readmodels.declaring.layout import Layout, bind
from eventfold.readmodels.folding.arrowform import from_rows
from eventfold.readmodels.folding.batch import Batch
from eventfold.readmodels.folding.history import columns_of, fold_events
from eventfold.readmodels.folding.rebuild import History
from eventfold.readmodels.folding.reference import Reference
from eventfold.readmodels.generations import Generation
from eventfold.readmodels.planning.columns import column_changes, table_changes
from eventfold.readmodels.planning.comparing import differences
from eventfold.readmodels.planning.report import Change, TablePlan
from eventfold.readmodels.port import Engine, Folded, Scope, State
from eventfold.store.port import Store

FAILING = 5
"""Streams that cannot be folded, of which the reason is told."""


class _Sides(NamedTuple):
    """The live rows, and what the new definition makes of the same events."""

    live: Rows
    folded: Folded
    seconds: float
    sampled: int | None


class Planner:
    """Plans one table.

    Args:
        layout: of the new definition.
        store: the log.
        state: where the live rows are.
        registry: event types and upcasters.
        engine: folds.
        history: reads the events up to a cursor, as `Feed.arrow`; default: the feed itself.
    """

    def __init__(
        self,
        layout: Layout,
        store: Store,
        state: State,
        registry: Registry,
        engine: Engine,
        history: History | None = None,
    ) -> None:
        self._layout = layout
        self._store = store
        self._feed = store.feed()
        self._state = state
        self._registry = registry
        self._engine = engine
        self._history: History = history or self._feed.arrow

    def __call__(self, live: Generation, change: Change, sample: int | None) -> TablePlan:
        """What becomes of the rows of a generation.

        Args:
            live: that is there now, of another definition.
            change: changed or renamed.
            sample: compares that many keys, drawn at random; None = all.

        Raises:
            StaleCursor: it was swapped meanwhile.
        """
        name, spec = self._layout.spec.name, live.definition
        was = live.table if change == "renamed" else ""
        size = self._state.size(live)
        if spec is None:
            told = "its rows were begun by a release that did not store their definition: they cannot be compared"
            return TablePlan(table=name, change=change, was=was, bytes=size, notes=[told])
        before = bind(spec, total_order=self._feed.capabilities.total_order)
        sides = self._sides(before, sample)
        changes = column_changes(spec, self._layout.spec)
        found = differences(before, sides.live.rows, self._layout, sides.folded.rows, changes)
        rows, parked = sides.live.rows.num_rows, sides.folded.parked
        made = sides.folded.rows.num_rows
        return TablePlan(
            table=name,
            change=change,
            was=was,
            columns=changes,
            details=table_changes(spec, self._layout.spec),
            rows_before=rows,
            rows_after=made,
            compared=True,
            sampled=sides.sampled,
            parked=len(parked),
            failing={s: parked[s].message for s in sorted(parked)[:FAILING]},
            waiting=len(sides.live.parked),
            skipped=len(sides.live.skips),
            events=sides.folded.events,
            seconds=sides.seconds,
            rebuild_seconds=self._estimate(sides),
            bytes=size,
            rebuild_bytes=size * made // rows if rows else 0,
            **structs.asdict(found),
        )

    def _sides(self, before: Layout, sample: int | None) -> _Sides:
        state, start = self._state.found(before), time.perf_counter()
        if state is None:
            name = before.spec.name
            raise StaleCursor(
                f"The rows of {name} were taken out of sight meanwhile; plan again.", table=name
            )
        if sample is not None and self._by_stream(before):
            keys = self._streams(before, sample)
            live = read_some(state, keys)
            folded = self._fold_streams(keys, live)
            return _Sides(live, folded, time.perf_counter() - start, len(keys))
        live = read_rows(state)
        scope = _scope(live)
        columns = columns_of(self._layout, scope, self._feed)
        began = time.perf_counter()
        events = self._history(self._feed.start(), live.head.cursor, columns)
        folded = self._engine.fold(events, self._layout, self._registry, scope=scope)
        seconds = time.perf_counter() - began
        if sample is None:
            return _Sides(live, folded, seconds, None)
        keys = _drawn(before, self._layout, live.rows, folded.rows, sample)
        live = structs.replace(live, rows=_only(live.rows, before, keys))
        folded = structs.replace(folded, rows=_only(folded.rows, self._layout, keys))
        return _Sides(live, folded, seconds, len(keys))

    def _by_stream(self, before: Layout) -> bool:
        """Whether a key is a stream before and after, and the log says which of its events the live rows have."""
        both = before.spec.key_is_stream and self._layout.spec.key_is_stream
        return both and self._feed.capabilities.total_order and self._store.capabilities.has_log

    def _streams(self, before: Layout, most: int) -> list[str]:
        """Some streams, each as likely as any other; they are gone through once, and never held all at once."""
        categories = {before.spec.category, self._layout.spec.category}
        category = categories.pop() if len(categories) == 1 else ""
        random, drawn = SystemRandom(), list[str]()
        for count, info in enumerate(self._store.streams(category or None)):
            if count < most:
                drawn.append(info.stream)
            elif (at := random.randrange(count + 1)) < most:
                drawn[at] = info.stream
        return sorted(drawn)

    def _fold_streams(self, streams: Sequence[str], live: Rows) -> Folded:
        scope, count = _scope(live), 0
        batch = Batch(Reference(self._layout, self._registry), None, scope.skips)

        def read() -> Iterator[RecordedEvent]:
            nonlocal count
            for stream in streams:
                for event in self._store.read(stream):
                    if event.position > _end(live.head.cursor):
                        break
                    count += 1
                    yield event

        fold_events(batch, read(), scope)
        rows = (row for row in batch.rows.values() if row is not None)
        return Folded(from_rows(self._layout, rows), batch.parked, count)

    def _estimate(self, sides: _Sides) -> float | None:
        """The seconds for all events of the log, of which some were folded."""
        total = self._feed.lag(self._feed.start())
        if total is None or not sides.folded.events:
            return sides.seconds if sides.folded.events else None
        return sides.seconds * total / sides.folded.events


def _scope(live: Rows) -> Scope:
    """What the live rows leave out: skipped events, and of a parked stream those that wait."""
    waiting = frozenset((p.stream, n) for p in live.parked for n in range(p.version, p.last_version + 1))
    return Scope(skips=live.skips | waiting)


def _end(cursor: Cursor) -> int:
    return max((mark.position for mark in cursor.marks.values()), default=0)


def _drawn(before: Layout, after: Layout, left: pa.Table, right: pa.Table, most: int) -> pa.Array:
    """Some of the keys that either has."""
    both = [left.column(before.spec.key_name), right.column(after.spec.key_name)]
    keys = pc.unique(pa.chunked_array([chunk for one in both for chunk in one.chunks], pa.string()))
    return keys.take(pa.array(SystemRandom().sample(range(len(keys)), min(most, len(keys))), pa.int64()))


def _only(rows: pa.Table, layout: Layout, keys: pa.Array) -> pa.Table:
    return rows.filter(pc.is_in(rows.column(layout.spec.key_name), keys))
