"""Samples: what is made from shapes covers them; what is taken from a log says nothing about anybody."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest

import eventfold as ef
from eventfold.events.schema.accepting import accept, with_samples
from eventfold.events.schema.logged import Sampling
from eventfold.events.schema.masking import masked
from eventfold.events.schema.recorded import Recorded, render
from eventfold.events.schema.samples import samples_of
from eventfold.events.schema.shapes import shape_of
from tests.events.schema.making import event, program, recorded

Colour = Enum("Colour", {"RED": "red", "BLUE": "blue", "GREEN": "green"})
Level = Enum("Level", {"LOW": 1, "HIGH": 2})


class Part(msgspec.Struct):
    name: str
    price: Decimal
    note: str | None = None


class Card(msgspec.Struct, tag="card"):
    number: str


class Cash(msgspec.Struct, tag="cash"):
    amount: Decimal


class Tree(msgspec.Struct):
    name: str
    children: "list[Tree]" = []
    parent: "Tree | None" = None


class Everything(ef.Event):
    text: str
    whole: int
    real: float
    yes: bool
    money: Decimal
    at: datetime
    day: date
    key: UUID
    raw: bytes
    colour: Colour
    level: Level
    word: Literal["a", "b", 3]
    parts: tuple[Part, ...]
    place: tuple[int, str]
    by_name: dict[str, Decimal]
    paid: Card | Cash | None
    tree: Tree
    any_: Any
    code: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
    short: Annotated[str, msgspec.Meta(min_length=1, max_length=3)]
    count: Annotated[int, msgspec.Meta(gt=0, le=12)]
    even: Annotated[int, msgspec.Meta(multiple_of=2, ge=3)]
    few: Annotated[list[int], msgspec.Meta(min_length=1, max_length=2)]
    maybe: str | None = None
    said: str = ""


def decoded() -> list[Any]:
    program_ = program(Everything)
    texts = [sample.data for sample in program_.made("Everything").samples]
    return [program_.registry.decode(ef.NewEvent(ef.new_id(), "Everything", 1, text)) for text in texts]


def test_every_sample_that_is_made_reads() -> None:
    assert len(decoded()) == len(samples_of(shape_of(Everything)))
    assert program(Everything).made("Everything") == program(Everything).made("Everything")


def test_samples_cover_every_form() -> None:
    found = decoded()

    def seen(name: str) -> list[Any]:
        return [getattr(one, name) for one in found]

    assert {-(2**63), 2**63 - 1, 0} <= set(seen("whole"))
    assert set(seen("colour")) == set(Colour)
    assert set(seen("level")) == set(Level)
    assert set(seen("word")) == {"a", "b", 3}
    assert {type(v).__name__ for v in seen("paid")} == {"Card", "Cash", "NoneType"}
    assert {datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)} <= set(seen("at"))
    assert {len(v) for v in seen("parts")} == {0, 1, 5}
    assert {len(v) for v in seen("by_name")} == {0, 1, 2}
    assert {None, "text"} <= set(seen("maybe"))
    assert {1, 12} <= set(seen("count"))
    assert set(seen("code")) == {"EUR"}
    assert {len(v) for v in seen("short")} == {1, 3}
    assert {len(v) for v in seen("few")} == {1, 2}
    assert any(v.parent is not None for v in seen("tree"))
    assert any(v.children for v in seen("tree"))
    texts = [sample.data for sample in program(Everything).made("Everything").samples]
    assert any('"said"' not in text for text in texts)
    assert any('"note":null' in text for text in texts)


def test_a_type_that_takes_nothing_that_is_tried_has_no_sample_and_is_told() -> None:
    from eventfold.events.schema.gate import judge

    strange = program(event({"a": Annotated[str, msgspec.Meta(pattern="^Donaudampfschiff$")]}))
    found = judge(recorded(strange), strange)
    assert [(f.level, f.kind) for f in found] == [("note", "samples-missing")]


SHAPE = shape_of(Everything)
STORED: dict[str, Any] = {
    "text": "Ann Smith, 12 Rose Street",
    "whole": 4711,
    "real": 72.5,
    "yes": True,
    "money": "-1234.50",
    "at": "2024-05-17T08:30:00.123Z",
    "day": "1987-05-17",
    "key": "018f4e2a-7b1c-7000-8000-00000000abcd",
    "raw": "c2VjcmV0",
    "colour": "blue",
    "level": 2,
    "word": 3,
    "parts": [{"name": "Smith's mug", "price": "2.50", "note": "for Ann"}],
    "place": [17, "Rose"],
    "by_name": {"Ann Smith": "9.99"},
    "paid": {"type": "card", "number": "4929 1234"},
    "tree": {"name": "Ann", "children": [{"name": "Bob"}], "parent": {"name": "Eve"}},
    "any_": {"Ann": ["Smith", 1987, 1.75, None, {"ann@example.org": "1999-01-01"}]},
    "code": "USD",
    "short": "Ann",
    "count": 7,
    "even": 44,
    "few": [1987],
    "maybe": "Ann",
}
SECRETS = (
    *(
        "Ann",
        "Smith",
        "Rose",
        "4711",
        "1234",
        "1987",
        "c2Vj",
        "Eve",
        "Bob",
        "mug",
        "72.5",
        "9.99",
        "abcd",
        "USD",
    ),
    *("2024", "1999", "4929", "ann@", "018f"),
)


def test_masking_keeps_the_form_and_nothing_else() -> None:
    found = masked(STORED, SHAPE, set())
    text = json.dumps(found)
    assert [secret for secret in SECRETS if secret in text] == []
    assert found["text"] == "Xxx Xxxxx, 11 Xxxx Xxxxxx"
    assert (found["money"], found["whole"], found["colour"], found["level"]) == ("-1111.11", 1111, "blue", 2)
    assert found["by_name"] == {"key-1": "1.11"}
    assert found["paid"] == {"type": "card", "number": "1111 1111"}
    everything = ef.Registry([Everything])
    for data in (STORED, found):
        stored = ef.NewEvent(ef.new_id(), "Everything", 1, json.dumps({**data, "count": 1, "even": 4}))
        assert isinstance(everything.decode(stored), Everything)
    assert [secret for secret in SECRETS if secret not in json.dumps(STORED)] == []


def test_masking_without_a_shape_keeps_only_names_that_the_type_has() -> None:
    text = json.dumps(masked(STORED, None, {"name", "price"}))
    kept = set(SECRETS) & {secret for secret in SECRETS if secret in text}
    assert kept == set()
    assert '"parts": [{"name": "Xxxxx\'x xxx", "price": "1.11", "key-3"' in text


def log(*data: str, version: int = 1) -> list[ef.RecordedEvent]:
    store = ef.open_store("sqlite://")
    for text in data:
        store.append("order-1", [ef.NewEvent(ef.new_id(), "Placed", version, text)], expected=ef.ANY)
    found = list(store.read("order-1"))
    store.close()
    return found


def test_samples_from_a_log_are_the_same_whatever_the_order() -> None:
    app = program(event({"a": str, "b": (int | None, None)}))
    stored = [
        *(f'{{"a":"{"x" * n}"}}' for n in range(20)),
        '{"a":"x","b":1}',
        '{"a":"y","b":null}',
        '{"a":"y","b":2}',
    ]

    def chosen(texts: list[str]) -> dict[tuple[str, int], list[str]]:
        sampling = Sampling(recorded(app), app, 4, masking=True)
        sampling.look_at(log(*texts))
        return sampling.chosen

    first = chosen(stored)
    assert first == chosen(stored[::-1])
    assert len(first["Placed", 1]) == 4
    assert len(set(first["Placed", 1])) == 4


def test_an_old_version_that_was_never_recorded_comes_from_the_log() -> None:
    newer = event({"a": str, "b": str}, version=2)
    ef.upcast(newer, 1)(lambda data: {**data, "b": "new"})
    app = program(newer)
    before = recorded(app)
    sampling = Sampling(before, app, 5, masking=True)
    sampling.look_at(log('{"a":"Ann"}'))
    now, count, left_out = with_samples(before, app, sampling.chosen)
    assert (count, left_out) == (1, [])
    (sample,) = now.events["Placed"].versions[1].samples
    assert (sample.data, sample.upcast) == ('{"a":"Xxx"}', '{"a":"Xxx","b":"new"}')
    assert '{"data": {"a":"Xxx"}, "upcast": {"a":"Xxx","b":"new"}}' in render(now)


def test_a_masked_sample_that_does_not_read_is_left_out_and_told() -> None:
    app = program(event({"a": Annotated[str, msgspec.Meta(pattern="^[A-Z]+$")]}))
    before = recorded(app)
    sampling = Sampling(before, app, 5, masking=True)
    sampling.look_at(log('{"a":"ANN"}', '{"a":"E5"}'))
    now, count, left_out = with_samples(before, app, sampling.chosen)
    assert count == 1
    assert [error.code for error in left_out] == ["payload-invalid"]
    assert '{"a":"XXX"}' in render(now)


def test_events_that_the_app_does_not_know_are_no_samples() -> None:
    app = program(event({"a": str}, cls="Other"))
    sampling = Sampling(recorded(app), app, 5, masking=True)
    sampling.look_at(log('{"a":"Ann"}'))
    assert sampling.chosen == {}


@pytest.mark.parametrize("masking", [True, False])
def test_samples_as_stored_are_taken_only_when_asked_for(masking: bool) -> None:
    app = program(event({"a": str}))
    sampling = Sampling(accept(Recorded(app="shop"), app), app, 5, masking=masking)
    sampling.look_at(log('{"a":"Ann"}'))
    assert sampling.chosen["Placed", 1] == (['{"a":"Xxx"}'] if masking else ['{"a":"Ann"}'])
