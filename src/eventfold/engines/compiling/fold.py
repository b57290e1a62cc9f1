"""Compiles a layout into the fold of one chunk of events.

A folded chunk has the slots of the layout, `_doubt` where an event of the key must be looked at by the reference fold,
`_abs0` and so on for the columns that are summed, and two marks: `_reset`, the key was removed in this chunk, so that
earlier chunks do not count; `_empty`, nothing came after that.
"""

from collections.abc import Collection
from typing import NamedTuple

from eventfold.engines.compiling.dialect import Dialect
from eventfold.engines.compiling.values import Read, ValueSql
from eventfold.readmodels.declaring.layout import SEPARATOR, TIME_DIGITS, TIME_OFFSET, Layout, Place
from eventfold.readmodels.declaring.types import STRING
from eventfold.readmodels.declaring.values import Envelope

_TIMES = {"recorded_at": "recorded_us", "occurred_at": "occurred_us"}


class Compiled(NamedTuple):
    """What an engine runs for a layout and a set of event types.

    Attributes:
        fold: the statement.
        sums: the numbers of the places that are summed exactly, for each of which there is an `_abs`.
    """

    fold: str
    sums: tuple[int, ...]


def compile_fold(dialect: Dialect, layout: Layout, types: Collection[str]) -> Compiled:
    """The fold of one chunk for the event types that occur in it."""
    read = Read(dialect, layout, types)
    key = read.value(layout.spec.key) if layout.spec.key.values else None
    values = [read.value(place.column) for place in layout.places]
    deletes = read.among(layout.spec.delete_on) if layout.spec.delete_on else ""
    inner = [f"{key.value if key else 'stream'} AS _key", f"{_order(dialect, layout)} AS _ord"]
    if deletes:
        inner.append(f"{deletes} AS _deletes")
    leaves_out = layout.spec.key.absent == "skip"
    doubts = []
    for n, (place, value) in enumerate(zip(layout.places, values, strict=True)):
        inner.append(f"{value.value} AS v{n}")
        inner.append(f"{value.looks} AS m{n}")
        if place.column.by:
            inner.append(f"{_by(dialect, layout, place.column.by)} AS o{n}")
        if value.doubt:
            doubts.append(f"coalesce({value.doubt}, FALSE)")
    unsure = [sql for sql in (dialect.unsure(read.known), _doubt(key, doubts, leaves_out=leaves_out)) if sql]
    inner.append(f"({' OR '.join(unsure)}) AS _doubt")
    extracted = f", {dialect.opened(read.known)} AS x" if read.known else ""
    latest = "max(_ord) FILTER (WHERE _live)" if deletes else "max(_ord)"
    key_slot, order_slot, *_ = layout.slots
    outer = [f"_key AS {dialect.name(key_slot.name)}", f"{latest} AS {dialect.name(order_slot.name)}"]
    for n, place in enumerate(layout.places):
        outer.extend(_aggregate(dialect, layout, place, n))
    sums = tuple(n for n, place in enumerate(layout.places) if _is_exact_sum(place))
    outer.extend(f"{dialect.magnitude(f'v{n}', layout.places[n].column.type)} AS _abs{n}" for n in sums)
    outer.append("bool_or(_doubt) AS _doubt")
    counted = " WHERE _key IS NOT NULL OR _doubt" if leaves_out else ""
    statement = (
        f"WITH extracted AS (SELECT *{extracted} FROM {dialect.source}),"  # noqa: S608 - see the head of this room
        f" found AS (SELECT *{read.found} FROM extracted),"
        f" told AS (SELECT *{read.told} FROM found),"
        f" looked AS (SELECT {', '.join(inner)} FROM told),"
        f" valued AS (SELECT * FROM looked{counted})"
    )
    if deletes:
        outer.append("bool_or(_last IS NOT NULL) AS _reset, NOT bool_or(_live) AS _empty")
        last = "max(CASE WHEN _deletes THEN _ord END) OVER (PARTITION BY _key)"
        statement += (
            f", marked AS (SELECT *, {last} AS _last FROM valued),"  # noqa: S608 - as above
            " alive AS (SELECT *, NOT _deletes AND (_last IS NULL OR _ord > _last) AS _live FROM marked)"
        )
    else:
        outer.append("FALSE AS _reset, FALSE AS _empty")
    alive = "alive" if deletes else "valued"
    statement += f" SELECT {', '.join(outer)} FROM {alive} GROUP BY _key"  # noqa: S608 - as above
    return Compiled(statement, sums)


def _doubt(key: ValueSql | None, doubts: Collection[str], *, leaves_out: bool) -> str:
    """Whether an event must be looked at by the reference fold; of one without a key nothing else is asked."""
    others = " OR ".join(doubts) or "FALSE"
    if key is None:
        return f"({others})"
    unsure = f"coalesce({key.doubt or 'FALSE'}, FALSE)"
    if leaves_out:
        return f"({unsure} OR ({key.value}) IS NOT NULL AND ({others}))"
    return f"({unsure} OR ({key.value}) IS NULL OR {others})"


def _is_exact_sum(place: Place) -> bool:
    return place.column.reducer == "sum" and place.column.type.kind != "double"


def _aggregate(dialect: Dialect, layout: Layout, place: Place, n: int) -> list[str]:
    column = place.column
    name = dialect.name(layout.slots[place.value].name)
    held = dialect.name(layout.slots[place.order].name) if place.order >= 0 else ""
    live = " AND _live" if layout.spec.delete_on else ""
    mask = f"m{n}{live}{'' if column.nulls else f' AND v{n} IS NOT NULL'}"
    order = f"o{n}" if column.by else "_ord"
    match column.reducer:
        case "first" | "last":
            parts = [f"{dialect.picked(column, f'v{n}', order, mask)} AS {name}"]
            if held:
                extreme = "min" if column.reducer == "first" else "max"
                parts.append(f"{extreme}({order}) FILTER (WHERE {mask}) AS {held}")
            return parts
        case "sum" | "count":
            return [f"{dialect.total(f'v{n}', mask, column.type)} AS {name}"]
        case "min" | "max":
            return [f"{column.reducer}(v{n}) FILTER (WHERE {mask}) AS {name}"]
        case _:
            items, orders = dialect.collected(column, f"v{n}", mask)
            return [f"{items} AS {name}", f"{orders} AS {held}"]


def _order(dialect: Dialect, layout: Layout) -> str:
    if layout.ordered_by != "triple":
        return layout.ordered_by
    parts = (_digits(dialect, "recorded_us"), "stream", _padded(dialect, "version"))
    return f" || {_separator()} || ".join(parts)


def _by(dialect: Dialect, layout: Layout, by: Envelope) -> str:
    triple = layout.ordered_by == "triple"
    order = _order(dialect, layout) if triple else _padded(dialect, layout.ordered_by)
    return f"{_digits(dialect, _TIMES[by.name])} || {_separator()} || {order}"


def _digits(dialect: Dialect, us: str) -> str:
    return _padded(dialect, f"({us} + {TIME_OFFSET})")


def _padded(dialect: Dialect, number: str) -> str:
    return f"lpad(CAST({number} AS {dialect.sql_type(STRING)}), {TIME_DIGITS}, '0')"


def _separator() -> str:
    return f"chr({ord(SEPARATOR)})"
