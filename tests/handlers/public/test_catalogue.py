"""The catalogue says what leaves, to a validator of others too, and the gate lets nothing pass that breaks readers."""

import json
import types
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError

from eventfold.errors import SchemaBroken, SchemaFileInvalid
from eventfold.events.schema.samples import samples_of
from eventfold.events.schema.shapes import shape_of
from eventfold.handlers.public.catalogue import Catalogue, catalogue_of, parse, render
from eventfold.handlers.public.compatibility import differences
from eventfold.handlers.public.event import PublicEvent
from eventfold.handlers.public.gate import accept, judge
from eventfold.handlers.public.schemas import json_schema
from tests.handlers.public.making import Parcel, Service, ShipmentStarted

NAME = "com.example.counted"


class Node(msgspec.Struct, frozen=True):
    text: str
    inner: "Node | None" = None


class Line(msgspec.Struct, frozen=True, array_like=True, tag=True):
    sku: str
    count: int = 1


class Everything(PublicEvent, name="com.example.everything"):
    """All that a field can be."""

    decimal: Decimal
    moment: datetime
    day: date
    number: Annotated[int, msgspec.Meta(ge=0, lt=100)]
    ratio: float
    uuid: UUID
    content: bytes
    service: Service
    choice: Literal["a", "b"]
    node: Node
    line: Line
    pair: tuple[int, str]
    amounts: dict[str, Decimal]
    parcels: Annotated[tuple[Parcel, ...], msgspec.Meta(max_length=3)] = ()
    anything: Any = None


def everything(amount: Decimal, moment: datetime, content: bytes) -> Everything:
    node = Node(text="a", inner=Node(text="b", inner=Node(text="c")))
    return Everything(
        decimal=amount,
        moment=moment,
        day=moment.date(),
        number=5,
        ratio=0.5,
        uuid=UUID(int=3),
        content=content,
        service=Service.FAST,
        choice="b",
        node=node,
        line=Line("sku"),
        pair=(1, "x"),
        amounts={"eur": amount},
        parcels=(Parcel(weight=amount),),
        anything={"a": [1, None]},
    )


def event(fields: dict[str, Any], version: int = 1, **options: Any) -> type[PublicEvent]:
    """A public event; a field is a type, or a pair of a type and a default."""
    pairs = {n: f if isinstance(f, tuple) else (f,) for n, f in fields.items()}
    body = {"__annotations__": {n: pair[0] for n, pair in pairs.items()}}
    body |= {n: pair[1] for n, pair in pairs.items() if len(pair) == 2}
    given = {"name": NAME, **options, "version": version}
    return types.new_class("Counted", (PublicEvent,), given, lambda namespace: namespace.update(body))


def valid(schema: dict[str, Any], data: object) -> bool:
    return bool(Draft202012Validator(schema).is_valid(data))


@settings(max_examples=40, deadline=None)
@given(
    st.decimals(allow_nan=False, allow_infinity=False),
    st.datetimes(timezones=st.just(UTC)),
    st.binary(max_size=5),
)
def test_what_leaves_fits_its_schema(amount: Decimal, moment: datetime, content: bytes) -> None:
    schema = json_schema(Everything)
    Draft202012Validator.check_schema(schema)
    data = json.loads(msgspec.json.encode(everything(amount, moment, content)))
    Draft202012Validator(schema).validate(data)
    for name in schema["required"]:
        assert not valid(schema, {key: value for key, value in data.items() if key != name})
    for wrong in ({"decimal": 1.5}, {"number": 100}, {"choice": "c"}, {"line": ["Line"]}, {"pair": [1]}):
        assert not valid(schema, {**data, **wrong})
    deep = {**data, "node": {"text": "a", "inner": {"text": "b", "inner": {"text": 5}}}}
    with pytest.raises(ValidationError):
        Draft202012Validator(schema).validate(deep)


def test_a_schema_says_what_it_is_of_and_no_name_of_the_inside() -> None:
    schema = json_schema(ShipmentStarted)
    assert {key: schema[key] for key in ("$id", "title", "description")} == {
        "$id": "urn:eventfold:com.example.shipment.started:1",
        "title": "com.example.shipment.started",
        "description": "A shipment is on its way.",
    }
    assert schema["properties"]["left_at"]["anyOf"] == [
        {"type": "string", "format": "date-time"},
        {"type": "null"},
    ]
    assert "Parcel" not in json.dumps(schema)


CATALOGUE = catalogue_of("shop", [Everything, ShipmentStarted])
TEXT = render(CATALOGUE)


def test_the_catalogue_reads_as_it_was_written() -> None:
    assert parse(TEXT) == CATALOGUE
    assert render(parse(json.dumps(json.loads(TEXT), sort_keys=True))).count("\n") == TEXT.count("\n")
    assert '"uuid": {"type": "string", "format": "uuid"}' in TEXT


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "not JSON"),
        (TEXT.replace("catalogue 1", "catalogue 2"), "install the release"),
        (TEXT.replace('"app": "shop"', '"app": "shop", "app": "shop"'), "twice"),
        (TEXT.replace('"1": {', '"0": {', 1), "damaged"),
        (TEXT.replace('"published": true', '"published": 1', 1), "damaged"),
    ],
)
def test_a_damaged_catalogue_is_named(text: str, word: str) -> None:
    with pytest.raises(SchemaFileInvalid, match=word):
        parse(text)


def told(old: type[PublicEvent], new: type[PublicEvent]) -> list[tuple[str, str, str]]:
    first = accept(Catalogue(app="shop"), catalogue_of("shop", [old]))
    found = judge(parse(render(first)), catalogue_of("shop", [new]))
    return [(finding.level, finding.kind, finding.where) for finding in found]


BEFORE = {"number": int, "text": (str, ""), "parcels": (tuple[Parcel, ...], ())}


class Heavier(msgspec.Struct, frozen=True):
    weight: Decimal
    fragile: bool = False
    colour: str = ""


@pytest.mark.parametrize(
    ("after", "level", "kind", "place"),
    [
        ({**BEFORE, "more": (str, "")}, "added", "field-added", ".more"),
        ({**BEFORE, "parcels": (tuple[Heavier, ...], ())}, "added", "field-added", ".parcels[].colour"),
        ({"number": int, "parcels": BEFORE["parcels"]}, "refused", "field-removed", ".text"),
        ({**BEFORE, "text": str}, "refused", "field-required", ".text"),
        ({**BEFORE, "number": (int, 0)}, "refused", "field-optional", ".number"),
        ({**BEFORE, "more": str}, "refused", "field-required", ".more"),
        ({**BEFORE, "number": str}, "refused", "type-changed", ".number"),
        ({**BEFORE, "number": int | None}, "refused", "type-changed", ".number"),
        ({**BEFORE, "number": Annotated[int, msgspec.Meta(ge=0)]}, "refused", "type-changed", ".number"),
        ({**BEFORE, "text": (str, "x")}, "refused", "default-changed", ".text"),
        ({**BEFORE, "parcels": (tuple[Node, ...], ())}, "refused", "field-removed", ".parcels[].weight"),
    ],
)
def test_only_what_may_be_absent_is_added_to_a_version(
    after: dict[str, Any], level: str, kind: str, place: str
) -> None:
    assert (level, kind, f"{NAME}@1{place}") in told(event(BEFORE), event(after))
    again = told(event(BEFORE), event(after, version=2))
    assert [found[:2] for found in again] == [
        ("refused", "public-retired"),
        ("added", "public-version-added"),
    ]


_KINDS: dict[str, Any] = {
    "text": str,
    "number": int,
    "maybe": str | None,
    "list": tuple[int, ...],
    "parcel": Parcel,
    "heavier": Heavier,
    "enum": Service,
}
_fields = st.dictionaries(
    st.sampled_from("abc"), st.tuples(st.sampled_from(sorted(_KINDS)), st.booleans()), max_size=3
)
_DEFAULTS: dict[str, Any] = {
    "text": "",
    "number": 0,
    "maybe": None,
    "list": (),
    "parcel": Parcel(weight=Decimal(1)),
    "heavier": Heavier(weight=Decimal(1)),
    "enum": Service.SLOW,
}


def _made(fields: dict[str, tuple[str, bool]]) -> type[PublicEvent]:
    return event({n: (_KINDS[k], _DEFAULTS[k]) if o else _KINDS[k] for n, (k, o) in fields.items()})


@settings(max_examples=150, deadline=None)
@given(_fields, _fields)
@example({"a": ("parcel", False)}, {"a": ("heavier", False), "b": ("text", True)})
def test_what_the_gate_lets_through_is_read_by_both_sides(
    old: dict[str, tuple[str, bool]], new: dict[str, tuple[str, bool]]
) -> None:
    before, after = _made(old), _made({**old, **new})
    assume(all(d.safe for d in differences(json_schema(before), json_schema(after))))
    for writer, reader in ((before, after), (after, before)):
        for data in samples_of(shape_of(writer)):
            assert valid(json_schema(reader), data)
            msgspec.convert(data, reader, strict=False)


def test_the_law_would_see_a_field_that_is_made_required() -> None:
    before, after = event({"a": (str, "")}), event({"a": str})
    assert not all(d.safe for d in differences(json_schema(before), json_schema(after)))
    assert not all(valid(json_schema(after), data) for data in samples_of(shape_of(before)))


def test_a_name_that_is_gone_or_renamed_is_refused_and_says_how_it_is_done() -> None:
    first = accept(Catalogue(app="shop"), catalogue_of("shop", [event(BEFORE)]))
    (gone,) = judge(first, catalogue_of("shop", []))
    assert (gone.level, gone.kind, gone.name) == ("refused", "public-removed", NAME)
    found = judge(first, catalogue_of("shop", [event(BEFORE, name="com.example.tallied")]))
    assert [f.kind for f in found] == ["public-renamed", "public-added"]
    assert "publish both names" in found[0].what
    with pytest.raises(SchemaBroken, match=r"com\.example\.tallied has its schema"):
        accept(first, catalogue_of("shop", [event(BEFORE, name="com.example.tallied")]))


def test_versions_that_are_no_longer_published_stay_listed() -> None:
    first = accept(Catalogue(app="shop"), catalogue_of("shop", [event(BEFORE)]))
    both = accept(first, catalogue_of("shop", [event(BEFORE), event({"number": str}, version=2)]))
    assert {n: v.published for n, v in both.events[NAME].items()} == {1: True, 2: True}
    now = catalogue_of("shop", [event({"number": str}, version=2)])
    (retired,) = judge(both, now)
    assert (retired.level, retired.kind, retired.where) == ("refused", "public-retired", f"{NAME}@1")
    with pytest.raises(SchemaBroken, match=f"--breaking {NAME}"):
        accept(both, now)
    second = accept(both, now, breaking=[NAME])
    assert {n: v.published for n, v in second.events[NAME].items()} == {1: False, 2: True}
    assert second.events[NAME][1].schema == first.events[NAME][1].schema
    assert judge(second, now) == []
    (back,) = judge(second, catalogue_of("shop", [event(BEFORE)]))
    assert (back.level, back.kind) == ("refused", "version-lowered")
    gone = accept(second, catalogue_of("shop", []), breaking=[NAME])
    assert judge(gone, catalogue_of("shop", [])) == []
    assert set(gone.events[NAME]) == {1, 2}


def test_another_key_is_another_order() -> None:
    found = told(event(BEFORE, key="number"), event(BEFORE, key="text"))
    assert found == [("refused", "key-changed", f"{NAME}@1")]
    assert told(event(BEFORE), event(BEFORE)) == []


def test_another_description_is_recorded_and_breaks_nobody() -> None:
    described = event(BEFORE)
    described.__doc__ = "What was counted."
    assert told(event(BEFORE), described) == [("added", "public-told", f"{NAME}@1")]
