"""A table of many columns is folded some columns at a time.

One statement over all of them would need memory for each column, each path and each key at once. Parts share the key
and the order of the rows; each has some of the columns.
"""

from collections.abc import Iterator, Sequence

from msgspec import structs

from eventfold.readmodels.declaring.columns import Column
from eventfold.readmodels.declaring.layout import Layout, Place
from eventfold.readmodels.declaring.values import Field

WEIGHT = 64
"""Of the columns of a part, at most: what each takes for a key, in the room of a value."""

PATHS = 256
"""Places in the data that a part reads, at most; of a single column that reads more, all."""


def parts(layout: Layout) -> list[Layout]:
    """The layout itself where one statement will do, else layouts that have some of its columns each."""
    groups = list(_groups(layout.places))
    return [layout] if len(groups) < 2 else [_part(layout, group) for group in groups]


def _groups(places: Sequence[Place]) -> Iterator[list[Place]]:
    group: list[Place] = []
    weight = 0
    read: set[tuple[str, ...]] = set()
    for place in places:
        more = _paths(place.column)
        weight += _weight(place)
        if group and (weight > WEIGHT or len(read | more) > PATHS):
            yield group
            group, weight, read = [], _weight(place), set()
        group.append(place)
        read |= more
    if group:
        yield group


def _weight(place: Place) -> int:
    match place.column.reducer:
        case "collect":
            return 8  # every value of the chunk, sorted, twice
        case "sum":
            return 2
        case _:
            return 1 if place.order < 0 else 2


def _paths(column: Column) -> set[tuple[str, ...]]:
    fields = [value for value in column.values if isinstance(value, Field)]
    return {path for field in fields for path in (field.path, field.flat) if path is not None}


def _part(layout: Layout, places: Sequence[Place]) -> Layout:
    slots = list(layout.slots[:2])
    moved = []
    for place in places:
        value = len(slots)
        slots.append(layout.slots[place.value])
        if place.order < 0:
            moved.append(structs.replace(place, value=value))
        else:
            slots.append(layout.slots[place.order])
            moved.append(structs.replace(place, value=value, order=value + 1))
    spec = structs.replace(layout.spec, columns={place.name: place.column for place in places})
    return structs.replace(layout, spec=spec, slots=tuple(slots), places=tuple(moved))
