"""Compiles a layout into SQL: the fold of one chunk of events, and the merge of folded chunks.

A folded chunk has the slots of the layout and two marks: `_reset`, the key was removed in this chunk, so earlier chunks
do not count; `_empty`, nothing came after that. Everything named here comes from the table definition.
"""

from collections.abc import Collection
from typing import NamedTuple

from eventfold.engines.duckdb.texts import Converted, convert, literal, quoted, sql_type, text_of
from eventfold.readmodels.declaring.columns import Column
from eventfold.readmodels.declaring.extract import source
from eventfold.readmodels.declaring.layout import SEPARATOR, TIME_DIGITS, TIME_OFFSET, Layout, Place, Slot
from eventfold.readmodels.declaring.types import ColumnType
from eventfold.readmodels.declaring.values import METADATA_KEYS, Const, Envelope, Field

_ENVELOPE = {
    "recorded_at": "recorded_us",
    "occurred_at": "occurred_us",
    "stream": "stream",
    "version": "version",
    "event_type": "type",
    "event_id": "lower(hex(id))",
}


FEW = 4
"""Types that an expression names one by one."""


class ValueSql(NamedTuple):
    """A column's value of one event: the value, whether it is in doubt, whether the column looks at the event."""

    value: str
    doubt: str
    looks: str


class Compiled(NamedTuple):
    """What the engine runs for a layout and a set of event types."""

    fold: str
    columns: tuple[str, ...]
    sums: tuple[int, ...]


class Read:
    """The JSON values that columns read, each once.

    An expression that stands in another one is computed as often as it stands there, and may name every type.

    Args:
        known: every path -> its number.
        types: the types of the events.
    """

    def __init__(self, known: dict[tuple[str, ...], int], types: Collection[str]) -> None:
        self.known = known
        self._kinds = {name: n for n, name in enumerate(sorted(types), 1)}
        self._numbers: dict[str, int] = {}

    def among(self, names: Collection[str]) -> str:
        """An expression of whether an event is of one of these types."""
        kinds = {self._kinds[name] for name in names if name in self._kinds}
        if len(kinds) in {0, len(self._kinds)}:
            return "TRUE" if kinds else "FALSE"
        if len(kinds) <= FEW:
            return f"kind IN ({', '.join(map(str, sorted(kinds)))})"
        # DuckDB makes a join of a long IN, which holds memory for each of them
        return f"[{', '.join('TRUE' if n in kinds else 'FALSE' for n in self._kinds.values())}][kind]"

    def text(self, json: str) -> tuple[str, str]:
        """Expressions of the text of a JSON value, and of whether it is a string."""
        n = self._numbers.setdefault(json, len(self._numbers))
        return f"t{n}", quoted(f"j{n}")

    @property
    def found(self) -> str:
        """The JSON values, for a list of columns."""
        return "".join(f", {json} AS j{n}" for json, n in self._numbers.items())

    @property
    def told(self) -> str:
        """Their texts."""
        return "".join(f", {text_of(f'j{n}')} AS t{n}" for n in self._numbers.values())


def paths(layout: Layout, types: Collection[str]) -> dict[tuple[str, ...], int]:
    """Every path that is read from data -> its number, from 1."""
    found: dict[tuple[str, ...], int] = {}
    columns = [layout.spec.key, *layout.spec.columns.values()]
    for column in columns:
        for name in sorted(types):
            value = source(column, name) if column.values else None
            if isinstance(value, Field):
                for path in (value.path, value.flat):
                    if path is not None:
                        found.setdefault(path, len(found) + 1)
    return found


def compile_fold(layout: Layout, types: Collection[str]) -> Compiled:
    """The fold of one chunk for the event types that occur in it; `kind` is the number of a type among them, sorted."""
    known = paths(layout, types)
    read = Read(known, types)
    key = _value(layout.spec.key, types, read) if layout.spec.key.values else None
    values = [_value(place.column, types, read) for place in layout.places]
    deletes = read.among(layout.spec.delete_on) if layout.spec.delete_on else ""
    inner = [
        f"{key.value if key else 'stream'} AS _key",
        f"{_order(layout)} AS _ord",
    ]
    if deletes:
        inner.append(f"{deletes} AS _deletes")
    leaves_out = layout.spec.key.absent == "skip"
    doubts = []
    for n, (place, value) in enumerate(zip(layout.places, values, strict=True)):
        inner.append(f"{value.value} AS v{n}")
        inner.append(f"{value.looks} AS m{n}")
        if place.column.by:
            inner.append(f"{_by(layout, place.column.by)} AS o{n}")
        if value.doubt:
            doubts.append(f"coalesce({value.doubt}, FALSE)")
    inner.append(f"{_doubt(key, doubts, leaves_out=leaves_out)} AS _doubt")
    extracted = f", {_extracted(known)} AS x" if known else ""
    latest = "max(_ord) FILTER (_live)" if deletes else "max(_ord)"
    outer = [f"_key AS {_q(layout.slots[0])}", f"{latest} AS {_q(layout.slots[1])}"]
    for n, place in enumerate(layout.places):
        outer.extend(_aggregate(layout, place, n))
    sums = tuple(n for n, place in enumerate(layout.places) if _is_exact_sum(place))
    outer.extend(
        f"coalesce(sum(abs(v{n}::DECIMAL(38,{place_scale(layout, n)}))), 0) AS _abs{n}" for n in sums
    )
    outer.append("bool_or(_doubt) AS _doubt")
    counted = " WHERE _key IS NOT NULL OR _doubt" if leaves_out else ""
    statement = (
        f"WITH extracted AS (SELECT *{extracted} FROM chosen),"  # noqa: S608 - see the head of this file
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
    return Compiled(statement, tuple(slot.name for slot in layout.slots), sums)


def _doubt(key: ValueSql | None, doubts: Collection[str], *, leaves_out: bool) -> str:
    """Whether an event must be looked at by the reference fold; of one without a key nothing else is asked."""
    others = " OR ".join(doubts) or "FALSE"
    if key is None:
        return f"({others})"
    unsure = f"coalesce({key.doubt or 'FALSE'}, FALSE)"
    if leaves_out:
        return f"({unsure} OR ({key.value}) IS NOT NULL AND ({others}))"
    return f"({unsure} OR ({key.value}) IS NULL OR {others})"


def place_scale(layout: Layout, n: int) -> int:
    """The digits behind the point of a summed column."""
    return layout.places[n].column.type.scale


def _is_exact_sum(place: Place) -> bool:
    return place.column.reducer == "sum" and place.column.type.kind != "double"


def merge(layout: Layout, source_table: str) -> str:
    """The merge of folded chunks into one row per key."""
    key, order = _q(layout.slots[0]), _q(layout.slots[1])
    parts = [key, f"max({order}) AS {order}"]
    for place in layout.places:
        parts.extend(_merged(layout, place))
    alive = source_table
    if layout.spec.delete_on:
        removed = f"max(CASE WHEN _reset THEN _chunk END) OVER (PARTITION BY {key}) AS _from"
        alive = f"(SELECT *, {removed} FROM {source_table})"  # noqa: S608
        alive += " WHERE (_from IS NULL OR _chunk >= _from) AND NOT _empty"
    return f"SELECT {', '.join(parts)} FROM {alive} GROUP BY {key}"  # noqa: S608


def slot_type(slot: Slot) -> str:
    """The type of a slot inside the engine."""
    return sql_type(slot.type) + ("[]" if slot.is_list else "")


def _aggregate(layout: Layout, place: Place, n: int) -> list[str]:
    column = place.column
    name = _q(layout.slots[place.value])
    mask = f"m{n}{' AND _live' if layout.spec.delete_on else ''}{'' if column.nulls else f' AND v{n} IS NOT NULL'}"
    order = f"o{n}" if column.by else "_ord"
    match column.reducer:
        case "first" | "last":
            pick = "arg_min" if column.reducer == "first" else "arg_max"
            extreme = "min" if column.reducer == "first" else "max"
            parts = [f"{_picked(column, pick, f'v{n}', order, mask)} AS {name}"]
            if place.order >= 0:
                parts.append(f"{extreme}({order}) FILTER ({mask}) AS {_q(layout.slots[place.order])}")
            return parts
        case "sum" | "count":
            # one that does not fit is null here, and never used: the engine sees by _abs that it cannot fit
            return [f"TRY_CAST(coalesce(sum(v{n}) FILTER ({mask}), 0) AS {sql_type(column.type)}) AS {name}"]
        case "min" | "max":
            return [f"{column.reducer}(v{n}) FILTER ({mask}) AS {name}"]
        case _:
            kept = _kept(column)
            items = f"coalesce((list(v{n} ORDER BY _ord) FILTER ({mask})){kept}, [])"
            orders = f"coalesce((list(_ord ORDER BY _ord) FILTER ({mask})){kept}, [])"
            return [f"{items} AS {name}", f"{orders} AS {_q(layout.slots[place.order])}"]


def _merged(layout: Layout, place: Place) -> list[str]:
    column = place.column
    name = _q(layout.slots[place.value])
    held = _q(layout.slots[place.order]) if place.order >= 0 else ""
    match column.reducer:
        case "first" | "last":
            pick = "arg_min" if column.reducer == "first" else "arg_max"
            extreme = "min" if column.reducer == "first" else "max"
            # without an order key of its own a column has the order of the chunks, in which its stream's events came
            by, mask = (held, f"{held} IS NOT NULL") if held else ("_chunk", f"{name} IS NOT NULL")
            parts = [f"{_picked(column, pick, name, by, mask)} AS {name}"]
            return [*parts, f"{extreme}({held}) AS {held}"] if held else parts
        case "sum" | "count":
            return [f"CAST(sum({name}) AS {sql_type(column.type)}) AS {name}"]
        case "min" | "max":
            return [f"{column.reducer}({name}) AS {name}"]
        case _:
            pairs = f"list_sort(list_zip(flatten(list({held})), flatten(list({name})))){_kept(column)}"
            return [f"[p[2] FOR p IN {pairs}] AS {name}", f"[p[1] FOR p IN {pairs}] AS {held}"]


def _picked(column: Column, pick: str, value: str, by: str, mask: str) -> str:
    """arg_min and arg_max pass over nulls: where a null counts, it is wrapped."""
    if column.nulls:
        return f"({pick}({{'v': {value}}}, {by}) FILTER ({mask})).v"
    return f"{pick}({value}, {by}) FILTER ({mask})"


def _kept(column: Column) -> str:
    return f"[1:{column.limit}]" if column.keep == "first" else f"[-{column.limit}:]"


def _value(column: Column, types: Collection[str], read: Read) -> ValueSql:
    sources = {name: found for name in sorted(types) if (found := source(column, name)) is not None}
    if not sources:
        return ValueSql(f"CAST(NULL AS {sql_type(column.type)})", "", "FALSE")
    looks = read.among(sources)
    fields = {name: value for name, value in sources.items() if isinstance(value, Field)}
    if fields:
        return _field_value(column, sources, read, looks)
    first = next(iter(sources.values()))
    if isinstance(first, Envelope):
        return _envelope_value(first, column.type, looks)
    cases = _case({name: _constant(value, column.type) for name, value in sources.items()}, read)
    return ValueSql(f"CAST({cases} AS {sql_type(column.type)})", "", looks)


def _field_value(
    column: Column,
    sources: dict[str, Field | Const | Envelope],
    read: Read,
    looks: str,
) -> ValueSql:
    fields = {n: _text_of(read.known, v) for n, v in sources.items() if isinstance(v, Field)}
    json = (
        _case(fields, read)
        if len(set(fields.values())) > 1 or looks != "TRUE"
        else next(iter(fields.values()))
    )
    found: Converted = convert(column.type, *read.text(json))
    constants = {n: _constant(v, column.type) for n, v in sources.items() if isinstance(v, Const)}
    if not constants:
        return ValueSql(found.value, found.doubt, looks)
    chosen = f"CASE WHEN {read.among(constants)} THEN {_case(constants, read)} ELSE {found.value} END"
    return ValueSql(f"CAST({chosen} AS {sql_type(column.type)})", found.doubt, looks)


def _envelope_value(envelope: Envelope, kind: ColumnType, looks: str) -> ValueSql:
    if envelope.name in METADATA_KEYS:
        json = f"CAST(json_extract(metadata, '$.\"{METADATA_KEYS[envelope.name]}\"') AS VARCHAR)"
        found = convert(kind, f"({text_of(json)})", quoted(json))
        return ValueSql(_only(looks, found.value), _only(looks, found.doubt, "FALSE"), looks)
    plain = _ENVELOPE[envelope.name]
    if envelope.name == "event_id":
        groups = ", ".join(
            f"substring({plain}, {at}, {n})" for at, n in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
        )
        plain = f"concat_ws('-', {groups})"
    if envelope.type != kind:
        found = convert(kind, f"CAST({plain} AS VARCHAR)", "TRUE")
        return ValueSql(_only(looks, found.value), _only(looks, found.doubt, "FALSE"), looks)
    return ValueSql(_only(looks, plain), "", looks)


def _only(looks: str, value: str, otherwise: str = "NULL") -> str:
    return value if looks == "TRUE" else f"CASE WHEN {looks} THEN {value} ELSE {otherwise} END"


def _constant(value: Field | Const | Envelope, kind: ColumnType) -> str:
    assert isinstance(value, Const)
    return f"CAST({literal(value.value)} AS {sql_type(kind)})"


def _case(per_type: dict[str, str], read: Read) -> str:
    names: dict[str, list[str]] = {}
    for name, sql in per_type.items():
        names.setdefault(sql, []).append(name)
    cases = (f"WHEN {read.among(some)} THEN {sql}" for sql, some in names.items())
    return f"CASE {' '.join(cases)} END"


def _order(layout: Layout) -> str:
    if layout.ordered_by != "triple":
        return layout.ordered_by
    return f"{_digits('recorded_us')} || {_separator()} || stream || {_separator()} || {_padded('version')}"


def _by(layout: Layout, by: Envelope) -> str:
    order = _order(layout) if layout.ordered_by == "triple" else _padded(layout.ordered_by)
    return f"{_digits(_ENVELOPE[by.name])} || {_separator()} || {order}"


def _digits(us: str) -> str:
    return _padded(f"({us} + {TIME_OFFSET})")


def _padded(number: str) -> str:
    return f"lpad(CAST({number} AS VARCHAR), {TIME_DIGITS}, '0')"


def _separator() -> str:
    return f"chr({ord(SEPARATOR)})"


def _extracted(known: dict[tuple[str, ...], int]) -> str:
    """The JSON at each path; a list costs more, so that a single one stands by itself."""
    array = [literal(_json_path(path)) for path in known]
    if len(array) == 1:
        return f"CAST(json_extract(data, {array[0]}) AS VARCHAR)"
    return f"CAST(json_extract(data, [{', '.join(array)}]) AS VARCHAR[])"


def _text_of(known: dict[tuple[str, ...], int], field: Field) -> str:
    """What is missing at a path is null here, and a null that stands there is not."""
    if field.flat is None:
        return _text_at(known, field.path)
    return f"coalesce({_text_at(known, field.path)}, {_text_at(known, field.flat)})"


def _text_at(known: dict[tuple[str, ...], int], path: tuple[str, ...]) -> str:
    return "x" if len(known) == 1 else f"x[{known[path]}]"


def _json_path(path: tuple[str, ...]) -> str:
    return "$" + "".join(f'."{key}"' for key in path)


def _q(slot: Slot) -> str:
    return f'"{slot.name}"'
