"""The row after a batch, of the row before it and what the batch was folded to.

Rows are called `t` where they stand and `s` where they come from; everything else comes from the table definition.
"""

from collections.abc import Iterator

from eventfold.engines.spark.dialect import SLACK, Spark
from eventfold.engines.spark.texts import sql_type
from eventfold.readmodels.declaring.layout import Layout, Place, Slot

_WORDS = Spark("")
_WIDEST = 38


def slot_type(slot: Slot) -> str:
    """The type of a slot in a table of Spark."""
    return f"ARRAY<{sql_type(slot.type)}>" if slot.is_list else sql_type(slot.type)


def updates(layout: Layout) -> dict[str, str]:
    """The name of each slot -> its value where the key has a row already."""
    key, order = (slot.name for slot in layout.slots[:2])
    found = {key: f"s.`{key}`", order: f"greatest(t.`{order}`, s.`{order}`)"}
    for place in layout.places:
        found.update(_updated(layout, place))
    if layout.spec.delete_on:
        return {name: f"CASE WHEN s._reset THEN s.`{name}` ELSE {value} END" for name, value in found.items()}
    return found


def may_overflow(layout: Layout) -> str:
    """Whether a sum may have left its type at some event of the batch."""
    found = (
        f"coalesce(abs(CAST(t.`{name}` AS DOUBLE)), 0) * {SLACK} + s._abs{n} >= {limit}"
        for n, name, limit in _sums(layout)
    )
    return " OR ".join(found) or "FALSE"


def is_large(layout: Layout) -> str:
    """The same where the key has no row yet."""
    return " OR ".join(f"_abs{n} >= {limit}" for n, _, limit in _sums(layout)) or "FALSE"


def _sums(layout: Layout) -> Iterator[tuple[int, str, str]]:
    """Of each exact sum the number of its place, its column, and what it must stay below."""
    for n, place in enumerate(layout.places):
        kind = place.column.type
        if place.column.reducer == "sum" and kind.kind != "double":
            digits = min(kind.precision, _WIDEST - 1) - kind.scale if kind.kind == "decimal" else 18
            yield n, place.name, f"1e{digits}"


def _updated(layout: Layout, place: Place) -> dict[str, str]:
    column = place.column
    name = layout.slots[place.value].name
    held = layout.slots[place.order].name if place.order >= 0 else ""
    old, new = f"t.`{name}`", f"s.`{name}`"
    match column.reducer:
        case "first" | "last" if held:
            sign, extreme = ("<", "least") if column.reducer == "first" else (">", "greatest")
            mine, theirs = f"t.`{held}`", f"s.`{held}`"
            value = f"CASE WHEN {mine} IS NULL OR {theirs} {sign} {mine} THEN {new} ELSE {old} END"
            return {name: value, held: f"{extreme}({mine}, {theirs})"}
        case "first":
            return {name: f"coalesce({old}, {new})"}
        case "last":
            return {name: f"coalesce({new}, {old})"}
        case "sum" | "count":
            return {name: _added(place, old, new)}
        case "min" | "max":
            return {name: f"{'least' if column.reducer == 'min' else 'greatest'}({old}, {new})"}
        case _:
            rows = (("t", old), ("s", new))
            pairs = ", ".join(
                f"zip_with({row}.`{held}`, {items}, (o, v) -> named_struct('o', o, 'v', v))"
                for row, items in rows
            )
            both = f"concat({pairs})"
            kept = _WORDS.kept(column, f"array_sort({both})")
            return {name: f"transform({kept}, p -> p.v)", held: f"transform({kept}, p -> p.o)"}


def _added(place: Place, old: str, new: str) -> str:
    kind = place.column.type
    if kind.kind != "decimal":
        return f"{old} + {new}" if kind.kind == "double" else f"try_add({old}, {new})"
    # two of the widest decimals are added with fewer digits behind the point; one digit less is added exactly
    narrow = f"DECIMAL({min(kind.precision, _WIDEST - 1)},{min(kind.scale, _WIDEST - 1)})"
    added = f"try_add(TRY_CAST({old} AS {narrow}), TRY_CAST({new} AS {narrow}))"
    return f"TRY_CAST({added} AS {sql_type(kind)})"
