"""Generated tables and histories: every reducer, key and type, values that fit and values that do not."""

import msgspec
from hypothesis import strategies as st

from eventfold.events.envelope import NewEvent
from eventfold.events.ids import new_id
from eventfold.readmodels.declaring import columns as c
from eventfold.readmodels.declaring import values as v
from eventfold.readmodels.declaring.columns import Column
from eventfold.readmodels.declaring.table import TableSpec, compile_table

OPENED, CHANGED, CLOSED = TYPES = ('Opened "50 %"?', "Change\\d o'clock", "审批 {} $1 [x]")
FIELDS = ("text", "whole", "money", "flag", "at", "day", "nested.text", "raw")
PATHS = (*FIELDS, '"nested.text"', 'nested."text"')
KINDS = {
    "text": ("string",),
    "whole": ("int64", "string"),
    "money": ("decimal(9,2)", "decimal(30,4)", "decimal(4,2)"),
    "flag": ("boolean",),
    "at": ("timestamp",),
    "day": ("date",),
    "nested.text": ("string",),
    '"nested.text"': ("string",),
    'nested."text"': ("string",),
    "raw": ("binary",),
}
TEXTS = [
    "",
    "a",
    "Zoë",
    '"quoted"',
    "back\\slash",
    "{brace",
    "[bracket",
    "null",
    "true",
    "12",
    "1.10",
    "x" * 40,
    "\U0001d11e",
]
FITTING = {
    "text": st.sampled_from(TEXTS),
    "whole": st.integers(-(10**6), 10**6) | st.sampled_from([0, 2**62, "17", "-3"]),
    "money": st.sampled_from(["0", "1.10", "-2.5", "12.34", "99.99", "7", "1E+1", "-0.00", 3]),
    "flag": st.booleans() | st.sampled_from(["true", "false"]),
    "at": st.sampled_from(
        [
            "2024-02-29T12:00:00Z",
            "2024-01-01T00:00:00.123456+02:00",
            "2024-01-01T00:00:00.1234560000Z",
            "1969-12-31 23:59:59.5Z",
            "0001-01-01T00:00:00Z",
        ]
    ),
    "day": st.sampled_from(["2024-02-29", "1969-12-31", "0001-01-01", "9999-12-31"]),
    "nested.text": st.sampled_from(TEXTS),
    "raw": st.sampled_from(["", "YQ==", "YWI=", "YWJj"]),
}
MISFIT = st.sampled_from(
    [
        *(
            1.5,
            100.0,
            1e300,
            0.1,
            msgspec.Raw(b"1.00000000000000001"),
            msgspec.Raw(b"7.0000000000000000001"),
            "1.005",
            "1e2",
            "12345678901.23",
            2**63 - 1,
            "99999999999999999999",
            {"a": 1},
            [1],
        ),
        *(
            "2024-02-30",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:00:00",
            "2024-12-31T23:59:59.9999999Z",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "@@",
            "YQ=",
            "1_000",
            " 1",
            "TRUE",
            "0000-01-01",
        ),
    ]
)


def _field_column(reducer: str) -> st.SearchStrategy[Column]:
    @st.composite
    def build(draw: st.DrawFn) -> Column:
        name = draw(st.sampled_from([f for f in PATHS if reducer != "sum" or f in {"whole", "money"}]))
        kinds = [k for k in KINDS[name] if reducer != "sum" or k != "string"]
        kind = draw(st.sampled_from(kinds))
        on = draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True))
        fields = [v.field(t, name) for t in on]
        if reducer == "collect":
            return c.collect(
                *fields, kind, limit=draw(st.integers(1, 4)), keep=draw(st.sampled_from(["first", "last"]))
            )
        if reducer in {"first", "last"}:
            by = draw(st.sampled_from([None, None, v.occurred_at, v.recorded_at]))
            picked: Column = getattr(c, reducer)(*fields, kind, by=by, nulls=draw(st.booleans()))
            return picked
        summed: Column = getattr(c, reducer)(*fields, kind)
        return summed

    return build()


def _other_columns() -> st.SearchStrategy[Column]:
    return st.sampled_from(
        [
            c.count(),
            c.count(CHANGED),
            c.last({OPENED: "open", CLOSED: "closed"}),
            c.sum({OPENED: 1, CLOSED: -1}),
            c.first(v.recorded_at),
            c.last(v.occurred_at, on=[CHANGED]),
            c.last(v.actor),
            c.max(v.version),
            c.collect(v.event_type, limit=3),
            c.last(v.stream),
            c.min(v.occurred_at),
        ]
    )


@st.composite
def tables(draw: st.DrawFn, *, in_order: bool = True) -> TableSpec:
    """A table definition; `in_order` allows what needs the events of a key in order."""
    column = st.one_of(
        *[_field_column(r) for r in ("first", "last", "sum", "min", "max", "collect")], _other_columns()
    )
    declared = {f"c{n}": col for n, col in enumerate(draw(st.lists(column, min_size=1, max_size=5)))}
    absent: c.Absent = draw(st.sampled_from(["park", "skip"]))
    keys = [c.key(), c.key(*[v.field(t, "k") for t in TYPES], absent=absent), c.key(v.actor, absent=absent)]
    declared["id"] = draw(st.sampled_from([*keys, c.key(v.event_type)]))
    if in_order and draw(st.booleans()):
        declared["gone"] = c.delete_on(CLOSED)
    return compile_table("made", draw(st.sampled_from(["", "box"])), declared, events=TYPES)


def _nested(value: object) -> st.SearchStrategy[dict[str, object]]:
    """A value at a path: in a map, under one name with a dot, in both places, or beside a map that does not have it."""
    inside: dict[str, object] = {"text": value}
    return st.sampled_from(
        [
            {"nested": inside},
            {"nested.text": value},
            {"nested": {"text": "inside"}, "nested.text": value},
            {"nested": {"text": None}, "nested.text": value},
            {"nested": {"other": 1}, "nested.text": value},
            {"nested": [inside], "nested.text": value},
            {"nested": "no map", "nested.text": value},
        ]
    )


@st.composite
def datas(draw: st.DrawFn, *, misfits: bool = True) -> str:
    """The data of one event."""
    found: dict[str, object] = {"k": draw(st.sampled_from(["k1", "k2", "k3"]))}
    if misfits and draw(st.integers(0, 8)) == 0:
        found = draw(st.sampled_from([{}, {"k": None}, {"k": 5}, {"k": [1]}]))
    for name in draw(st.lists(st.sampled_from(FIELDS), unique=True, max_size=5)):
        wrong = misfits and draw(st.integers(0, 40)) == 0
        value = draw(st.none() | MISFIT if wrong else FITTING[name])
        if "." in name:
            found |= draw(_nested(value))
        else:
            found[name] = value
    return msgspec.json.encode(found).decode()


@st.composite
def histories(draw: st.DrawFn, *, misfits: bool = True, most: int = 30) -> list[tuple[str, NewEvent]]:
    """Streams and events in the order in which they are appended."""
    made = []
    for _ in range(draw(st.integers(0, most))):
        stream = draw(st.sampled_from(["box-1", "box-2", "crate-1", "box-3"]))
        event_type = draw(st.sampled_from([*TYPES, "Ignored"]))
        actor = draw(st.sampled_from(["{}", '{"actor":"anna"}', '{"actor":"b\\"o"}']))
        occurred = draw(st.none() | st.integers(-5, 5).map(lambda n: n * 10**9))
        made.append(
            (stream, NewEvent(new_id(), event_type, 1, draw(datas(misfits=misfits)), actor, occurred))
        )
    return made
