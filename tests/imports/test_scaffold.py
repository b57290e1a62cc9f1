"""An app for what an import saw: names are text in it and nothing else, and its columns hold every value."""

import ast
import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import eventfold as ef
from eventfold import NewEvent, RecordedEvent, new_id, open_store
from eventfold.errors import EventTypeInvalid
from eventfold.events.names import check_event_type
from eventfold.imports.scaffold import gather, scaffold
from eventfold.imports.scaffold.gathering import FIELDS, FIELDS_FOLLOWED, TYPES, Sight
from eventfold.imports.scaffold.kinds import Guess
from eventfold.imports.scaffold.naming import Names, plain, plural
from eventfold.readmodels.declaring.extract import NumberText
from eventfold.readmodels.declaring.types import column_type
from eventfold.testing.making import make

HOSTILE = [
    "'",
    "\\",
    "a'b\\'c",
    "'''",
    "\n    import os",
    "\r\n# x",
    "{0}",
    "{x!r}",
    "%s",
    "__import__('os').system('x')",
    "'); raise SystemExit  #",
    "class",
    "fold",
    "ef",
    "events",
    "stream",
    "None",
    "审批",
    "Rechnung prüfen",
    "\u202e",
    "\x00",
    "a.b",
    ".",
    "x" * 3_000,
    "1",
    " ",
]


def sight(category: str, events: list[tuple[str, dict[str, object]]]) -> Sight:
    found = Sight(category)
    for version, (kind, data) in enumerate(events, 1):
        text = json.dumps(data)
        found.take(
            RecordedEvent(
                version, f"{category}-1", version, kind, 1, new_id().bytes, 0, None, text, "{}", "0"
            )
        )
    return found


def is_type(name: str) -> bool:
    try:
        return bool(check_event_type(name))
    except EventTypeInvalid:
        return False


class Shape(ast.NodeTransformer):
    """A tree without its names and constants; attributes and keywords are ours and stay."""

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.copy_location(ast.Name("ef" if node.id == "ef" else "_", node.ctx), node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.copy_location(ast.Constant(type(node.value).__name__), node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = "_"
        return self.generic_visit(node)


def shape(text: str) -> str:
    return ast.dump(Shape().visit(ast.parse(text)))


keys = st.sampled_from(HOSTILE) | st.text().filter(lambda t: t not in ("", "*") and '"' not in t)
types = st.text(min_size=1, max_size=20).filter(is_type) | st.sampled_from(
    [name for name in HOSTILE if is_type(name)]
)


@given(st.lists(keys, unique=True, max_size=8), st.lists(types, unique=True, min_size=1, max_size=4))
@example(HOSTILE, ["a'b\\'c", "1"])
def test_names_of_any_kind_give_the_tree_that_plain_names_give(fields: list[str], kinds: list[str]) -> None:
    def events(names: list[str], types_: list[str]) -> list[tuple[str, dict[str, object]]]:
        data: dict[str, object] = dict.fromkeys(names, "x")
        found = [(kind, data) for kind in types_]
        return [*found, (types_[0], {"own": 1, "deep": dict.fromkeys(names, 2)})]

    hostile = sight("purchase", events([f for f in fields if f not in ("own", "deep")], kinds))
    others = [f"f{at}" for at in range(len([f for f in fields if f not in ("own", "deep")]))]
    plain_ = sight("purchase", events(others, [f"t{at}" for at in range(len(kinds))]))
    text = scaffold("app", [hostile]).text
    text.encode()
    assert shape(text) == shape(scaffold("app", [plain_]).text)
    space: dict[str, object] = {}
    exec(compile(text, "app.py", "exec"), space)
    table = space["app"].tables["purchases"]  # type: ignore[attr-defined]
    names = list(table.columns)
    assert all(name.replace("_", "").isalnum() and name.isascii() and name == name.lower() for name in names)
    asked = {v.path for c in table.columns.values() for v in c.values if hasattr(v, "path")}
    assert len(asked) == len(hostile.columns()) == len(names) - 4
    assert asked == {column.path for column in hostile.columns()}


def test_the_law_sees_a_name_that_became_code() -> None:
    text = scaffold("app", [sight("a", [("T", {"x": 1})])]).text
    assert shape(text) != shape(text.replace("'x'", "'x'.strip()"))


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(allow_nan=False, allow_infinity=False).map(str)
    | st.integers().map(str)
    | st.datetimes(timezones=st.timezones()).map(str)
    | st.dates().map(str)
    | st.sampled_from(["true", "false", "007", "-0", "1e5", "1.0", "2025-02-30", "", "\u0661", "-1.50"])
    | st.text(max_size=5)
)
same_kind = st.one_of(
    st.lists(st.integers(), min_size=1),
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1),
    st.lists(st.decimals(places=2, allow_nan=False, allow_infinity=False).map(str), min_size=1),
    st.lists(scalars, min_size=1),
)


@given(same_kind)
def test_a_column_holds_every_value_that_was_seen(values: list[object]) -> None:
    decoded = msgspec.json.Decoder(float_hook=NumberText).decode(json.dumps(values))
    guess = Guess()
    for value in decoded:
        guess.take(value)
    kind = column_type(guess.type_name)
    for value in decoded:
        if value is None:
            continue
        text = ("true" if value else "false") if isinstance(value, bool) else str(value)
        shown = kind.show(kind.parse(text))
        if kind.kind in {"int64", "decimal"}:
            assert Decimal(text) == shown
        elif kind.kind == "double":
            assert Decimal(text) == Decimal(repr(shown))
        elif kind.kind == "string":
            assert shown == text


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "22"], "int64"),
        (["1", "007"], "string"),
        (["1", "x"], "string"),
        ([1, "1"], "string"),
        ([1, 2], "int64"),
        ([2**70], "decimal(38,2)"),
        (["250.00", "3"], "decimal(18,2)"),
        (["1.5"], "decimal(18,2)"),
        (["12345678901234567890.5"], "decimal(38,2)"),
        ([0.1234567891], "double"),
        ([0.5], "decimal(18,2)"),
        ([True], "boolean"),
        (["true"], "boolean"),
        (["True"], "string"),
        (["2025-01-01"], "date"),
        (["2025-01-01T00:00:00Z"], "timestamp"),
        (["2025-01-01T00:00:00"], "string"),
        ([None], "string"),
        ([[1]], ""),
        (["x", {"a": 1}], ""),
    ],
)
def test_the_type_of_some_values(values: list[object], kind: str) -> None:
    guess = Guess()
    for value in msgspec.json.Decoder(float_hook=NumberText).decode(json.dumps(values)):
        guess.take(value)
    assert guess.type_name == kind


def test_what_a_path_cannot_say_is_left_out_and_told() -> None:
    seen = sight("a", [("T", {"": 1, "*": 1, 'x"y': 1, "list": [1], "map": {"x": 1}, "fine": 1})])
    assert [column.path for column in seen.columns()] == [("map", "x"), ("fine",)]
    text = scaffold("app", [seen]).text
    assert "# 1 fields hold lists or maps" in text
    assert "# 3 rarer fields" in text


def test_a_path_that_could_mean_two_fields_stands_in_quotes() -> None:
    seen = sight("a", [("T", {"x": {"y": 1}, "x.y": "a"})])
    text = scaffold("app", [seen]).text
    assert "ef.field('T', '\"x\".\"y\"'), 'int64'" in text
    assert "ef.field('T', '\"x.y\"'), 'string'" in text


def test_fields_and_types_are_bounded() -> None:
    events: list[tuple[str, dict[str, object]]] = [
        (f"T{n}", {"common": n, **{f"f{n}-{m}": 1 for m in range(20)}}) for n in range(TYPES + 60)
    ]
    seen = sight("a", events)
    assert len(seen.fields) == FIELDS_FOLLOWED
    assert len(seen.columns()) == FIELDS
    assert next(c.types for c in seen.columns() if c.path == ("common",)) is None
    text = scaffold("app", [seen]).text
    assert "rarer fields" in text
    assert f"looked for in the {TYPES} types" in text


def test_a_table_of_as_many_types_and_fields_as_there_may_be_is_rebuilt() -> None:
    wide: dict[str, object] = {f"f{m}": m for m in range(FIELDS)}
    seen = sight("a", [(f"T{n}", wide) for n in range(TYPES)])
    assert [column.types for column in seen.columns()] == [None] * FIELDS
    space: dict[str, Any] = {}
    exec(compile(scaffold("app", [seen]).text, "app.py", "exec"), space)
    with space["app"].open("sqlite://") as live:
        for n in range(TYPES):
            live.store.append(f"a-{n % 9}", [make(event_type=f"T{n}", data=wide)], expected=ef.ANY)
        live.catch_up()
        folded = live.query("SELECT * FROM as_ ORDER BY 1").rows()
        assert live.table("as_").rebuild().rows == len(folded) == 9
        assert live.query("SELECT * FROM as_ ORDER BY 1").rows() == folded


def test_what_others_wrote_in_the_category_counts_too() -> None:
    with open_store("sqlite://") as store:
        store.append("case-1", [NewEvent(new_id(), "T", 1, '{"n": 1}')], expected=ef.ANY)
        store.append("case-2", [NewEvent(new_id(), "T", 1, '{"n": "x"}')], expected=ef.ANY)
        store.append("other-1", [NewEvent(new_id(), "T", 1, '{"n": [1]}')], expected=ef.ANY)
        (found,) = gather(store, ["case", "", "$x", "empty"])
        assert (found.events, found.fields["n",].guess.type_name) == (2, "string")
        assert [one.category for one in gather(store, ["other", "case"])] == ["other", "case"]


@given(st.lists(st.text(), max_size=30))
def test_identifiers_are_plain_and_each_is_given_once(texts: list[str]) -> None:
    names = Names({"events", "fold"})
    given_ = [names.take(plain(text, "field")) for text in [*texts, "class", "fold", "ORDER", "def"]]
    assert len(set(given_)) == len(given_)
    assert not {"events", "fold", "class", "order", "def"} & set(given_)
    ef.Table.__init_subclass__  # noqa: B018 - the names are those that a table takes
    ns = {name: ef.count() for name in given_} | {"id_key_of_it": ef.key()}
    type("Rows", (ef.Table,), ns, category="a")


def test_tables_are_called_as_people_do() -> None:
    assert [plural(plain(n, "table")) for n in ("order", "Category", "cases", "day", "审批", "1")] == [
        "orders",
        "categories",
        "cases",
        "days",
        "tables",
        "table_1s",
    ]
