"""Filters and orders: which documents fit, which expressions the service refuses, and how null stands."""

from collections.abc import Callable
from typing import Any

import pytest
from azure.search.documents import SearchClient
from hypothesis import given, settings
from hypothesis import strategies as st

from eventfold.testing.aisearch.odata.filters import compiled
from eventfold.testing.aisearch.schema.definition import read_definition
from tests.testing.aisearch.given import articles, refused, status

DOCUMENTS: list[dict[str, Any]] = [
    {
        "id": "1",
        "colour": "blue",
        "count": 1,
        "large": 2**53 + 1,
        "price": 1.5,
        "open": True,
        "tags": ["a", "b"],
    }
    | {"made": "2026-01-01T00:00:00Z", "sizes": [1, 9], "flags": [True]},
    {"id": "2", "colour": "red", "count": 2, "large": 2**53, "price": 2, "open": False, "tags": ["b"]}
    | {"made": "2026-01-01T00:00:00.001Z", "sizes": [5], "flags": [False, True]},
    {"id": "3", "colour": "Blue", "count": -3, "price": "NaN", "tags": ["o'neil, x"]}
    | {"made": "2025-12-31T23:59:59.999Z", "secret": "s", "flags": [False]},
    {"id": "4", "colour": ""},
]


@pytest.fixture
def stocked(client: SearchClient) -> SearchClient:
    client.upload_documents(DOCUMENTS)
    return client


def ids(found: Any) -> str:
    return "".join(sorted(hit["id"] for hit in found))


FILTERS = [
    ("colour eq 'blue'", "1"),
    ("'blue' eq colour", "1"),
    ("colour ne 'blue'", "234"),
    ("colour eq ''", "4"),
    ("open", "1"),
    ("not open", "234"),
    ("open eq true", "1"),
    ("open ne true", "234"),
    ("open eq false", "2"),
    ("open eq null", "34"),
    ("count gt 1", "2"),
    ("1 lt count", "2"),
    ("count ge -3 and count le 1", "13"),
    ("count lt 1.5", "13"),
    ("count eq null", "4"),
    ("count ne null", "123"),
    ("count ne 1", "234"),
    ("not (count gt 1)", "134"),
    ("large eq 9007199254740993", "1"),
    ("large gt 9007199254740992", "1"),
    ("price eq 9007199254740993", ""),
    ("price eq 1.5", "1"),
    ("price ne 1.5", "234"),
    ("price eq NaN", ""),
    ("price ne NaN", "1234"),
    ("price lt INF", "12"),
    ("price gt -INF", "12"),
    ("price gt 1e0", "12"),
    ("made ge 2026-01-01T00:00:00Z", "12"),
    ("made lt 2026-01-01T01:00:00+01:00", "3"),
    ("made eq 2026-01-01T00:00:00.001Z", "2"),
    ("made eq 2026-01-01T00:00:00.0015Z", ""),
    ("secret eq 's'", "3"),
    ("colour eq 'blue' or colour eq 'red' and count eq 1", "1"),
    ("(colour eq 'blue' or colour eq 'red') and count eq 2", "2"),
    ("search.in(colour, 'blue,red')", "12"),
    ("search.in(colour, 'blue red')", "12"),
    ("search.in(colour, 'blue|red', '|')", "12"),
    ("search.in(colour, 'blue, red', '|')", ""),
    ("not search.in(colour, 'blue,red')", "34"),
    ("search.in(colour, 'blue') eq false", "234"),
    ("tags/any(t: t eq 'b')", "12"),
    ("tags/any(t: search.in(t, 'a b'))", "12"),
    ("tags/any(t: t eq 'o''neil, x')", "3"),
    ("tags/all(t: t ne 'a')", "234"),
    ("tags/all(t: not (t eq 'a') and t ne 'b')", "34"),
    ("tags/all(t: not search.in(t, 'a,b'))", "34"),
    ("tags/any()", "123"),
    ("not tags/any()", "4"),
    ("sizes/any(s: s gt 5)", "1"),
    ("sizes/any(s: (s gt 5 and s lt 8) or s eq 1)", "1"),
    ("sizes/any(s: s ne 5)", "1"),
    ("sizes/all(s: s ge 5)", "234"),
    ("sizes/all(s: (s lt 2 or s gt 8) and s gt 0)", "134"),
    ("flags/any(f: f)", "12"),
    ("flags/all(f: not f)", "34"),
    ("true", "1234"),
    ("false", ""),
    ("colour eq 'blue' and true", "1"),
    ("   open   ", "1"),
]


@pytest.mark.parametrize(("text", "expected"), FILTERS)
def test_a_filter_finds(stocked: SearchClient, text: str, expected: str) -> None:
    assert ids(stocked.search("*", filter=text)) == expected


REFUSED = [
    ("colour eq", "Syntax error"),
    ("colour eq blue", "between a field"),
    ("colour = 'blue'", "Syntax error"),
    ("colour EQ 'blue'", "Syntax error"),
    ("colour eq 'blue", "Syntax error"),
    ('colour eq "blue"', "Syntax error"),
    ("missing eq 1", "Could not find a property named 'missing'"),
    ("note eq 'x'", "'note' is not a filterable field"),
    ("code eq 'x'", "'code' is not a filterable field"),
    ("colour eq 1", "incompatible types"),
    ("count eq '1'", "incompatible types"),
    ("open eq 1", "incompatible types"),
    ("made eq '2026-01-01T00:00:00Z'", "incompatible types"),
    ("made eq 2026-01-01", "Syntax error"),
    ("made eq 2026-02-30T00:00:00Z", "Cannot convert"),
    ("made eq 2026-01-01T00:00:00", "Cannot convert"),
    ("colour gt 'a'", "not supported"),
    ("open gt true", "not supported"),
    ("count gt null", "does not compare with null"),
    ("count eq NaN", "does not compare with NaN"),
    ("count eq 9223372036854775808", "not within 64 bits"),
    ("count", "no condition"),
    ("not count gt 5", "between a field"),
    ("not count", "unary operator"),
    ("1 eq 1", "between a field"),
    ("'a' eq 'a' or colour eq 'x'", "between a field"),
    ("count eq large", "between a field"),
    ("count add 1 eq 2", "Syntax error"),
    ("colour in ('a', 'b')", "Syntax error"),
    ("tolower(colour) eq 'blue'", "Syntax error"),
    ("startswith(colour, 'b')", "Syntax error"),
    ("contains(colour, 'b')", "Syntax error"),
    ("null", "a constant alone"),
    ("1", "a constant alone"),
    ("tags eq 'a'", "is a collection"),
    ("search.in(tags, 'a')", "is a collection"),
    ("search.in(count, '1')", "takes a string"),
    ("search.in(colour, 'a' 'b')", "Syntax error"),
    ("colour/any(c: c eq 'a')", "is for collections"),
    ("tags/any(t: t ne 'a')", "the opposite was expected"),
    ("tags/any(t: not search.in(t, 'a'))", "the opposite was expected"),
    ("tags/all(t: t eq 'a')", "the opposite was expected"),
    ("tags/any(t: t eq 'a' and t eq 'b')", "complex Boolean expression"),
    ("tags/all(t: t ne 'a' or t ne 'b')", "complex Boolean expression"),
    ("tags/any(t: t gt 'a')", "not supported"),
    ("tags/any(t: colour eq 'a')", "not bound to the range variable"),
    ("tags/all()", "Syntax error"),
    ("tags/some(t: t eq 'a')", "no complex types"),
    ("sizes/any(s: s ne 5 and s gt 2)", "cannot be joined"),
    ("sizes/all(s: s eq 5 or s le 2)", "cannot be joined"),
    ("sizes/any(s: (s gt 1 or s lt 0) and s gt 2)", "complex Boolean expression"),
    ("flags/any(f: f or not f)", "one clause"),
    ("search.ismatch('blue')", "Syntax error"),
    ("geo.distance(colour, geography'POINT(1 2)') lt 3", "Syntax error"),
    ("(" * 60 + "open" + ")" * 60, "nested deeper"),
    (" or ".join(["open"] * 1001), "more than 1000 clauses"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED, ids=lambda value: str(value)[:40])
def test_a_filter_that_the_service_does_not_take_is_refused(
    stocked: SearchClient, text: str, why: str
) -> None:
    error = refused(stocked.search, "*", filter=text)
    assert error.status_code == 400
    assert why in error.message
    assert "$filter" in error.message


def order(client: SearchClient, *by: str) -> str:
    return "".join(hit["id"] for hit in client.search("*", order_by=list(by)))


def test_null_comes_first_ascending_and_last_descending(stocked: SearchClient) -> None:
    assert order(stocked, "count") == "4312"
    assert order(stocked, "count desc") == "2134"
    assert order(stocked, "made asc") == "4312"
    assert order(stocked, "open desc", "id desc") == "1243"
    assert order(stocked, "open", "id") == "3421"
    assert order(stocked, "price desc") == "3214"  # NaN stands above all numbers


def test_texts_are_sorted_by_their_characters(stocked: SearchClient) -> None:
    assert order(stocked, "colour") == "4312"  # "", Blue, blue, red
    stocked.upload_documents([{"id": "5", "colour": "Ärmel"}, {"id": "6", "colour": "zz"}])
    assert order(stocked, "colour") == "431265"


def test_ties_are_in_no_order_of_writing(client: SearchClient) -> None:
    client.upload_documents([{"id": str(n), "count": 1} for n in range(10)])
    assert order(client, "count") not in ("0123456789", "9876543210")
    assert order(client, "count", "id") == "0123456789"


def test_hits_are_sorted_by_score_where_a_search_says_so(client: SearchClient) -> None:
    texts = {"1": "mug", "2": "mug and more words", "3": "mug"}
    client.upload_documents([{"id": key, "title": text, "count": 1} for key, text in texts.items()])
    assert "".join(h["id"] for h in client.search("mug", order_by=["search.score() desc", "id"])) == "132"
    assert "".join(h["id"] for h in client.search("mug", order_by=["search.score()", "id desc"])) == "231"
    assert next(client.search("mug", order_by=["count"]))["id"] != "2"  # ties are broken by score


@pytest.mark.parametrize(
    ("by", "why"),
    [
        ("missing", "Could not find a property named 'missing'"),
        ("note", "'note' is not a sortable field"),
        ("tags", "'tags' is not a sortable field"),
        ("count up", "Syntax error"),
        ("count,", "Syntax error"),
        (",".join(["count"] * 33), "more than 32"),
    ],
)
def test_an_order_that_the_service_does_not_take_is_refused(client: SearchClient, by: str, why: str) -> None:
    error = refused(client.search, "*", order_by=[by])
    assert (error.status_code, why in error.message) == (400, True)


def test_a_field_is_filtered_and_sorted_only_where_its_definition_says_so(client: SearchClient) -> None:
    assert status(client.search, "*", filter="code eq 'x'") == 400
    assert status(client.search, "*", order_by=["secret"]) == 400
    assert status(client.search, "*", facets=["large"]) == 400


FIELDS = read_definition(articles().as_dict()).fields
NUMBERS = st.none() | st.integers(-3, 3)
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: None not in (a, b) and a > b,
    "ge": lambda a, b: None not in (a, b) and a >= b,
    "lt": lambda a, b: None not in (a, b) and a < b,
    "le": lambda a, b: None not in (a, b) and a <= b,
}
Shown = tuple[str, Callable[[Any], bool]]
COMPARED = st.tuples(
    st.sampled_from(sorted(OPERATORS)), st.sampled_from(["count", "large"]), st.integers(-3, 3)
).map(lambda said: (f"{said[1]} {said[0]} {said[2]}", lambda d: OPERATORS[said[0]](d[said[1]], said[2])))


def joined(parts: st.SearchStrategy[Shown]) -> st.SearchStrategy[Shown]:
    return (
        st.tuples(parts, parts).map(
            lambda p: (f"({p[0][0]}) and ({p[1][0]})", lambda d: p[0][1](d) and p[1][1](d))
        )
        | st.tuples(parts, parts).map(
            lambda p: (f"{p[0][0]} or {p[1][0]}", lambda d: p[0][1](d) or p[1][1](d))
        )
        | parts.map(lambda p: (f"not ({p[0]})", lambda d: not p[1](d)))
    )


@settings(max_examples=200)
@given(
    st.recursive(COMPARED, joined, max_leaves=8),
    st.lists(st.fixed_dictionaries({"count": NUMBERS, "large": NUMBERS})),
)
def test_a_filter_means_what_python_means(filtered: Shown, documents: list[dict[str, Any]]) -> None:
    text, expected = filtered
    fits = compiled(text, FIELDS)
    assert [fits(document) for document in documents] == [bool(expected(document)) for document in documents]
