"""What the gate refuses, each by name and place; and what it lets through."""

import itertools
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest

import eventfold as ef
from eventfold.errors import SchemaBroken
from eventfold.events.schema.accepting import accept
from eventfold.events.schema.gate import judge
from tests.events.schema.making import event, findings, program, recorded, told

Colour = Enum("Colour", {"RED": "red", "BLUE": "blue"})
Brighter = Enum("Brighter", {"RED": "red", "BLUE": "blue", "GREEN": "green"})
Fewer = Enum("Fewer", {"RED": "red"})
Swapped = Enum("Swapped", {"RED": "blue", "BLUE": "red"})
Renamed = Enum("Renamed", {"CRIMSON": "red", "BLUE": "blue"})


COUNT = itertools.count()


class Item(msgspec.Struct):
    sku: str
    price: Decimal


class ItemWithNote(msgspec.Struct):
    sku: str
    price: Decimal
    note: str = ""


class ItemWithoutPrice(msgspec.Struct):
    sku: str


class ItemWithText(msgspec.Struct):
    sku: str
    price: str


class StrictItem(msgspec.Struct, forbid_unknown_fields=True):
    sku: str
    price: Decimal


class Card(msgspec.Struct, tag="card"):
    number: str


class Cash(msgspec.Struct, tag="cash"):
    amount: Decimal


class Voucher(msgspec.Struct, tag="voucher"):
    code: str


class Point(msgspec.Struct, array_like=True):
    x: int
    y: int


class Turned(msgspec.Struct, array_like=True):
    y: int
    x: int


class Deeper(msgspec.Struct, array_like=True):
    x: int
    y: int
    z: int = 0


class Node(msgspec.Struct):
    value: int
    next: "Node | None" = None


class TextNode(msgspec.Struct):
    value: str
    next: "TextNode | None" = None


class RenamedNode(msgspec.Struct):
    value: int
    next: "RenamedNode | None" = None
    note: str | None = None


def at_most(limit: int) -> Any:
    return Annotated[int, msgspec.Meta(ge=0, le=limit)]


REFUSED = [
    ("a removed field", {"a": str, "b": int}, {"a": str}, "field-removed", ".b"),
    ("a renamed field", {"a": str}, {"b": (str, "")}, "field-removed", ".a"),
    ("a new field without a default", {"a": str}, {"a": str, "b": int}, "field-required", ".b"),
    ("a lost default", {"a": (str, "")}, {"a": str}, "field-required", ".a"),
    ("another default", {"a": (str, "")}, {"a": (str, "x")}, "default-changed", ".a"),
    ("a default of another type", {"a": (int | bool, 1)}, {"a": (int | bool, True)}, "default-changed", ".a"),
    ("no null any more", {"a": str | None}, {"a": str}, "type-narrowed", ".a"),
    ("an arm of a union less", {"a": int | str}, {"a": str}, "type-narrowed", ".a"),
    ("a lower limit", {"a": at_most(9)}, {"a": at_most(8)}, "type-narrowed", ".a"),
    ("a limit where there was none", {"a": int}, {"a": at_most(9)}, "type-narrowed", ".a"),
    (
        "a pattern where there was none",
        {"a": str},
        {"a": Annotated[str, msgspec.Meta(pattern="^t")]},
        "type-narrowed",
        ".a",
    ),
    (
        "a shorter list",
        {"a": list[int]},
        {"a": Annotated[list[int], msgspec.Meta(max_length=2)]},
        "type-narrowed",
        ".a",
    ),
    ("an int that becomes a decimal", {"a": int}, {"a": Decimal}, "type-changed", ".a"),
    ("an int that becomes a float", {"a": int}, {"a": float}, "type-changed", ".a"),
    ("a float that becomes an int", {"a": float}, {"a": int}, "type-changed", ".a"),
    ("a decimal that becomes text", {"a": Decimal}, {"a": str}, "type-changed", ".a"),
    ("a time that becomes a day", {"a": datetime}, {"a": date}, "type-changed", ".a"),
    ("a time that becomes text", {"a": datetime}, {"a": str}, "type-changed", ".a"),
    ("an id that becomes text", {"a": UUID}, {"a": str}, "type-changed", ".a"),
    ("bytes that become text", {"a": bytes}, {"a": str}, "type-changed", ".a"),
    ("a value that becomes a list", {"a": int}, {"a": list[int]}, "type-changed", ".a"),
    ("items of another type", {"a": list[int]}, {"a": list[str]}, "type-changed", ".a[]"),
    ("a map with other values", {"a": dict[str, int]}, {"a": dict[str, str]}, "type-changed", ".a.*"),
    ("a tuple of another length", {"a": tuple[int, int]}, {"a": tuple[int, int, int]}, "type-changed", ".a"),
    ("a tuple with another place", {"a": tuple[int, str]}, {"a": tuple[int, int]}, "type-changed", ".a[1]"),
    ("a member of an enum less", {"a": Colour}, {"a": Fewer}, "type-narrowed", ".a"),
    ("members of an enum swapped", {"a": Colour}, {"a": Swapped}, "meaning-changed", ".a"),
    ("an enum that becomes text", {"a": Colour}, {"a": str}, "type-changed", ".a"),
    ("a written-out value less", {"a": Literal["x", "y"]}, {"a": Literal["x"]}, "type-narrowed", ".a"),
    ("any value that becomes text", {"a": Any}, {"a": str}, "type-narrowed", ".a"),
    ("a nested field less", {"a": Item}, {"a": ItemWithoutPrice}, "field-removed", ".a.price"),
    (
        "a nested field of another type",
        {"a": list[Item]},
        {"a": list[ItemWithText]},
        "type-changed",
        ".a[].price",
    ),
    ("a nested field more", {"a": ItemWithoutPrice}, {"a": Item}, "field-required", ".a.price"),
    (
        "a nested record in a map",
        {"a": dict[str, Item]},
        {"a": dict[str, ItemWithoutPrice]},
        "field-removed",
        ".a.*.price",
    ),
    ("a record that forbids what it ignored", {"a": Item}, {"a": StrictItem}, "type-narrowed", ".a"),
    ("a tagged record less", {"a": Card | Cash}, {"a": Card}, "type-narrowed", ".a"),
    ("fields in another order", {"a": Point}, {"a": Turned}, "type-changed", ".a"),
    ("a record that contains itself", {"a": Node}, {"a": TextNode}, "type-changed", ".a.value"),
]

LET_THROUGH = [
    ("nothing", {"a": str, "b": Colour}, {"a": str, "b": Colour}, []),
    ("an optional field", {"a": str}, {"a": str, "b": (str | None, None)}, ["field-added"]),
    ("a field with a default", {"a": str}, {"a": str, "b": (Decimal, Decimal(0))}, ["field-added"]),
    ("a default", {"a": str}, {"a": (str, "")}, ["field-optional"]),
    ("null", {"a": datetime}, {"a": datetime | None}, ["type-widened"]),
    ("another arm", {"a": int | None}, {"a": int | str | None}, ["type-widened"]),
    ("a higher limit", {"a": at_most(8)}, {"a": at_most(9)}, ["type-widened"]),
    ("no limit", {"a": at_most(8)}, {"a": int}, ["type-widened"]),
    ("a member of an enum", {"a": Colour}, {"a": Brighter}, ["type-widened"]),
    ("a member of an enum with another name", {"a": Colour}, {"a": Renamed}, []),
    ("a written-out value", {"a": Literal["x"]}, {"a": Literal["x", "y"]}, ["type-widened"]),
    ("text for written-out values", {"a": Literal["x"]}, {"a": str}, ["type-widened"]),
    ("a tuple for a list", {"a": list[Item]}, {"a": tuple[Item, ...]}, []),
    ("any value for text", {"a": str}, {"a": Any}, ["type-widened"]),
    ("a nested optional field", {"a": list[Item]}, {"a": list[ItemWithNote]}, ["field-added"]),
    ("a tagged record", {"a": Card | Cash}, {"a": Card | Cash | Voucher}, ["type-widened"]),
    ("a place at the end", {"a": Point}, {"a": Deeper}, ["field-added"]),
    ("a field in a record that contains itself", {"a": Node}, {"a": RenamedNode}, ["field-added"]),
]


@pytest.mark.parametrize(
    ("old", "new", "kind", "path"), [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED]
)
def test_a_change_that_cannot_read_what_is_stored_is_refused_by_name(
    old: dict[str, Any], new: dict[str, Any], kind: str, path: str
) -> None:
    assert ("refused", kind, f"Placed@1{path}") in told(old, new)
    with pytest.raises(SchemaBroken) as caught:
        accept(recorded(program(event(old))), program(event(new)))
    assert caught.value.facts["where"] in {where for level, _, where in told(old, new) if level == "refused"}


@pytest.mark.parametrize(
    ("old", "new", "kinds"), [c[1:] for c in LET_THROUGH], ids=[c[0] for c in LET_THROUGH]
)
def test_a_change_that_reads_all_is_let_through_and_recorded_by_a_word(
    old: dict[str, Any], new: dict[str, Any], kinds: list[str]
) -> None:
    found = findings(old, new)
    assert [(f.level, f.kind) for f in found] == [("added", kind) for kind in kinds]
    before, after = recorded(program(event(old))), program(event(new))
    now = accept(before, after)
    assert judge(now, after) == []
    kept = before.events["Placed"].versions[1].samples
    assert now.events["Placed"].versions[1].samples[: len(kept)] == kept


def test_what_was_let_through_is_guarded_from_then_on() -> None:
    first, second = event({"a": str}), event({"a": str, "b": (str | None, None)})
    now = accept(recorded(program(first)), program(second))
    assert [f.kind for f in judge(now, program(first))] == ["field-removed"]


def test_a_renamed_class_is_refused_with_the_way_to_keep_its_name() -> None:
    old, new = program(event({"a": str})), program(event({"a": str}, cls="Ordered"))
    found = findings(old, new)
    assert [(f.level, f.kind, f.where) for f in found] == [
        ("refused", "event-renamed", "Placed"),
        ("added", "event-added", "Ordered"),
    ]
    assert "class Ordered(..., name='Placed')" in found[0].what
    assert findings(old, program(event({"a": str}, cls="Ordered", name="Placed"))) == []


def test_a_type_that_is_gone_is_refused() -> None:
    old = program(event({"a": str}), event({"b": int}, cls="Paid"))
    assert told(old, program(event({"a": str}))) == [("refused", "event-removed", "Paid")]


def test_names_that_two_classes_have_exchanged_are_refused() -> None:
    old = program(event({"a": str}, cls="Opened"), event({"a": str}, cls="Closed"))
    new = program(
        event({"a": str}, cls="Opened", name="Closed"), event({"a": str}, cls="Closed", name="Opened")
    )
    assert told(old, new) == [
        ("refused", "meaning-changed", "Closed"),
        ("refused", "meaning-changed", "Opened"),
    ]


def test_stored_fields_that_two_attributes_have_exchanged_are_refused() -> None:
    named = msgspec.field
    old = {"buyer": str, "seller": str}
    new = {"buyer": (str, named(name="seller")), "seller": (str, named(name="buyer"))}
    assert told(old, new) == [
        ("refused", "meaning-changed", "Placed@1.buyer"),
        ("refused", "meaning-changed", "Placed@1.seller"),
    ]
    assert told(old, {"customer": (str, named(name="buyer")), "seller": str}) == []


def test_a_breaking_change_is_recorded_only_where_it_is_named() -> None:
    old = program(event({"a": str}), event({"b": int}, cls="Paid"))
    new = program(event({"a": int}))
    for named in ([], ["Placed"], ["Paid"], ["Other"]):
        with pytest.raises(SchemaBroken):
            accept(recorded(old), new, named)
    now = accept(recorded(old), new, ["Placed", "Paid"])
    assert judge(now, new) == []
    assert list(now.events) == ["Placed"]


def test_older_versions_stay_recorded_when_a_breaking_change_is_meant() -> None:
    def released(function: Any) -> Any:
        newer = event({"amount": Decimal}, version=2)
        ef.upcast(newer, 1)(function)
        return program(newer)

    now = accept(recorded(program(event({"cents": int}))), released(lambda data: {"amount": "1"}))
    mended = released(lambda data: {"amount": str(Decimal(data["cents"]) / 100)})
    again = accept(now, mended, ["Placed"])
    assert [s.data for s in again.events["Placed"].versions[1].samples] == [
        s.data for s in now.events["Placed"].versions[1].samples
    ]
    assert judge(again, mended) == []


def test_a_rule_of_a_class_that_refuses_a_sample_is_seen() -> None:
    class Placed(ef.Event):
        a: str

        def __post_init__(self) -> None:
            if not self.a:
                raise ValueError("a is empty")

    found = findings(program(event({"a": str})), program(Placed))
    assert [(f.level, f.kind, f.where) for f in found] == [("refused", "sample-unreadable", "Placed@1")]
    assert "a is empty" in found[0].what
