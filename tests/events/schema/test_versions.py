"""A new version, its upcaster and those before it are tried on what is stored; one that goes back is refused."""

import itertools
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest

import eventfold as ef
from eventfold.errors import UpcasterMissing
from eventfold.events.schema.accepting import accept
from eventfold.events.schema.gate import judge
from tests.events.schema.making import event, program, recorded, told

Colour = Enum("Colour", {"RED": "red", "BLUE": "blue"})
Brighter = Enum("Brighter", {"RED": "red", "BLUE": "blue", "GREEN": "green"})
Fewer = Enum("Fewer", {"RED": "red"})
Swapped = Enum("Swapped", {"RED": "blue", "BLUE": "red"})
Renamed = Enum("Renamed", {"CRIMSON": "red", "BLUE": "blue"})

COUNT = itertools.count()


def test_a_new_version_is_added_by_a_word_and_its_upcaster_is_tried() -> None:
    old = program(event({"cents": int}))
    newer = event({"amount": Decimal}, version=2)
    with pytest.raises(UpcasterMissing, match="nothing upcasts version 1 to 2"):
        program(newer)
    ef.upcast(newer, 1)(lambda data: {"amount": str(Decimal(data["cents"]) / 100)})
    new = program(newer)
    assert told(old, new) == [
        ("added", "upcast-added", "Placed@1"),
        ("added", "version-added", "Placed@2"),
    ]
    now = accept(recorded(old), new)
    assert judge(now, new) == []
    assert now.events["Placed"].versions[1].samples[0].upcast == '{"amount":"0.01"}'


@pytest.mark.parametrize(
    ("upcaster", "kind"),
    [
        (lambda data: {"amount": str(Decimal(data["cents"]) / 1000)}, "upcaster-changed"),
        (lambda data: {"amount": str(100 // data["cents"])}, "upcaster-failed"),
        (lambda data: {"amount": "plenty"}, "upcaster-changed"),
        (lambda data: {**data, "amount": "1"}, "upcaster-changed"),
        (lambda data: {"amount": str(next(COUNT))}, "upcaster-impure"),
        (lambda data: None, "upcaster-failed"),
    ],
)
def test_an_upcaster_that_gives_old_events_another_meaning_is_refused(upcaster: Any, kind: str) -> None:
    def released(function: Any) -> Any:
        newer = event({"amount": Decimal}, version=2)
        ef.upcast(newer, 1)(function)
        return program(newer)

    good = released(lambda data: {"amount": str(Decimal(data["cents"]) / 100)})
    now = accept(recorded(program(event({"cents": int}))), good)
    found = judge(now, released(upcaster))
    assert [(f.level, f.kind, f.where) for f in found] == [("refused", kind, "Placed@1")]


def test_an_upcaster_whose_result_does_not_read_is_refused_before_it_is_recorded() -> None:
    newer = event({"amount": Decimal}, version=2)
    ef.upcast(newer, 1)(lambda data: {"amount": "plenty"})
    assert ("refused", "sample-unreadable", "Placed@1") in told(
        program(event({"cents": int})), program(newer)
    )


def test_a_link_in_the_middle_is_tried_on_every_older_version() -> None:
    first = event({"a": str})
    second = event({"a": str, "b": str}, version=2)
    ef.upcast(second, 1)(lambda data: {**data, "b": ""})
    third = event({"a": str, "b": str, "c": int}, version=3)
    ef.upcast(third, 1)(lambda data: {**data, "b": ""})
    ef.upcast(third, 2)(lambda data: {**data, "c": 1 // len(data["b"])})
    now = accept(recorded(program(first)), program(second))
    failed = [(f.kind, f.where) for f in judge(now, program(third)) if f.level == "refused"]
    assert failed == [("sample-unreadable", "Placed@1"), ("upcaster-failed", "Placed@2")]


def test_a_version_that_goes_back_is_refused() -> None:
    newer = event({"a": str}, version=2)
    ef.upcast(newer, 1)(lambda data: data)
    assert told(program(newer), program(event({"a": str}))) == [("refused", "version-lowered", "Placed@1")]


def test_a_version_that_was_never_recorded_is_told() -> None:
    newer = event({"a": str}, version=2)
    ef.upcast(newer, 1)(lambda data: data)
    assert told(program(newer), program(newer)) == [("note", "version-missing", "Placed@1")]
