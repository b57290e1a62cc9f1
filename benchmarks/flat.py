"""Cost that stays flat: the same work in a log of a thousand, a hundred thousand and ten million events.

One log grows in one folder; what a thousand events cost is the floor of the larger ones.
"""

import atexit
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import eventfold as ef
from benchmarks.log import APP, EVENT, REGISTRY, Notes
from benchmarks.measure import Case
from eventfold.app.live import Live

SIZES = (1_000, 100_000, 10_000_000)
EACH = 10
NEW = 1_000
GROWING = 50
"""Streams that are appended to; the others keep their ten events."""
LOADED = 50
ROUNDS = 5


class Grown:
    """A log that is grown to each size in turn; everything is measured before it grows on."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp())
        atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
        self._streams = 0
        self._found: dict[tuple[str, int], float] = {}

    def figure(self, what: str, size: int) -> float:
        for known in SIZES:
            if known <= size and (what, known) not in self._found:
                self._measure(known)
        return self._found[what, size]

    def _measure(self, size: int) -> None:
        url = f"sqlite:///{self._folder}/log.db"
        self._grow(url, size // EACH)
        with APP.open(url) as live:
            for table in live.tables:
                table.rebuild()
            live.catch_up()
            for what, run in RUNS.items():
                self._found[what, size] = statistics.median(run(live, size // EACH, n) for n in range(ROUNDS))

    def _grow(self, url: str, streams: int) -> None:
        store = ef.open_store(url)
        while self._streams < streams:
            some = range(self._streams, min(streams, self._streams + 200))
            store.append_all(
                [ef.Write(f"note-{n}", [REGISTRY.encode(EVENT) for _ in range(EACH)], 0) for n in some]
            )
            self._streams = some.stop
        store.close()


def append(live: Live, _streams: int, _turn: int) -> float:
    began = time.perf_counter()
    for n in range(300):
        live.store.append(f"note-{n * 7 % GROWING}", [REGISTRY.encode(EVENT)], expected=ef.ANY)
    return 300 / (time.perf_counter() - began)


def load(live: Live, streams: int, turn: int) -> float:
    """Streams of ten events from all over the log, folded from the file."""
    notes = ef.Repository(live.store, REGISTRY, Notes, warm=0)
    still = streams - GROWING
    names = [f"note-{GROWING + (n * still // LOADED + turn) % still}" for n in range(LOADED)]
    began = time.perf_counter()
    for name in names:
        assert notes.load(name).count == EACH
    return LOADED / (time.perf_counter() - began)


def catch_up(live: Live, _streams: int, turn: int) -> float:
    """A thousand new events, folded into the state."""
    live.catch_up()
    events = [REGISTRY.encode(EVENT) for _ in range(NEW)]
    live.store.append(f"note-{turn}", events, expected=ef.ANY)
    began = time.perf_counter()
    live.catch_up()
    return NEW / (time.perf_counter() - began)


RUNS: dict[str, Callable[[Live, int, int], float]] = {"append": append, "load": load, "catch up": catch_up}


@cache
def grown() -> Grown:
    return Grown()


def _case(what: str, unit: str, size: int) -> Case:
    return Case(
        name=f"flat: {what} at {size:,} events; floor: at {SIZES[0]:,}",
        unit=unit,
        ours=lambda _: grown().figure(what, size),
        floor=lambda _: grown().figure(what, SIZES[0]),
        target=0.8,
        repeats=1,
    )


CASES = [
    _case(what, unit, size)
    for size in SIZES[1:]
    for what, unit in (("append", "events/s"), ("load", "streams/s"), ("catch up", "events/s"))
]
