"""What the suites of tables need of a store: logs by name, opened as often as a test wants."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from eventfold.app.definition import Definition
from eventfold.app.live import Live
from eventfold.app.tables import LiveTable
from eventfold.engines.open import open_engine
from eventfold.events.registry import Registry
from eventfold.feed.cursor import Cursor
from eventfold.feed.parking import ParkedStream
from eventfold.readmodels.declaring.layout import Layout, bind
from eventfold.readmodels.declaring.table import TableSpec
from eventfold.readmodels.folding.arrowform import EVENT_COLUMNS
from eventfold.readmodels.folding.history import ReferenceEngine
from eventfold.readmodels.open import open_publication, open_state
from eventfold.readmodels.port import Folded, Scope, TableState
from eventfold.store.port import Store
from eventfold.testing.contract.boxes import APP

OpenLog = Callable[[str], Store]
"""Opens the log of a name: a new one the first time, the same one ever after."""
Divide = Callable[[str], object]
"""Splits a partition of the feed of the log of a name."""
Rows = list[dict[str, Any]]
Span = tuple[int, int]
UNTYPED = Registry(untyped=True)


class Bench:
    """One log, with a place for state and lake; each `open` is a program that starts anew.

    Args:
        open_log: opens the log.
        folder: where state and lake are.
        divide: splits a partition of its feed; None where feeds of such logs do not split.
        names: of the logs of one test.
    """

    def __init__(
        self, open_log: OpenLog, folder: Path, divide: Divide | None, names: Iterator[int] | None = None
    ) -> None:
        self._open_log, self._folder, self._divide = open_log, folder, divide
        self._names = names or count(1)
        self._name = f"log{next(self._names)}"

    def another(self) -> "Bench":
        """A bench with a log of its own."""
        return Bench(self._open_log, self._folder, self._divide, self._names)

    @property
    def state(self) -> Path:
        """The file of the state."""
        return self._folder / f"{self._name}.state"

    @property
    def lake(self) -> Path:
        """The folder of the lake."""
        return self._folder / f"{self._name}.lake"

    @property
    def splits(self) -> bool:
        """Whether feeds of such logs split."""
        return self._divide is not None

    def split(self) -> None:
        """Splits a partition, where feeds of such logs split."""
        if self._divide is not None:
            self._divide(self._name)

    def store(self) -> Store:
        """The log."""
        return self._open_log(self._name)

    @contextmanager
    def open(self, app: Definition = APP, *, publishes: bool = True) -> Iterator[Live]:
        """The app over the log, until the end of the block."""
        store = self.store()
        try:
            state, lake = f"sqlite:///{self.state}", str(self.lake) if publishes else None
            live = Live(app, store, state=state, lake=lake)
        except BaseException:
            store.close()
            raise
        with live:
            yield live

    def table(self, store: Store, spec: TableSpec) -> LiveTable:
        """A table of untyped events over the log, its state in memory."""
        layout = bind(spec, total_order=store.feed().capabilities.total_order)
        publication = open_publication(str(self.lake), layout, store.log_id)
        state = open_state("sqlite://", store.log_id)
        return LiveTable(layout, store, state, UNTYPED, open_engine(), publication)


class OverALog:
    """The fixtures of every suite of tables; a store overrides `open_log`, and `divide` if its feed can split."""

    examples = 15
    """How many generated tables each law is tried with."""

    @pytest.fixture
    def open_log(self) -> OpenLog:
        """Opens logs of the store under test by name; override it."""
        raise NotImplementedError("override the fixture open_log")

    @pytest.fixture
    def divide(self) -> Divide | None:
        """Splits a partition of the feed of a log, by the log's name; override it where feeds can split."""
        return None

    @pytest.fixture
    def bench(self, open_log: OpenLog, divide: Divide | None, tmp_path: Path) -> Bench:
        """A log of its own for each test."""
        return Bench(open_log, tmp_path, divide)


def from_zero(
    store: Store,
    layout: Layout,
    registry: Registry = APP.registry,
    *,
    to: Cursor | None = None,
    scope: Scope | None = None,
) -> Folded:
    """The fold of the log, event by event, as the reference defines it."""
    feed = store.feed()
    events = feed.arrow(feed.start(), to or feed.end(), EVENT_COLUMNS)
    return ReferenceEngine().fold(events, layout, registry, scope=scope or Scope())


def whole_rows(layout: Layout, rows: pa.Table) -> Rows:
    """Rows with what only a fold needs, by key."""
    found: Rows = rows.sort_by(layout.spec.key_name).to_pylist()
    return found


def shown_rows(layout: Layout, rows: pa.Table) -> Rows:
    """Rows as users see them, by key."""
    return whole_rows(layout, rows.select([slot.name for _, slot in layout.shown]))


def state_rows(state: TableState) -> Rows:
    """The rows of a state with what only a fold needs, by key."""
    return whole_rows(state.layout, state.changed(0).rows)


def waiting(parked: dict[str, ParkedStream]) -> dict[str, Span]:
    """Which versions wait, by stream."""
    return {stream: (p.version, p.last_version) for stream, p in parked.items()}


def assert_whole(live: Live, name: str) -> None:
    """State, publication and questions of now all are the fold of the whole log.

    Raises:
        AssertionError: one of them is not.
    """
    table = live.table(name)
    state, feed = table.live(), live.store.feed()
    wanted = from_zero(live.store, table.layout, live.app.registry, scope=_decided(state))
    assert feed.compare(state.head().cursor, feed.end()) == "equal"
    assert state_rows(state) == whole_rows(table.layout, wanted.rows)
    assert waiting(state.parked()) == waiting(dict(wanted.parked))
    if table.publication is not None:
        head = table.publication.head()
        assert head is not None
        assert head.stamp.change == state.head().change
        published = table.publication.rows(head.number)
        assert published is not None
        assert whole_rows(table.layout, published) == whole_rows(table.layout, wanted.rows)
        assert head.stamp.parked == tuple(sorted(wanted.parked))


def assert_prefix(store: Store, state: TableState, registry: Registry = APP.registry) -> None:
    """Whatever happened: the state is the fold of the log up to its cursor.

    Raises:
        AssertionError: it is not.
    """
    cursor = state.head().cursor
    wanted = from_zero(store, state.layout, registry, to=cursor, scope=_decided(state))
    assert state_rows(state) == whole_rows(state.layout, wanted.rows)
    assert waiting(state.parked()) == waiting(dict(wanted.parked))


def _decided(state: TableState) -> Scope:
    return Scope(skips=frozenset((s.stream, s.version) for s in state.skips()))
