"""What to say of a file of which little was said: the columns that it has, and the options that fit what they hold."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice
from pathlib import Path

from eventfold.errors import EventfoldError, NotFound
from eventfold.events.times import parse_time
from eventfold.imports.files.ocel.ocel import OF_TYPE
from eventfold.imports.files.reading import Format, form_of, opened
from eventfold.imports.files.rows import Cells
from eventfold.imports.mapping.cells import cell_text
from eventfold.imports.mapping.columns import by_another, category_for, listed

_ROWS = 100
_STREAMS = ("case:concept:name", "caseid", "case", "traceid", "entityid", "entity", "orderid", "id")
_TYPES = (
    "concept:name",
    "ocel:activity",
    "activity",
    "activityname",
    "eventtype",
    "eventname",
    "event",
    "type",
    "action",
    "what",
)
_TIMES = (
    "time:timestamp",
    "ocel:timestamp",
    "timestamp",
    "completetimestamp",
    "time",
    "datetime",
    "eventtime",
    "date",
    "at",
    "when",
)
"""Names as tools write them, the likeliest first; without spaces, signs and capitals."""


def suggestion(
    path: Path,
    form: Format | None = None,
    delimiter: str | None = None,
    encoding: str = "",
    streams: Sequence[str] = (),
) -> str:
    """Which columns a file has, or which types of objects, and options that fit; empty where it cannot be read.

    The options are a guess from names that tools give to columns, and from what reads as a time. Nothing is imported by
    them unless a person says them.

    Args:
        path: of the file.
        form: what it is; None = told by its name.
        delimiter: between the cells of a CSV file; None = told by its name.
        encoding: of a CSV file; empty = UTF-8.
        streams: the columns of the entity, where they were said.

    Raises:
        NotFound: there is no such file.
    """
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", file=str(path))
    try:
        form = form or form_of(path)
        with opened(path, form, delimiter, encoding) as file:
            rows = [row.cells for row in islice(file.rows, _ROWS) if row.error is None]
            columns = list(dict.fromkeys([*(file.columns or ()), *(name for row in rows for name in row)]))
    except EventfoldError:
        return ""
    if form.startswith("ocel"):
        types = [name.removeprefix(OF_TYPE) for name in columns if name.startswith(OF_TYPE)]
        return f"{path.name} has objects of the types {listed(types)}." if types else ""
    if not columns:
        return ""
    said = f"{path.name} has the columns {listed(columns)}.{by_another(columns)}"
    texts = {name: list(_texts(rows, name)) for name in columns}
    found = _options(columns, texts, streams)
    return f"{said} This may fit: {found}" if found else said


def _options(columns: Sequence[str], texts: Mapping[str, Sequence[str]], said: Sequence[str]) -> str:
    stream, kind = "" if said else _named(columns, _STREAMS), _named(columns, _TYPES)
    if not kind:
        return ""
    options = [part for name in said or [stream or "COLUMN"] for part in ("--stream", name)]
    if stream and not any("-" in text for text in texts[stream]):
        options += ["--category", category_for(stream)]
    options += ["--type", kind]
    timed = [name for name in columns if name not in (stream, kind, *said) and _times(texts[name])]
    time = _named(timed, _TIMES) or next(iter(timed), "")
    if time:
        options += ["--time", time]
        if any(found.tzinfo is None for found in _times(texts[time])):
            options += ["--timezone", "ZONE"]
    return shlex.join(options)


def _named(columns: Sequence[str], names: Sequence[str]) -> str:
    """The column that has the likeliest of the names; empty where none has one."""
    plain = {_plain(name): name for name in reversed(columns)}
    return next((plain[name] for name in names if name in plain), "")


def _plain(name: str) -> str:
    return "".join(sign for sign in name.lower() if sign.isalnum() or sign == ":")


def _texts(rows: Sequence[Cells], column: str) -> Iterator[str]:
    """What a column holds in the first rows, without what is empty or no text."""
    for row in rows:
        with suppress(EventfoldError, KeyError):
            if text := cell_text(row[column]):
                yield text


def _times(texts: Sequence[str]) -> list[datetime]:
    """The times that texts say, where most of them say one: a wrong one is what an import is to find."""
    found = []
    for text in texts:
        with suppress(EventfoldError):
            found.append(parse_time(text, "time", cut=True))
    return found if 2 * len(found) > len(texts) else []
