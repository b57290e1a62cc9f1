"""Categories, tables and the reading of other names are guarded as the names of events are."""

from enum import Enum

import pytest

from eventfold.events.schema.recorded import Category, render
from tests.events.schema.making import event, program, recorded, told

Colour = Enum("Colour", {"RED": "red", "BLUE": "blue"})
Brighter = Enum("Brighter", {"RED": "red", "BLUE": "blue", "GREEN": "green"})
Fewer = Enum("Fewer", {"RED": "red"})
Swapped = Enum("Swapped", {"RED": "blue", "BLUE": "red"})
Renamed = Enum("Renamed", {"CRIMSON": "red", "BLUE": "blue"})


def order(events: list[str], aggregate: str = "Order", category: str = "order") -> dict[str, Category]:
    return {category: Category(aggregate, events)}


@pytest.mark.parametrize(
    ("categories", "expected"),
    [
        (
            order(["Placed"], category="orders"),
            [("refused", "category-changed"), ("added", "category-added")],
        ),
        ({}, [("refused", "category-changed")]),
        (order([]), [("refused", "aggregate-narrowed")]),
        (order(["Placed", "Paid"]), [("added", "aggregate-widened")]),
        (order(["Placed"], aggregate="Purchase"), [("added", "aggregate-renamed")]),
        (
            {**order(["Placed"], "Basket"), **order(["Placed"], "Order", "basket")},
            [("refused", "meaning-changed"), ("added", "category-added")],
        ),
    ],
)
def test_categories_are_guarded_like_names(
    categories: dict[str, Category], expected: list[tuple[str, str]]
) -> None:
    placed = event({"a": str})
    old = program(placed, categories=order(["Placed"]))
    found = told(old, program(placed, categories=categories))
    assert [(level, kind) for level, kind, _ in found] == expected


def test_tables_and_the_reading_of_other_names_are_guarded() -> None:
    placed = event({"a": str})
    old = program(placed, tables=("orders",), untyped=True)
    assert told(old, program(placed, tables=("sales",), untyped=True)) == [
        ("refused", "table-removed", "orders"),
        ("added", "table-added", "sales"),
    ]
    assert told(old, program(placed, tables=("orders",))) == [("refused", "untyped-refused", "shop")]
    assert told(program(placed), program(placed, untyped=True)) == [("added", "untyped-taken", "shop")]


def test_what_is_ignored_is_recorded_by_a_word_and_never_opens_the_way_out_of_a_type() -> None:
    placed, paid = event({"a": str}), event({"b": int}, cls="Paid")
    old = program(placed, paid)
    assert told(old, program(placed, ignored=("Paid",))) == [
        ("added", "ignored-added", "Paid"),
        ("refused", "event-removed", "Paid"),
    ]
    renamed = program(placed, event({"b": int}, cls="Payment"), ignored=("Paid",))
    assert ("refused", "event-renamed", "Paid") in told(old, renamed)
    ignoring = program(placed, ignored=("Paid",))
    assert told(ignoring, ignoring) == []
    assert told(program(placed), ignoring) == [("added", "ignored-added", "Paid")]
    assert told(ignoring, program(placed)) == [("added", "ignored-removed", "Paid")]
    assert told(ignoring, program(placed, paid)) == [
        ("added", "ignored-removed", "Paid"),
        ("added", "event-added", "Paid"),
    ]


def test_a_file_says_nothing_of_what_is_ignored_where_nothing_is() -> None:
    placed = event({"a": str})
    assert "ignored" not in render(recorded(program(placed)))
    assert recorded(program(placed, ignored=("Z", "B"))).ignored == ["B", "Z"]
