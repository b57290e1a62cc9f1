"""Pages, counts and facets."""

from typing import Any

import pytest
from azure.search.documents import SearchClient

from eventfold.testing.aisearch import StandIn
from tests.testing.aisearch.given import raw, refused, status


@pytest.fixture
def stocked(client: SearchClient) -> SearchClient:
    """1,200 documents."""
    for begin in (0, 600):
        client.upload_documents(
            [{"id": f"{n:04}", "count": n, "colour": "blue"} for n in range(begin, begin + 600)]
        )
    return client


def sizes(found: Any) -> list[int]:
    return [len(list(page)) for page in found.by_page()]


def test_a_page_has_fifty_hits_unless_a_search_says_how_many(stocked: SearchClient) -> None:
    pages = sizes(stocked.search("*", order_by=["id"]))
    assert pages == [50] * 24
    assert sizes(stocked.search("*", top=7)) == [7]
    assert sizes(stocked.search("*", top=0)) == [0]
    assert sizes(stocked.search("*", skip=1190)) == [10]
    assert sizes(stocked.search("*", skip=1190, top=20)) == [10]
    assert sizes(stocked.search("*", skip=5000)) == [0]


def test_more_than_a_thousand_come_on_more_than_one_page(stocked: SearchClient) -> None:
    found = [hit["id"] for hit in stocked.search("*", order_by=["id"], top=1100)]
    assert found == [f"{n:04}" for n in range(1100)]
    assert sizes(stocked.search("*", top=1100)) == [1000, 100]
    assert sizes(stocked.search("*", top=5000)) == [1000, 200]


def test_the_next_page_is_told_twice(service: StandIn, stocked: SearchClient) -> None:
    asked = {"search": "*", "select": "id", "top": 1001}
    _, told, _ = raw(service, "POST", "/indexes('articles')/docs/search.post.search", asked)
    assert told["@search.nextPageParameters"] == {"search": "*", "select": "id", "top": 1, "skip": 1000}
    assert told["@odata.nextLink"].startswith(service.endpoint + "/indexes('articles')/docs/")


def test_hits_end_at_a_hundred_thousand(stocked: SearchClient) -> None:
    assert sizes(stocked.search("*", skip=100_000)) == [0]
    error = refused(stocked.search, "*", skip=100_001)
    assert (error.status_code, "between 0 and 100000" in error.message) == (400, True)
    assert status(stocked.search, "*", skip=-1) == 400
    assert status(stocked.search, "*", top=2**31) == 400


def test_a_count_is_told_where_it_was_asked_for(stocked: SearchClient) -> None:
    assert stocked.search("*", include_total_count=True, top=1).get_count() == 1200
    assert stocked.search("*", include_total_count=True, filter="count lt 10").get_count() == 10
    assert stocked.search("*", top=1).get_count() is None
    assert stocked.get_document_count() == 1200


def facets(client: SearchClient, *asked: str, **how: Any) -> Any:
    return client.search("*", facets=list(asked), top=0, **how).get_facets()


@pytest.fixture
def varied(client: SearchClient) -> SearchClient:
    made = ["2026-01-01T00:00:00Z", "2026-01-31T12:00:00Z", "2026-04-01T00:00:00Z", None]
    client.upload_documents(
        [
            {"id": "1", "colour": "blue", "tags": ["a", "b", "a"], "count": 1, "price": 0.5, "open": True},
            {"id": "2", "colour": "blue", "tags": ["b"], "count": 15, "price": 10, "open": False},
            {"id": "3", "colour": "red", "count": -5, "price": 20.5, "open": True, "sizes": [3, 4]},
            {"id": "4", "colour": None},
        ]
    )
    client.merge_documents([{"id": str(n + 1), "made": made[n]} for n in range(4)])
    return client


def test_values_are_counted_by_document(varied: SearchClient) -> None:
    assert facets(varied, "colour", "tags", "open") == {
        "colour": [{"value": "blue", "count": 2}, {"value": "red", "count": 1}],
        "tags": [{"value": "b", "count": 2}, {"value": "a", "count": 1}],
        "open": [{"value": True, "count": 2}, {"value": False, "count": 1}],
    }
    assert facets(varied, "colour", filter="open") == {
        "colour": [{"value": "blue", "count": 1}, {"value": "red", "count": 1}]
    }


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("count,sort:value", [(-5, 1), (1, 1), (15, 1)]),
        ("count,sort:-value", [(15, 1), (1, 1), (-5, 1)]),
        ("colour,sort:-count", [("red", 1), ("blue", 2)]),
        ("colour,count:1", [("blue", 2)]),
        ("colour,count:0", [("blue", 2), ("red", 1)]),
        ("colour, count:1 , sort:-value", [("red", 1)]),
        ("count,interval:10", [(-10, 1), (0, 1), (10, 1)]),
        ("made,interval:day", [(f"2026-{day}T00:00:00Z", 1) for day in ("01-01", "01-31", "04-01")]),
        ("made,interval:month", [("2026-01-01T00:00:00Z", 2), ("2026-04-01T00:00:00Z", 1)]),
        ("made,interval:quarter", [("2026-01-01T00:00:00Z", 2), ("2026-04-01T00:00:00Z", 1)]),
        ("made,interval:year", [("2026-01-01T00:00:00Z", 3)]),
        ("sizes", [(3, 1), (4, 1)]),
    ],
)
def test_a_facet_is_cut_and_sorted(varied: SearchClient, asked: str, expected: list[tuple[Any, int]]) -> None:
    (found,) = facets(varied, asked).values()
    assert [(bucket["value"], bucket["count"]) for bucket in found] == expected


def test_ranges_are_from_and_up_to(varied: SearchClient) -> None:
    assert facets(varied, "price,values:10|20") == {
        "price": [
            {"to": 10.0, "count": 1},
            {"from": 10.0, "to": 20.0, "count": 1},
            {"from": 20.0, "count": 1},
        ]
    }
    assert facets(varied, "made,values:2026-01-31T12:00:00Z") == {
        "made": [
            {"to": "2026-01-31T12:00:00Z", "count": 1},
            {"from": "2026-01-31T12:00:00Z", "count": 2},
        ]
    }


def test_ten_values_are_told_unless_a_facet_says_how_many(client: SearchClient) -> None:
    client.upload_documents([{"id": str(n), "colour": f"c{n:02}"} for n in range(12)])
    assert len(facets(client, "colour")["colour"]) == 10
    assert len(facets(client, "colour,count:0")["colour"]) == 12


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("missing", "Could not find a property named 'missing'"),
        ("note", "'note' is not a facetable field"),
        ("colour,count:x", "'count'"),
        ("colour,count:-1", "'count'"),
        ("colour,sort:up", "'sort'"),
        ("colour,most:1", "does not know"),
        ("colour,count", "no parameter"),
        ("colour,interval:10", "'interval'"),
        ("count,interval:0", "'interval'"),
        ("count,interval:day", "'interval'"),
        ("colour,values:a|b", "'values'"),
        ("count,values:1.5|2", "'1.5|2'"),
        ("price,values:20|10", "ascending"),
        ("count,values:1|2,count:3", "stand alone"),
        ("count,values:1|2,interval:3", "stand alone"),
    ],
)
def test_a_facet_that_cannot_be_is_refused(client: SearchClient, asked: str, why: str) -> None:
    error = refused(client.search, "*", facets=[asked])
    assert (error.status_code, why in error.message) == (400, True)
