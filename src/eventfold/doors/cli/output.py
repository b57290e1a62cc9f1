"""Answers: tables on a terminal, JSON where it is asked for, CSV that a spreadsheet does not take for formulas."""

import csv
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich import box
from rich.cells import cell_len
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
from rich.table import Table
from rich.text import Text

from eventfold.doors.cli.values import interval_text, parts, to_json

FORMULA = ("=", "+", "-", "@", "\t", "\r")
WIDE = 200
"""Columns of a table where there is no terminal to fit."""

WIDEST_TEXT = 120
_BETWEEN = 3
_NARROWEST = 3
_CLOCK = 13
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What would move a cursor, colour a screen or turn a line around."""
Row = Mapping[str, Any]


def print_json(value: object) -> None:
    """One JSON document on one line; decimals and times are text, numbers of any size have all their digits."""
    sys.stdout.write(to_json(value) + "\n")


def print_table(rows: Iterable[Row], columns: Sequence[str], *, title: str = "") -> None:
    """A table, with colours on a terminal only; text of events is shown as text.

    Text is folded to fit the terminal, times only where nothing else helps. Nothing is cut, numbers are not folded: a
    table of many is wider than its terminal.
    """
    found = list(rows)
    roomy = needed = 0
    table = Table(
        title=title or None, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, header_style="bold"
    )
    for column in columns:
        cells = [shown(row.get(column)) for row in found]
        widest = max(map(cell_len, (column, *cells)))
        numeric = bool(found) and all(_is_number(row.get(column)) for row in found)
        times = any(isinstance(row.get(column), datetime) for row in found)
        table.add_column(
            Text(column),
            justify="right" if numeric else "left",
            overflow="fold",
            no_wrap=numeric or times,
            min_width=(least := widest if numeric else min(widest, _CLOCK if times else _NARROWEST)),
            style="cyan" if times else "",
        )
        needed += _BETWEEN + least
        roomy += _BETWEEN + (widest if times else least)
    for row in found:
        table.add_row(*(Text(shown(row.get(column))) for column in columns))
    console = Console(soft_wrap=False)
    if not console.is_terminal:
        console = Console(width=WIDE, color_system=None)
    if roomy > console.width:
        for shown_column in table.columns:
            shown_column.no_wrap = shown_column.justify == "right"
    console.width = max(needed, console.width)
    console.print(table)


def print_csv(rows: Iterable[Row], columns: Sequence[str]) -> None:
    """CSV; a text that a spreadsheet would take for a formula has an apostrophe before it."""
    plain = csv.writer(sys.stdout, lineterminator="\n")
    quoted = csv.writer(sys.stdout, lineterminator="\n", quoting=csv.QUOTE_ALL)
    plain.writerow(columns)
    for row in rows:
        cells = [_cell(row.get(column)) for column in columns]
        # the writer quotes the line end that it writes itself, and readers take a lone \r for another one
        (quoted if any("\r" in cell for cell in cells) else plain).writerow(cells)


def print_rows(rows: Sequence[Row], columns: Sequence[str], form: str) -> None:
    """Rows as `table`, `json` or `csv`."""
    if form == "json":
        print_json(rows)
    elif form == "csv":
        print_csv(rows, columns)
    else:
        print_table(rows, columns)


def print_line(*parts: tuple[str, str]) -> None:
    """A line of (text, colour) parts, coloured on a terminal only, written at once."""
    Console(soft_wrap=True, highlight=False).print(
        Text(" ").join(Text(visible(text), style) for text, style in parts if text)
    )
    sys.stdout.flush()


def say(sentence: str) -> None:
    """A sentence for people, beside the answer."""
    style = "yellow" if sentence.startswith("!") else ""
    Console(stderr=True, soft_wrap=True).print(Text(visible(sentence), style))


def warn(warnings: Iterable[str], *, parked: bool = False) -> None:
    """What a person should look at, each in a sentence beside the answer.

    Args:
        warnings: the sentences.
        parked: whether one of them says that something is parked: then the command that lists it is told.
    """
    for warning in warnings:
        say(f"! {warning}")
    if parked:
        say("`eventfold parked` lists what waits, and why.")


def warn_beside(
    warnings: Sequence[str], *, as_json: bool, parked: Mapping[str, int], **facts: object
) -> None:
    """As `warn`; in JSON as one document on standard error, for an answer that is a bare list and has no place for it.

    Args:
        warnings: sentences.
        as_json: whether the answer is JSON.
        parked: how many streams are parked, by table.
        facts: what else the sentences speak of, for programs.
    """
    if not as_json:
        warn(warnings, parked=bool(parked))
    elif warnings:
        sys.stdout.flush()
        sys.stderr.write(to_json({"parked": parked, **facts, "warnings": warnings}) + "\n")


def complain(sentence: str, kind: str = "") -> None:
    """What went wrong, on standard error; its kind in red before it."""
    parts = [Text(kind, "red"), Text(": ")] if kind else []
    Console(stderr=True, soft_wrap=True).print(Text.assemble(*parts, visible(sentence)))


def shown(value: object) -> str:
    """A value in a table."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.1f}" if abs(value) >= 10 else f"{value:g}"
    if (found := parts(value)) is not None:
        return interval_text(found)
    if isinstance(value, bytes | list | dict | tuple):
        return visible(to_json(value).strip('"') if isinstance(value, bytes) else to_json(value))
    return visible(str(value))


def counted(number: int, what: str) -> str:
    """How many there are: `1 row`, `13,087 rows`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def shortened(text: str) -> str:
    """The beginning of a long text."""
    return text if len(text) <= WIDEST_TEXT else f"{text[: WIDEST_TEXT - 1]}…"


def visible(text: str) -> str:
    r"""The text with control characters written as \xNN: an event's data never speaks to a terminal."""
    return _UNSEEN.sub(lambda found: found.group().encode("unicode_escape", "surrogatepass").decode(), text)


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        """The rate, once there is one."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "", style="cyan")


@contextmanager
def progress(doing: str, total: int | None = None, *, in_bytes: bool = False) -> Iterator[Any]:
    """A progress bar on a terminal; gives a function to be called with what is done, and what there is to do.

    It shows the rate, and the time that is left where the whole is known.

    Args:
        doing: what is being done.
        total: what there is to do, if it is known at the beginning.
        in_bytes: what is counted are bytes of a file.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        *((DownloadColumn(), TransferSpeedColumn()) if in_bytes else (MofNCompleteColumn(), _Rate())),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(doing, total=total)
        yield lambda done, of=None: bar.update(task, completed=done, total=of or total)


def _cell(value: object) -> str:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    if isinstance(value, datetime) and value.microsecond % 1000:
        return value.isoformat(sep=" ").replace(
            "+00:00", "Z"
        )  # a table shows milliseconds; nothing is cut here
    return str(value) if isinstance(value, float) else shown(value)


def _is_number(value: object) -> bool:
    return not isinstance(value, bool | str | bytes | datetime | list | dict)
