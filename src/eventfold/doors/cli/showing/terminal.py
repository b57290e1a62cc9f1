"""What a terminal is shown: colours, records, bars. Loaded where there is one: it takes longer than many an answer."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, repeat, zip_longest
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from eventfold.doors.cli.showing.tables import Column, joined, records, rule, stands_side_by_side, table_rows

Part = tuple[str, str]
"""A text and its colour."""


def is_terminal(*, error: bool = False) -> bool:
    """Whether standard output, or standard error, is one, or is said to be one by the environment."""
    return Console(stderr=error).is_terminal


def show_table(columns: Sequence[Column], styles: Sequence[str], colours: Sequence[str]) -> None:
    """A table that fits the terminal; what cannot be read side by side stands as records.

    Args:
        columns: at least one.
        styles: the colour of each.
        colours: one for each row, in the place of those of the columns.
    """
    console = Console(soft_wrap=True, highlight=False)
    if columns[0].cells and not stands_side_by_side(columns, console.width):
        _show_records(console, records(columns, console.width), colours)
        return
    lines = table_rows(columns, console.width)
    head = next(lines)
    console.print(Text("\n".join(map(joined, head)), "bold"))
    console.print(rule(head[0]))
    for row, colour in zip_longest(lines, colours, fillvalue=""):
        for line in row:
            painted = (Text(cell, colour or style) for cell, style in zip(line, styles, strict=True))
            console.print(Text(" ") + Text("   ").join(painted))


def _show_records(console: Console, rows: Iterable[list[Part]], colours: Sequence[str]) -> None:
    for number, (row, colour) in enumerate(zip(rows, chain(colours, repeat("")), strict=False), 1):
        console.print(Text(f"── {number:,} ──", "dim"))
        for name, value in row:
            console.print(Text.assemble(" ", (name, "bold"), "   ", (value, colour or "")))


def show_line(parts: Iterable[Part], *, between: str = "", error: bool = False) -> None:
    """A line of parts, never broken.

    Args:
        parts: of it.
        between: what stands between two of them.
        error: whether it is said on standard error.
    """
    console = Console(stderr=error, soft_wrap=True, highlight=False)
    console.print(Text(between).join(Text(text, style) for text, style in parts))


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        """The rate, once there is one."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "", style="cyan")


@contextmanager
def bar(doing: str, total: int | None, *, in_bytes: bool) -> Iterator[Any]:
    """As `output.progress`."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        *((DownloadColumn(), TransferSpeedColumn()) if in_bytes else (MofNCompleteColumn(), _Rate())),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(doing, total=total)
        yield lambda done, of=None: shown.update(task, completed=done, total=of or total)
