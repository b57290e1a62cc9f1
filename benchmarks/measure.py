"""Pairs of runs: what eventfold does, and the same work by the same libraries without it, one after the other."""

import json
import statistics
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

RESULTS = Path("benchmarks/results")
Run = Callable[[Path], float]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One path and its floor.

    Attributes:
        name: of the path.
        unit: of what both runs return.
        ours: eventfold's run, in a folder of the pair.
        floor: the floor's run in the same folder, or a limit where there is no floor.
        target: the ratio of ours to the floor that is to be reached; None = none is set.
        at_most: the ratio is to be at most the target; else at least.
        repeats: how many pairs.
        peer: the run of the nearest library of the field, where it has the same operation.
    """

    name: str
    unit: str
    ours: Run
    floor: Run | float
    target: float | None = None
    at_most: bool = False
    repeats: int = 3
    peer: Run | None = None


class Measured(msgspec.Struct, frozen=True):
    """The medians of a case's pairs."""

    name: str
    unit: str
    ours: float
    floor: float
    ratio: float
    target: str
    reached: bool
    peer: float | None = None


def measure(case: Case) -> Measured:
    """Runs the pairs of a case."""
    pairs, peers = [], []
    for _ in range(case.repeats):
        with tempfile.TemporaryDirectory() as folder:
            found = case.ours(Path(folder))
            floor = case.floor if isinstance(case.floor, float) else case.floor(Path(folder))
            pairs.append((found, floor))
            if case.peer is not None:
                peers.append(case.peer(Path(folder)))
    ratio = statistics.median(ours / floor for ours, floor in pairs)
    return Measured(
        case.name,
        case.unit,
        statistics.median(ours for ours, _ in pairs),
        statistics.median(floor for _, floor in pairs),
        ratio,
        "" if case.target is None else f"{'<=' if case.at_most else '>='} {case.target:g}",
        case.target is None or (ratio <= case.target if case.at_most else ratio >= case.target),
        statistics.median(peers) if peers else None,
    )


def report(cases: Iterable[Case], file: Path) -> None:
    """Measures every case, prints a table line by line's end, writes JSON to the file."""
    out = console()
    found = []
    for case in cases:
        out.print(f"[dim]{case.name} ...[/]", highlight=False)
        found.append(measure(case))
    table = Table(
        "path", "unit", "eventfold", "floor", "ratio", "target", "", "peer", "to peer", box=box.SIMPLE_HEAD
    )
    for column in table.columns[2:5]:
        column.justify = "right"
    for row in found:
        mark = "" if row.reached else "[red]missed[/]"
        table.add_row(
            row.name,
            row.unit,
            shown(row.ours),
            shown(row.floor),
            f"{row.ratio:.2f}",
            row.target,
            mark,
            "" if row.peer is None else shown(row.peer),
            "" if row.peer is None else f"{row.ours / row.peer:.2f}",
        )
    out.print(table)
    keep(file, [msgspec.structs.asdict(row) for row in found])


def console() -> Console:
    """Where tables are printed: as wide as the terminal, or as a page."""
    return Console(width=None if Console().is_terminal else 120)


def keep(file: Path, figures: list[dict[str, Any]]) -> None:
    """Writes figures as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(figures, indent=1) + "\n")


def shown(value: float) -> str:
    """A figure with as many digits as it has meaning."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
