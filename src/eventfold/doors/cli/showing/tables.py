"""Tables as lines of text: columns as wide as their cells, long text folded. An answer may have thousands of rows.

What cannot be read side by side stands as records: a line for each column of a row.
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from rich.cells import cell_len, chop_cells

_BETWEEN = 3
_WORD = 13
_READABLE = 8
"""What is folded into less is no longer read as a column."""


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        name: its head.
        cells: its values as text; each may have several lines.
        right: whether they stand at the right edge.
        least: how narrow it may become where the table is too wide; None = it is never folded.
        late: whether it is folded only where folding the others does not do.
    """

    name: str
    cells: Sequence[str]
    right: bool = False
    least: int | None = None
    late: bool = False


def table_rows(columns: Sequence[Column], width: int) -> Iterator[list[list[str]]]:
    """The rows of a table, head first: lines of cells that are padded to the width of their column.

    Args:
        columns: at least one, all with as many cells.
        width: of the paper; what may not be folded is wider than it if need be.
    """
    widths = _fitting(columns, width)
    yield _lines([column.name for column in columns], columns, widths)
    for cells in zip(*(column.cells for column in columns), strict=True):
        yield _lines(cells, columns, widths)


def stands_side_by_side(columns: Sequence[Column], width: int) -> bool:
    """Whether a table of these columns can be read on paper of that width."""
    narrow = (
        wide if column.least is None else min(wide, max(column.least, _READABLE))
        for column, wide in _each(columns, _natural(columns))
    )
    return sum(narrow) <= _room(columns, width)


def records(columns: Sequence[Column], width: int) -> Iterator[list[tuple[str, str]]]:
    """The rows one below the other: lines of the name of a column, padded, and its value, folded to the width."""
    longest = max(_width(column.name) for column in columns)
    room = max(width - longest - _BETWEEN - 1, _WORD)
    for cells in zip(*(column.cells for column in columns), strict=True):
        yield [
            (name + " " * (longest - _width(name)), part)
            for column, cell in zip(columns, cells, strict=True)
            for name, part in zip_longest([column.name], _folded(cell, room), fillvalue="")
        ]


def joined(cells: Sequence[str]) -> str:
    """A line of a table."""
    return f" {'   '.join(cells)} "


def rule(cells: Sequence[str]) -> str:
    """What stands below the head."""
    return "─" * (sum(map(_width, cells)) + _BETWEEN * len(cells) - 1)


def _lines(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> list[list[str]]:
    parts = [_folded(cell, width) for cell, width in zip(cells, widths, strict=True)]
    return [
        [_padded(*one) for one in zip(line, columns, widths, strict=True)]
        for line in zip_longest(*parts, fillvalue="")
    ]


def _padded(text: str, column: Column, width: int) -> str:
    gap = " " * (width - _width(text))
    return gap + text if column.right else text + gap


def _fitting(columns: Sequence[Column], width: int) -> list[int]:
    """How wide each column is: as its widest line, or less where the table would be too wide."""
    natural = _natural(columns)
    room = _room(columns, width)
    if sum(natural) <= room:
        return natural
    words = [min(wide, max(column.least or wide, _word(column))) for column, wide in _each(columns, natural)]
    late = [
        wide if column.late else least
        for (column, wide), least in zip(_each(columns, natural), words, strict=True)
    ]
    least = [
        wide if column.least is None else min(wide, column.least) for column, wide in _each(columns, natural)
    ]
    # too wide in any case: then at least its words are whole
    kept = next((some for some in (late, words, least) if sum(some) <= room), words)
    return _spread(natural, kept, room)


def _natural(columns: Sequence[Column]) -> list[int]:
    return [max(map(_widest, (column.name, *column.cells))) for column in columns]


def _room(columns: Sequence[Column], width: int) -> int:
    return width - _BETWEEN * len(columns) + 1


def _each(columns: Sequence[Column], natural: Sequence[int]) -> Iterator[tuple[Column, int]]:
    return zip(columns, natural, strict=True)


def _word(column: Column) -> int:
    """How wide the longest word is, of those that are kept whole."""
    if column.late:
        return 0
    return min(
        _WORD, max(_width(word) for text in (column.name, *column.cells) for word in text.split() or [""])
    )


def _spread(natural: Sequence[int], kept: Sequence[int], room: int) -> list[int]:
    """The widths under the highest common ceiling that leaves the table in its room."""

    def under(ceiling: int) -> list[int]:
        return [max(least, min(wide, ceiling)) for wide, least in zip(natural, kept, strict=True)]

    low, high = 0, max(natural)
    while low < high:
        middle = (low + high + 1) // 2
        if sum(under(middle)) <= room:
            low = middle
        else:
            high = middle - 1
    return under(low)


def _folded(text: str, width: int) -> list[str]:
    if "\n" not in text and _width(text) <= width:
        return [text]
    return [part for line in text.split("\n") for part in _parts(line, width)]


def _parts(text: str, width: int) -> Iterator[str]:
    """A line in parts that fit: divided after a word where there is one, else anywhere."""
    if not text.isascii():
        yield from chop_cells(text, width) if _width(text) > width else [text]
        return
    while len(text) > width:
        cut = text.rfind(" ", 1, width + 1)
        yield text[: width if cut < 0 else cut]
        text = text[width:] if cut < 0 else text[cut + 1 :]
    yield text


def _widest(text: str) -> int:
    return max(map(_width, text.split("\n"))) if "\n" in text else _width(text)


def _width(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)
