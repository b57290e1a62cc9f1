"""What of a log a filter needs: fewer streams, types, categories and positions, never fewer events than it accepts.

The filter is never read as text, nor as a tree. Its constants cut the values of a column into points and gaps, and
Arrow itself says of each whether the filter can be true there, as it does to skip the files of a partitioned data set.
Which constants are tried decides only how much is read: the filter is applied to what is read all the same.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyarrow.fs import LocalFileSystem

from eventfold.limits import INT_MAX, INT_MIN

MOST_POINTS = 500
"""Constants of a column that are tried; of more, the first and the last."""
_FORMAT = ds.ParquetFileFormat()  # of files that are never opened: only what is said to be in them counts
_NOWHERE = LocalFileSystem()


class Pruned(msgspec.Struct, frozen=True):
    """What has to be read.

    Attributes:
        positions: ranges, both ends included, ascending.
        streams: the only streams; None = any.
        categories: the only categories; None = any.
        types: the only event types; None = any.
    """

    positions: Sequence[tuple[int, int]] = ((INT_MIN, INT_MAX),)
    streams: Sequence[str] | None = None
    categories: Sequence[str] | None = None
    types: Sequence[str] | None = None


def prune(condition: pc.Expression | None, schema: pa.Schema) -> Pruned:
    """What a filter over the columns position, stream, category and type leaves to be read.

    Args:
        condition: the filter; None = there is none.
        schema: of the events.
    """
    if condition is None:
        return Pruned()
    constants = list(_constants(condition))
    texts = [value for value in constants if isinstance(value, str)]
    numbers = [value for value in constants if type(value) is int]
    return Pruned(
        _ranges(condition, schema, numbers),
        *(_values(condition, schema, name, texts) for name in ("stream", "category", "type")),
    )


def uses(condition: pc.Expression, schema: pa.Schema, name: str) -> bool:
    """Whether a filter speaks of a column: without it, it means nothing."""
    rest = pa.schema([field for field in schema if field.name != name])
    try:
        _possible([pc.scalar(True)], condition, rest)
    except pa.ArrowException:
        return True
    return False


def _values(condition: pc.Expression, schema: pa.Schema, name: str, texts: Sequence[str]) -> list[str] | None:
    """The only values of a column for which the filter can be true; None = any may be."""
    points = _points(texts)
    cells = [*_gaps(name, points), *(pc.field(name) == point for point in points)]
    possible = _possible(cells, condition, schema)
    gaps = len(points) + 1
    if any(cell < gaps for cell in possible):
        return None
    return [points[cell - gaps] for cell in possible]


def _ranges(condition: pc.Expression, schema: pa.Schema, numbers: Sequence[int]) -> list[tuple[int, int]]:
    """The positions at which the filter can be true."""
    points = _points(numbers)
    field = pc.field("position")
    ends = [INT_MIN - 1, *points, INT_MAX + 1]
    gaps = [(low + 1, high - 1) for low, high in pairwise(ends)]
    cells = [*gaps, *((point, point) for point in points)]
    guards = [*_gaps("position", points), *(field == point for point in points)]
    found = sorted(cells[n] for n in _possible(guards, condition, schema) if cells[n][0] <= cells[n][1])
    merged: list[tuple[int, int]] = []
    for low, high in found:
        if merged and merged[-1][1] + 1 == low:
            merged[-1] = (merged[-1][0], high)
        else:
            merged.append((low, high))
    return merged


def _gaps(name: str, points: Sequence[Any]) -> list[pc.Expression]:
    """What is true before, between and after some values of a column."""
    field = pc.field(name)
    if not points:
        return [pc.scalar(True)]
    between = [(field > low) & (field < high) for low, high in pairwise(points)]
    return [field < points[0], *between, field > points[-1]]


def _points(values: Sequence[Any]) -> list[Any]:
    found = sorted(set(values))
    return found if len(found) <= MOST_POINTS else [found[0], found[-1]]


def _possible(cells: Sequence[pc.Expression], condition: pc.Expression, schema: pa.Schema) -> list[int]:
    """The numbers of those cells in which the filter can be true, as Arrow sees it."""
    fragments = [
        _FORMAT.make_fragment(str(number), _NOWHERE, partition_expression=cell)
        for number, cell in enumerate(cells)
    ]
    files = ds.FileSystemDataset(fragments, schema, _FORMAT, _NOWHERE)
    return sorted(int(fragment.path) for fragment in files.get_fragments(filter=condition))


def _constants(condition: pc.Expression) -> Iterator[Any]:
    """The constants of a filter: Arrow keeps each as a column of what it writes down to copy a filter elsewhere."""
    try:
        written = condition.__reduce__()[1][0]
        with pa.ipc.open_file(written) as file:
            columns = [column.to_pylist() for column in file.read_all().columns]
    except (pa.ArrowException, AttributeError, LookupError, TypeError, ValueError, OverflowError):
        return  # in another form, or a time beyond Python's: then everything is read
    yield from _flat(columns)


def _flat(value: Any) -> Iterator[Any]:
    match value:
        case list():
            for item in value:
                yield from _flat(item)
        case dict():
            for item in value.values():
                yield from _flat(item)
        case _:
            yield value
