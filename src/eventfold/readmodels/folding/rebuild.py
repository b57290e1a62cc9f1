"""Rebuilding: the whole history folded by columns into a new generation beside the live rows, then swapped in.

The live rows answer until the swap, which is one transaction; a rebuild that stops half-way leaves an unseen generation
that the next one drops.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from eventfold.errors import StaleCursor
from eventfold.events.registry import Registry
from eventfold.feed.cursor import Cursor
from eventfold.feed.parking import named, skips_of
from eventfold.feed.port import Feed
from eventfold.readmodels.counting.typecounts import TypeCounts, by_type_of
from eventfold.readmodels.counting.unknown import UnknownType
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.folding.batch import stopped
from eventfold.readmodels.folding.history import columns_of
from eventfold.readmodels.folding.projector import Projector
from eventfold.readmodels.port import Engine, Head, Scope, State, TableState
from eventfold.store.port import Store

if TYPE_CHECKING:
    import pyarrow as pa

SWAP_ATTEMPTS = 100
History = Callable[[Cursor, Cursor, Sequence[str]], "Iterator[pa.RecordBatch]"]
Progress = Callable[[int, int | None], None]
"""Called with the events done and, where it can be counted, all of them."""


class Rebuilt(msgspec.Struct, frozen=True):
    """What a rebuild did.

    Attributes:
        table: its name.
        generation: the one that is live now.
        events: how many were folded.
        rows: how many it has.
        parked: how many streams are parked.
        unknown: the events that the table misses, because the app does not know their types.
        warnings: what a person should look at.
    """

    table: str
    generation: int
    events: int
    rows: int
    parked: int
    unknown: Sequence[UnknownType] = ()
    warnings: Sequence[str] = ()


class Rebuild:
    """Rebuilds tables of one log.

    Args:
        store: where the events are.
        state: where the rows are.
        registry: event types and upcasters.
        engine: folds the history.
        history: reads the events from the start up to a cursor, as `Feed.arrow`; default: the feed itself.
    """

    def __init__(
        self,
        store: Store,
        state: State,
        registry: Registry,
        engine: Engine,
        history: History | None = None,
    ) -> None:
        self._store = store
        self._feed: Feed = store.feed()
        self._state = state
        self._registry = registry
        self._engine = engine
        self._history: History = history or self._feed.arrow
        self.counted: tuple[TypeCounts, Cursor] = {}, self._feed.start()
        """How many events of each type the last reading met, and how far it went."""

    def __call__(
        self,
        layout: Layout,
        *,
        above: int = 0,
        progress: Progress | None = None,
        before: Layout | None = None,
        keep: bool = False,
    ) -> Rebuilt:
        """Folds everything anew and swaps it in.

        Args:
            layout: of the table, which may differ from that of the live rows.
            above: the new generation's number will be larger.
            progress: called now and then.
            before: of the table whose place it takes, where it has no live rows itself; what was left out of that one
                stays left out.
            keep: keeps the old rows, where they were folded by another definition.

        Raises:
            TableStopped: an event fails, and the table is to stop at it; the live rows stay.
        """
        start = self._feed.start()
        for _ in range(SWAP_ATTEMPTS):
            target = self._feed.end()
            live = self._live(layout, before)
            decided = [] if live is None else live.skips()
            scope = Scope(skips=skips_of(decided))
            total = self._feed.lag(start)
            batches = self._history(start, target, columns_of(layout, scope, self._feed))
            types = Counter[tuple[str, str]]()
            counted = _counted(batches, types, total, progress or _quietly)
            folded = self._engine.fold(counted, layout, self._registry, scope=scope)
            self.counted = types, target
            if layout.spec.on_error == "stop" and folded.parked:
                raise stopped(layout.spec.name, min(folded.parked.values(), key=lambda one: one.stream))
            fresh = self._state.fresh(layout, start, above=above)
            fresh.load(folded.rows, named(folded.parked, self._store), decided, read=start, then=target)
            if head := self._swap(fresh, scope, before, keep=keep):
                rows = folded.rows.num_rows
                return Rebuilt(layout.spec.name, head.generation, folded.events, rows, head.parked)
        raise _restless(layout)

    def _live(self, layout: Layout, before: Layout | None) -> TableState | None:
        """Whose place the new rows take."""
        found = self._state.found(layout)
        return found if found is not None or before is None else self._state.found(before)

    def _swap(self, fresh: TableState, scope: Scope, before: Layout | None, *, keep: bool) -> Head | None:
        """None where somebody decided meanwhile to leave an event out, which is folded already."""
        projector = Projector(fresh, self._feed, self._registry)
        for _ in range(SWAP_ATTEMPTS):
            head = projector.begin()
            live = self._live(fresh.layout, before)
            try:
                old = None if live is None else live.head()
                if skips_of([] if live is None else live.skips()) != scope.skips:
                    return None
                # the log may have been restored since the live rows were folded: then they are no measure
                while (
                    old is not None
                    and self._feed.compare(head.cursor, old.cursor) == "before"
                    and not projector.step().caught_up
                ):
                    head = projector.begin()
                change = None if old is None else old.change
                self._state.swap(fresh, live=change, over=live, keep=keep)
            except StaleCursor:
                continue
            return fresh.head()
        raise _restless(fresh.layout)


def _restless(layout: Layout) -> StaleCursor:
    return StaleCursor(f"{layout.spec.name} moved on during every one of {SWAP_ATTEMPTS} attempts to swap.")


def _counted(
    batches: "Iterator[pa.RecordBatch]",
    types: Counter[tuple[str, str]],
    total: int | None,
    progress: Progress,
) -> "Iterator[pa.RecordBatch]":
    done = 0
    for batch in batches:
        types.update(by_type_of(batch))
        yield batch
        done += batch.num_rows
        progress(done, total)


def _quietly(_done: int, _total: int | None) -> None:
    pass
