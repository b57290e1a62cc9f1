"""Answers: tables on a terminal, JSON where it is asked for, CSV that a spreadsheet does not take for formulas."""

import csv
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

FORMULA = ("=", "+", "-", "@", "\t", "\r")
Row = Mapping[str, Any]


def print_json(value: object) -> None:
    """One JSON document on one line; decimals and times are text."""
    sys.stdout.write(msgspec.json.encode(value, enc_hook=str).decode() + "\n")


def print_table(rows: Iterable[Row], columns: Sequence[str], *, title: str = "") -> None:
    """A table, with colours on a terminal only; text of events is shown as text."""
    found = list(rows)
    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False)
    for column in columns:
        numeric = bool(found) and all(_is_number(row.get(column)) for row in found)
        times = any(isinstance(row.get(column), datetime) for row in found)
        table.add_column(
            Text(column), justify="right" if numeric else "left", overflow="fold", no_wrap=numeric or times
        )
    for row in found:
        table.add_row(*(Text(shown(row.get(column))) for column in columns))
    console = Console(soft_wrap=False)
    if not console.is_terminal:
        console = Console(width=200, color_system=None)
    console.print(table)


def print_csv(rows: Iterable[Row], columns: Sequence[str]) -> None:
    """CSV; a text that a spreadsheet would take for a formula has an apostrophe before it."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in columns])


def print_rows(rows: Sequence[Row], columns: Sequence[str], form: str) -> None:
    """Rows as `table`, `json` or `csv`."""
    if form == "json":
        print_json(rows)
    elif form == "csv":
        print_csv(rows, columns)
    else:
        print_table(rows, columns)


def say(sentence: str) -> None:
    """A sentence for people, beside the answer."""
    Console(stderr=True, soft_wrap=True).print(Text(sentence))


def shown(value: object) -> str:
    """A value in a table."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


@contextmanager
def progress(doing: str, total: int | None = None) -> Iterator[Any]:
    """A progress bar on a terminal; gives a function to be called with what is done, and what there is to do."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(doing, total=total)
        yield lambda done, of=None: bar.update(task, completed=done, total=of or total)


def _cell(value: object) -> str:
    text = shown(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA) else text


def _is_number(value: object) -> bool:
    return value is None or (not isinstance(value, bool | str | datetime | list | dict) and value is not None)
