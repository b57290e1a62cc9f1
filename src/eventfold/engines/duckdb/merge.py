"""The merge of folded chunks into one row for each key. Everything named here comes from the table definition."""

from eventfold.engines.duckdb.dialect import Duckdb
from eventfold.engines.duckdb.texts import sql_type
from eventfold.readmodels.declaring.layout import Layout, Place, Slot

_WORDS = Duckdb()


def merge(layout: Layout, source_table: str) -> str:
    """The statement for the chunks of a table, each row of which has the number of its `_chunk`."""
    key, order = (_WORDS.name(slot.name) for slot in layout.slots[:2])
    parts = [key, f"max({order}) AS {order}"]
    for place in layout.places:
        parts.extend(_merged(layout, place))
    alive = source_table
    if layout.spec.delete_on:
        removed = f"max(CASE WHEN _reset THEN _chunk END) OVER (PARTITION BY {key}) AS _from"
        alive = f"(SELECT *, {removed} FROM {source_table})"  # noqa: S608 - see the head of this file
        alive += " WHERE (_from IS NULL OR _chunk >= _from) AND NOT _empty"
    return f"SELECT {', '.join(parts)} FROM {alive} GROUP BY {key}"  # noqa: S608 - as above


def slot_type(slot: Slot) -> str:
    """The type of a slot inside the engine."""
    return sql_type(slot.type) + ("[]" if slot.is_list else "")


def _merged(layout: Layout, place: Place) -> list[str]:
    column = place.column
    name = _WORDS.name(layout.slots[place.value].name)
    held = _WORDS.name(layout.slots[place.order].name) if place.order >= 0 else ""
    match column.reducer:
        case "first" | "last":
            # without an order key of its own a column has the order of the chunks, in which its stream's events came
            by, mask = (held, f"{held} IS NOT NULL") if held else ("_chunk", f"{name} IS NOT NULL")
            parts = [f"{_WORDS.picked(column, name, by, mask)} AS {name}"]
            extreme = "min" if column.reducer == "first" else "max"
            return [*parts, f"{extreme}({held}) AS {held}"] if held else parts
        case "sum" | "count":
            return [f"CAST(sum({name}) AS {sql_type(column.type)}) AS {name}"]
        case "min" | "max":
            return [f"{column.reducer}({name}) AS {name}"]
        case _:
            zipped = f"list_zip(flatten(list({held})), flatten(list({name})))"
            pairs = f"list_sort({zipped}){_WORDS.kept(column)}"
            return [f"[p[2] FOR p IN {pairs}] AS {name}", f"[p[1] FOR p IN {pairs}] AS {held}"]
