"""What a file must have before its first row is taken: the columns that were named, and a category for its streams.

One error says what is missing, with what there is, instead of one for each row.
"""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import chain
from pathlib import Path

from eventfold.errors import ConfigInvalid, EventfoldError, QueryInvalid
from eventfold.imports.files.ocel.ocel import OF_TYPE
from eventfold.imports.files.rows import Row
from eventfold.imports.mapping.cells import cell_text
from eventfold.imports.mapping.mapping import Mapping
from eventfold.store.names import as_category, check_category

ROWS = 1_000
BYTES = 4 * 1024 * 1024
"""Of the rows that are looked at, at most."""
_SHOWN = 40
_DELIMITERS = ";\t|,"


def named_columns(mapping: Mapping) -> dict[str, str]:
    """The columns that a mapping names, each with the option that names it."""
    kept = [written.partition("=")[2] or written for written in mapping.data]
    about = [written.partition("=")[2] or written for written in mapping.metadata]
    options = {
        "--data": kept,
        "--metadata": about,
        "--list": mapping.lists,
        "--decimal-comma": mapping.decimal_commas,
        "--whole": mapping.whole,
        "--id": mapping.id,
        "--time": [mapping.time] if mapping.time else [],
        "--type": mapping.type,
        "--stream": mapping.stream,
    }
    return {name: option for option, names in options.items() for name in names}


def checked(
    rows: Iterator[Row], columns: Sequence[str] | None, mapping: Mapping, path: Path
) -> Iterator[Row]:
    """The rows, once it is known that they have what was named.

    Args:
        rows: of the file.
        columns: that it says it has; None where each row says it for itself: then it is asked of the first of them.
        mapping: names columns.
        path: of the file.

    Raises:
        QueryInvalid: a column is not there; the facts `column` and `columns` say which, and which are.
        ConfigInvalid: the streams have no category.
    """
    needed = named_columns(mapping)
    seen = dict.fromkeys(columns or ())
    first: list[Row] = []
    size = 0
    for row in rows:
        first.append(row)
        if columns is None and row.error is None:
            seen |= dict.fromkeys(row.cells)
        if row.error is None and needed.keys() <= seen.keys():
            break
        size += sum(len(cell) if isinstance(cell, str) else len(bytes(cell)) for cell in row.cells.values())
        if len(first) >= ROWS or size >= BYTES:
            break
    if seen:
        _check_columns(needed, list(seen), path)
    if not mapping.category:
        _check_names(first, mapping)
    yield from chain(first, rows)


def _check_columns(needed: dict[str, str], columns: list[str], path: Path) -> None:
    missing = [name for name in needed if name not in columns]
    if not missing:
        return
    name = missing[-1]
    is_type = name.startswith(OF_TYPE)
    if is_type:
        columns = [column.removeprefix(OF_TYPE) for column in columns if column.startswith(OF_TYPE)]
        name = name.removeprefix(OF_TYPE)
        what = f"{path.name} has no objects of the type {name!r:.60}; it has"
    else:
        what = f"{path.name} has no column {name!r:.60}, which {needed[name]} names; its columns are"
    near = get_close_matches(name, columns, n=1)
    raise QueryInvalid(
        f"{what} {listed(columns)}.{f' Did you mean {near[0]!r:.60}?' if near else ''}{by_another(columns)}",
        file=path.name,
        column=name,
        missing=missing,
        columns=columns[:_SHOWN],
    )


def listed(columns: Sequence[str]) -> str:
    """Columns for a sentence, the first of them where there are many."""
    shown = ", ".join(f"{column:.60}" for column in columns[:_SHOWN])
    left = len(columns) - _SHOWN
    return f"{shown} and {left} more" if left > 0 else shown or "none"


def category_for(column: str) -> str:
    """A category for the entities that a column names: for a person, who may take another."""
    try:
        return check_category(as_category(column.split(":", maxsplit=1)[0].lower()))
    except EventfoldError:
        return "NAME"


def by_another(columns: list[str]) -> str:
    """What helps where a whole line was taken for one column."""
    found = [sign for sign in _DELIMITERS if len(columns) == 1 and sign in columns[0]]
    return f" If these are several, say --delimiter {found[0]!r}." if found else ""


def _check_names(rows: list[Row], mapping: Mapping) -> None:
    """Whether the columns hold whole names of streams, where no category was given."""
    if set(mapping.stream) & set(mapping.lists) or len(mapping.stream) != 1:
        return
    column = mapping.stream[0]
    names = []
    for row in rows:
        try:
            names.append(cell_text({**row.cells, **(row.plain or {})}[column]))
        except (KeyError, EventfoldError):
            continue
    if not any(names) or any("-" in name for name in names):
        return
    category = category_for(column)
    name = next(filter(None, names))
    raise ConfigInvalid(
        f"{name!r:.60} names no stream: that has a category before its first dash. Say which one the entities have,"
        f" --category {category} for example, and their streams are {category}-{name:.60} and so on.",
        key="category",
    )
