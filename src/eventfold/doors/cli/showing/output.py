"""Answers: tables on a terminal, JSON where it is asked for, CSV that a spreadsheet does not take for formulas."""

import csv
import logging
import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TextIO

import click

from eventfold.doors.cli.showing.tables import Column, joined, rule, table_rows
from eventfold.doors.cli.showing.values import interval_text, parts, to_json

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
"""Which no spreadsheet takes for a formula."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
WIDE = 200
"""Columns of a table where there is no terminal to fit."""

WIDEST_TEXT = 120
SCREEN_ROWS = 50
"""Rows of a long answer that a terminal is shown."""

ABSENT = "-"
"""What stands for a value that is not there."""

_NARROWEST = 3
_CLOCK = 13
_FORCED = {"FORCE_COLOR", "TTY_COMPATIBLE"}
"""By which an output is said to be a terminal."""
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What would move a cursor, colour a screen or turn a line around."""
Row = Mapping[str, Any]


def print_json(value: object) -> None:
    """One JSON document on one line; decimals and times are text, numbers of any size have all their digits."""
    sys.stdout.write(to_json(value) + "\n")


def print_table(rows: Iterable[Row], columns: Sequence[str], *, colours: Sequence[str] = ()) -> None:
    """A table, with colours on a terminal only; text of events is shown as text.

    Text is folded to fit the terminal, times only where nothing else helps. Nothing is cut, numbers are not folded.
    Rows whose columns cannot be read side by side there stand one below the other.

    Args:
        rows: what is shown.
        columns: of it.
        colours: one for each row, in the place of those of the columns.
    """
    found = list(rows)
    made = [_column(name, [row.get(name) for row in found]) for name in columns]
    plain = [column for column, _ in made]
    if on_terminal(sys.stdout):
        from eventfold.doors.cli.showing.terminal import show_table

        show_table(plain, [style for _, style in made], colours)
        return
    lines = table_rows(plain, WIDE)
    head = next(lines)
    sys.stdout.writelines(f"{joined(line)}\n" for line in head)
    sys.stdout.write(f"{rule(head[0])}\n")
    sys.stdout.writelines(f"{joined(line)}\n" for row in lines for line in row)


def _column(name: str, values: Sequence[object]) -> tuple[Column, str]:
    """A column with its values as text, and its colour."""
    times = any(isinstance(value, datetime) for value in values)
    right = any(value is not None for value in values) and all(map(_is_number, values))
    least = None if right else _CLOCK if times else _NARROWEST
    return Column(name, [shown(value) for value in values], right, least, times), "cyan" if times else ""


def with_values(rows: Sequence[Row], columns: Sequence[str], optional: Collection[str]) -> list[str]:
    """The columns without those optional ones in which no row has a value."""
    return [name for name in columns if name not in optional or any(row[name] is not None for row in rows)]


def form_of(*, as_json: bool, as_csv: bool) -> str:
    """How rows are answered: `table`, `json` or `csv`.

    Raises:
        UsageError: both are asked for.
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv are two forms: ask for one.")
    return "json" if as_json else "csv" if as_csv else "table"


def screenful(limit: int | None) -> int | None:
    """How many rows are shown: those that were asked for, else a screen of them on a terminal, all anywhere else."""
    return SCREEN_ROWS if limit is None and sys.stdout.isatty() else limit


def tell_more(more: int, *ways: str) -> None:
    """Says how many rows are left out, and what shows them."""
    if more > 0:
        say(f"... and {more:,} more: {', '.join(ways)}")


def print_csv(rows: Iterable[Row], columns: Sequence[str]) -> None:
    """CSV; a text that a spreadsheet would take for a formula has an apostrophe before it."""
    plain = csv.writer(sys.stdout, lineterminator="\n")
    quoted = csv.writer(sys.stdout, lineterminator="\n", quoting=csv.QUOTE_ALL)
    plain.writerow(columns)
    for row in rows:
        cells = [_cell(row.get(column)) for column in columns]
        # the writer quotes the line end that it writes itself, and readers take a lone \r for another one
        (quoted if any("\r" in cell for cell in cells) else plain).writerow(cells)


def print_rows(rows: Iterable[Row], columns: Sequence[str], form: str) -> None:
    """Rows as `table`, `json` or `csv`."""
    if form == "json":
        print_json(list(rows))
    elif form == "csv":
        print_csv(rows, columns)
    else:
        print_table(rows, columns)


def print_line(*parts: tuple[str, str]) -> None:
    """A line of (text, colour) parts, coloured on a terminal only, written at once."""
    _show([(visible(text), style) for text, style in parts if text], sys.stdout, between=" ")
    sys.stdout.flush()


def say(sentence: str) -> None:
    """A sentence for people, beside the answer."""
    _show([(visible(sentence), "yellow" if sentence.startswith("!") else "")], sys.stderr)


class Saying(logging.Handler):
    """What is logged, as sentences for people: on standard error as it is then."""

    def emit(self, record: logging.LogRecord) -> None:
        """Says it."""
        say(record.getMessage())


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
    _show([*([(kind, "red"), (": ", "")] if kind else []), (visible(sentence), "")], sys.stderr)


def on_terminal(stream: TextIO) -> bool:
    """Whether an output is a terminal, or the environment says that it is to be taken for one."""
    if not stream.isatty() and not _FORCED & os.environ.keys():
        return False
    from eventfold.doors.cli.showing.terminal import is_terminal

    return is_terminal(error=stream is sys.stderr)


def _show(parts: Sequence[tuple[str, str]], stream: TextIO, *, between: str = "") -> None:
    if on_terminal(stream):
        from eventfold.doors.cli.showing.terminal import show_line

        show_line(parts, between=between, error=stream is sys.stderr)
    else:
        stream.write(between.join(text for text, _ in parts) + "\n")


def shown(value: object) -> str:
    """A value in a table."""
    if value is None:
        return ABSENT
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


def shortened(text: str) -> str:
    """The beginning of a long text."""
    return text if len(text) <= WIDEST_TEXT else f"{text[: WIDEST_TEXT - 1]}…"


def visible(text: str) -> str:
    r"""The text with control characters written as \xNN: an event's data never speaks to a terminal."""
    return _UNSEEN.sub(lambda found: found.group().encode("unicode_escape", "surrogatepass").decode(), text)


@contextmanager
def progress(doing: str, total: int | None = None, *, in_bytes: bool = False) -> Iterator[Any]:
    """A progress bar on a terminal; gives a function to be called with what is done, and what there is to do.

    It shows the rate, and the time that is left where the whole is known.

    Args:
        doing: what is being done.
        total: what there is to do, if it is known at the beginning.
        in_bytes: what is counted are bytes of a file.
    """
    if not on_terminal(sys.stderr):
        yield lambda _done, _of=None: None
        return
    from eventfold.doors.cli.showing.terminal import bar

    with bar(doing, total, in_bytes=in_bytes) as update:
        yield update


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) and not _NUMBER.fullmatch(value) else value
    if isinstance(value, datetime) and value.microsecond % 1000:
        # a table shows milliseconds; nothing is cut here
        return value.isoformat(sep=" ").replace("+00:00", "Z")
    return str(value) if isinstance(value, float) else shown(value)


def _is_number(value: object) -> bool:
    return not isinstance(value, bool | str | bytes | datetime | list | dict)
