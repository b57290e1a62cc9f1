"""A worker that crashes at any step: what it starts anew from is right, and so is what it ends at.

A step is a call of state or publication that may change something: between two of them nothing lasting happens, so a
crash before each, and one at the end, are all the crashes there are at this level. The program folds page by page,
publishes each, then rebuilds. `Crashed` is caught by nobody, as a killed process catches nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.app.tables import LiveTable
from eventfold.readmodels.following.worker import TableWorker
from eventfold.readmodels.port import TableState
from eventfold.store.port import ANY, Store
from eventfold.testing.contract.bench import Bench, OverALog, assert_prefix, assert_whole
from eventfold.testing.contract.boxes import APP, EVENTS, Boxes, closed, filled, labelled, opened

LIMIT = 3
READS = frozenset(
    (
        "batches",
        "changed",
        "compare",
        "files",
        "left_out",
        "noted",
        "owned",
        "parked",
        "rows",
        "skips",
        "stamp",
        "versions",
    )
)
"""What changes nothing, whatever it is called on; any other call is a step."""
Step = Callable[[str], None]
CRASHING = ef.App("crashing", events=EVENTS, tables=[Boxes])


class Crashed(BaseException):
    """The process is gone."""


class CrashAt:
    """Counts the steps of a program, and ends it before one of them; 0 = before none."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.passed: list[str] = []

    def __call__(self, where: str) -> None:
        """A step is about to be taken."""
        self.passed.append(where)
        if len(self.passed) == self.at:
            raise Crashed


class Watched:
    """A port whose calls are steps, and so are those of the table's state that it gives.

    Args:
        port: what is called.
        name: what it is called in a failure.
        step: told before each call that may change something.
    """

    def __init__(self, port: Any, name: str, step: Step) -> None:
        self._port, self._name, self._step = port, name, step

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            if name not in READS:
                self._step(f"{self._name}.{name}")
            plain = [a._port if isinstance(a, Watched) else a for a in arguments]
            answer = found(*plain, **named)
            return Watched(answer, "table state", self._step) if hasattr(answer, "acquire") else answer

        return call


class CrashingContract(OverALog):
    """What holds whenever a worker ends."""

    every = 1
    """Before every how many-th step a crash is tried: each of them is a life of its own."""

    @pytest.mark.parametrize("split", [False, True], ids=["whole", "split"])
    def test_a_crash_at_any_step_of_folding_leaves_right_rows(self, bench: Bench, *, split: bool) -> None:
        if split and not bench.splits:
            pytest.skip("declared: feeds of this log do not split")
        steps = _crashes(bench, self.every, split=split, lake=False)
        assert steps >= 6

    @pytest.mark.parametrize("split", [False, True], ids=["whole", "split"])
    def test_a_crash_at_any_step_of_publishing_and_rebuilding_leaves_right_rows(
        self, bench: Bench, *, split: bool
    ) -> None:
        if split and not bench.splits:
            pytest.skip("declared: feeds of this log do not split")
        steps = _crashes(bench, self.every, split=split, lake=True)
        assert steps >= 20


def _crashes(bench: Bench, every: int, *, split: bool, lake: bool) -> int:
    """One crash after another, each over a log of its own; how many steps there were."""
    for at in count(1, every):
        place = bench.another()
        store = place.store()
        _fill(store)
        store.close()
        step = CrashAt(at)
        try:
            _life(place, step, "before any crash", lake=lake)
        except Crashed:
            pass
        else:
            return len(step.passed)
        where = f"after a crash before step {at}, {step.passed[-1]}"
        if split:
            place.split()
        with place.open(CRASHING, publishes=lake) as live:
            with _said(where):
                assert_prefix(live.store, live.table(Boxes).live())
            if split:
                live.store.append("box-5", [opened(), filled(1)], expected=0)
        _life(place, CrashAt(0), where, lake=lake)
        with place.open(CRASHING, publishes=lake) as live, _said(where):
            assert_whole(live, "boxes")
    raise AssertionError("it has no end")


def _life(place: Bench, step: Step, where: str, *, lake: bool) -> None:
    with place.open(CRASHING, publishes=lake) as live:
        table = live.table(Boxes)
        worker = _worker(live, table, step)
        while not worker.step():
            pass
        worker.finish()
        with _said(where):
            assert_whole(live, "boxes")  # before a rebuild, which would heal it
        if lake:
            _rebuild(live, table, step)
        step("end")


def _worker(live: Live, table: LiveTable, step: Step) -> TableWorker:
    feed = live.store.feed()

    def opened_state() -> TableState:
        state: Any = Watched(table.live(), "table state", step)
        found: TableState = state
        return found

    return TableWorker(
        opened_state,
        feed,
        APP.registry,
        owner="the same after every crash",  # so that nobody waits for a lease to run out
        publication=_watched(table.publication, step),
        every=0.0,
        read=lambda after, limit, **filters: feed.read(after, min(limit, LIMIT), **filters),
    )


def _watched(publication: Any, step: Step) -> Any:
    return None if publication is None else Watched(publication, "publication", step)


def _rebuild(live: Live, table: LiveTable, step: Step) -> None:
    state: Any = Watched(table._state, "state", step)
    watched = LiveTable(
        table.layout, live.store, state, APP.registry, table._engine, _watched(table.publication, step)
    )
    watched.rebuild()


def _fill(store: Store) -> None:
    """Three streams, one of which is parked, in several pages."""
    for stream, events in (
        ("box-1", [opened()]),
        ("box-2", [opened("grace"), labelled("poison")]),
        ("box-1", [filled(1)]),
        ("box-2", [filled(7)]),
        ("box-3", [opened(), filled(3)]),
        ("box-1", [filled(2)]),
        ("box-2", [filled(8)]),
        ("box-1", [closed()]),
        ("box-3", [labelled("5")]),
    ):
        store.append(stream, events, expected=ANY)


@contextmanager
def _said(where: str) -> Iterator[None]:
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{where}: {error}") from error
