"""`./dev bench --stages [FILE]`: where the time of the paths goes that miss their targets, stage by stage."""

import functools
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from rich import box
from rich.table import Table

import eventfold as ef
from benchmarks import reading, writing
from benchmarks.measure import console, keep
from eventfold.readmodels.folding import projector
from eventfold.readmodels.following import ledger
from eventfold.readmodels.sqlite.ledger import SqliteLedger
from eventfold.readmodels.sqlite.tablestate import SqliteTableState
from eventfold.store.sqlite import store
from eventfold.store.sqlite.append import Transaction
from eventfold.store.sqlite.feed import SqliteFeed
from eventfold.store.sqlite.writer import Writer

COMMITS = 3_000
REPEATS = 5


class Stage(NamedTuple):
    """A function that is watched, and what it does."""

    owner: Any
    function: str
    what: str


class Subject(NamedTuple):
    """A path that is examined.

    Attributes:
        name: as in the table of the benchmark.
        events: of a run.
        run: eventfold's run; gives events a second.
        floor: the floor's run in the same folder.
        stages: what is watched; the rest is told as one.
    """

    name: str
    events: int
    run: Callable[[Path], float]
    floor: Callable[[Path], float]
    stages: list[Stage]


APPEND = [
    Stage(ef.Registry, "encode", "encode and check the event"),
    Stage(store, "check_append", "check the append"),
    Stage(Writer, "_begin", "BEGIN, read where the log ends"),
    Stage(Transaction, "append_together", "look up names and version, INSERT"),
    Stage(Writer, "_commit", "COMMIT, which waits for the disk"),
    Stage(Writer, "append", "queue, lead, wake"),
]
FOLD = [
    Stage(SqliteFeed, "read", "read the page as events"),
    Stage(projector.Projector, "_fold_into", "decode, extract, reduce"),
    Stage(SqliteTableState, "rows", "read the rows of the page"),
    Stage(SqliteTableState, "commit", "write rows and cursor, COMMIT"),
    Stage(projector, "tally", "tally of the table, for verify"),
    Stage(ledger, "tally", "hash of each event, for verify"),
    Stage(SqliteLedger, "record", "write the ledger, COMMIT"),
]
PATHS = [
    Subject(
        "append, one event a commit",
        COMMITS,
        lambda f: writing.append(f, COMMITS, 1),
        lambda f: writing.append_raw(f, COMMITS, 1),
        APPEND,
    ),
    Subject(
        "append, 3 a commit",
        3 * COMMITS,
        lambda f: writing.append(f, COMMITS, 3),
        lambda f: writing.append_raw(f, COMMITS, 3),
        APPEND,
    ),
    Subject("fold the feed into the state", reading.FEED, reading.project, reading.project_raw, FOLD),
]


@contextmanager
def watched(stages: list[Stage]) -> Iterator[dict[str, float]]:
    """Seconds by stage while the block runs, each without the stages it calls."""
    seconds: defaultdict[str, float] = defaultdict(float)
    inner: list[float] = [0.0]

    def timed(function: Callable[..., object], what: str) -> Callable[..., object]:
        @functools.wraps(function)
        def call(*args: object, **kwargs: object) -> object:
            inner.append(0.0)
            began = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                took = time.perf_counter() - began
                seconds[what] += took - inner.pop()
                inner[-1] += took

        return call

    kept = [(stage, getattr(stage.owner, stage.function)) for stage in stages]
    for stage, function in kept:
        setattr(stage.owner, stage.function, timed(function, stage.what))
    try:
        yield seconds
    finally:
        for stage, function in kept:
            setattr(stage.owner, stage.function, function)


def examined(path: Subject) -> dict[str, Any]:
    """Microseconds an event: of the floor, of the whole run unwatched, and of each stage; of the fastest runs."""
    floors, runs, found = [], [], []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(1e6 / path.run(Path(folder)))
            floors.append(1e6 / path.floor(Path(folder)))
        with tempfile.TemporaryDirectory() as folder, watched(path.stages) as seconds:
            whole = 1e6 / path.run(Path(folder))
            found.append((whole, dict(seconds)))
    whole, least = min(found, key=lambda pair: pair[0])
    stages = {stage.what: 1e6 * least[stage.what] / path.events for stage in path.stages}
    stages["the rest"] = whole - sum(stages.values())
    return {"name": path.name, "floor": min(floors), "whole": min(runs), "stages": stages}


def report(file: Path) -> None:
    """Prints a table for each path, and writes the figures to a file."""
    out = console()
    found = []
    for path in PATHS:
        out.print(f"[dim]{path.name} ...[/]", highlight=False)
        found.append(one := examined(path))
        table = Table("stage", "us an event", box=box.SIMPLE_HEAD, title=path.name, title_justify="left")
        table.columns[1].justify = "right"
        for what, took in one["stages"].items():
            table.add_row(what, f"{took:.2f}")
        table.add_row("[bold]eventfold[/]", f"{one['whole']:.2f}")
        table.add_row("[bold]floor[/]", f"{one['floor']:.2f}")
        out.print(table)
    keep(file, found)
