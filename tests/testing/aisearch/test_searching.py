"""Searches by text: what is found, in which fields, by which words, and what is marked."""

from typing import Any

import pytest
from azure.search.documents import SearchClient

from tests.testing.aisearch.given import refused, status

DOCUMENTS: list[dict[str, Any]] = [
    {"id": "1", "title": "Blue mug with a blue handle", "code": "AB-1", "tags": ["cup", "kitchen ware"]},
    {"id": "2", "title": "Red mug", "code": "AB-2", "tags": ["cup"]},
    {"id": "3", "title": "Blue plate", "code": "ab-1 x"},
    {"id": "4", "title": "Mugs, bowls & plates (order-17)", "tags": ["ware kitchen"]},
    {"id": "5", "note": "blue mug"},
]


@pytest.fixture
def stocked(client: SearchClient) -> SearchClient:
    client.upload_documents(DOCUMENTS)
    return client


def ids(found: Any) -> str:
    return "".join(sorted(hit["id"] for hit in found))


@pytest.mark.parametrize(
    ("text", "mode", "expected"),
    [
        ("blue", "any", "13"),
        ("BLUE", "any", "13"),
        ("blue mug", "any", "123"),
        ("blue mug", "all", "1"),
        ("blue+mug", "any", "1"),
        ("blue | red", "all", "123"),
        ("mug -blue", "any", "1245"),
        ("mug -blue", "all", "2"),
        ("mug - blue", "all", "1"),
        ("mug --blue", "all", "1"),
        ("-blue", "all", "245"),
        ("mug+-blue", "any", "2"),
        ('"blue mug"', "any", "1"),
        ('"mug blue"', "any", ""),
        ('"kitchen ware"', "any", "1"),
        ("kitchen ware", "all", "14"),
        ("mug*", "any", "124"),
        ("MUG*", "any", "124"),
        ("*", "any", "12345"),
        ("", "all", "12345"),
        (" ", "all", "12345"),
        ("(blue|red)+mug", "any", "12"),
        ("plate|blue+mug", "any", "1"),
        ("(blue", "any", "13"),
        ('"blue', "any", "13"),
        ("blue)", "any", "13"),
        ("order-17", "all", "4"),
        ("order 18", "any", "4"),
        ("AB-1", "any", "1"),
        ("ab-1", "any", "3"),
        ("AB-*", "any", "12"),
        (r"AB\-1", "any", "1"),
        (r"blue\*", "any", "13"),
        ("!!!", "any", ""),
        ("blue !!!", "any", "13"),
        ("nothing", "any", ""),
        ("AND", "any", ""),
        ("blue AND mug", "any", "123"),
    ],
)
def test_a_text_finds(stocked: SearchClient, text: str, mode: str, expected: str) -> None:
    assert ids(stocked.search(text, search_mode=mode)) == expected


def test_a_search_may_be_for_some_fields(stocked: SearchClient) -> None:
    assert ids(stocked.search("cup", search_fields=["tags"])) == "12"
    assert ids(stocked.search("cup", search_fields=["title", "code"])) == ""
    # the words of a search may be in different fields
    assert ids(stocked.search("red cup", search_mode="all")) == "2"
    for field in ("colour", "missing"):
        assert "not a searchable field" in refused(stocked.search, "cup", search_fields=[field]).message


def test_what_fits_better_comes_first(stocked: SearchClient) -> None:
    found = list(stocked.search("blue mug"))
    assert found[0]["id"] == "1"
    scores = [hit["@search.score"] for hit in found]
    assert scores == sorted(scores, reverse=True)
    assert {hit["@search.score"] for hit in stocked.search("*")} == {1.0}
    assert {hit["@search.score"] for hit in stocked.search("mug*")} == {1.0}


def test_hits_have_the_fields_that_were_asked_for(stocked: SearchClient) -> None:
    (hit,) = stocked.search("red", select=["id", "tags", "count"])
    assert {name: value for name, value in hit.items() if not name.startswith("@")} == {
        "id": "2",
        "tags": ["cup"],
        "count": None,
    }
    (whole,) = stocked.search("red")
    assert "secret" not in whole
    assert whole["note"] is None
    assert "Could not find a property named 'no'" in refused(stocked.search, "red", select=["no"]).message
    assert "not a retrievable field" in refused(stocked.search, "red", select=["secret"]).message


def marked(found: Any) -> Any:
    return {hit["id"]: hit["@search.highlights"] for hit in found}


def test_what_was_found_is_marked(stocked: SearchClient) -> None:
    assert marked(stocked.search("blue handle", highlight_fields="title,tags")) == {
        "1": {"title": ["<em>Blue</em> mug with a <em>blue</em> <em>handle</em>"]},
        "3": {"title": ["<em>Blue</em> plate"]},
    }
    assert marked(stocked.search('"kitchen ware"', highlight_fields="tags")) == {
        "1": {"tags": ["<em>kitchen</em> <em>ware</em>"]}
    }
    assert marked(stocked.search("mug*", highlight_fields="title", search_mode="all"))["4"] == {
        "title": ["<em>Mugs</em>, bowls & plates (order-17)"]
    }
    tags: dict[str, Any] = {"highlight_pre_tag": "[", "highlight_post_tag": "]"}
    assert marked(stocked.search("red -blue", highlight_fields="title", search_mode="all", **tags)) == {
        "2": {"title": ["[Red] mug"]}
    }
    assert marked(stocked.search("*", highlight_fields="title"))["1"] is None
    assert marked(stocked.search("cup", highlight_fields="tags", search_fields=["tags"]))["2"]
    assert marked(stocked.search("blue", highlight_fields="tags", search_fields=["title"]))["1"] is None


def test_at_most_so_many_sentences_are_marked(client: SearchClient) -> None:
    client.upload_documents([{"id": "1", "title": "A mug. " * 7 + "No cup! A mug?"}])
    assert marked(client.search("mug", highlight_fields="title")) == {"1": {"title": ["A <em>mug</em>."] * 5}}
    assert marked(client.search("mug", highlight_fields="title-9"))["1"]["title"][7:] == ["A <em>mug</em>?"]


def test_marks_that_cannot_be_are_refused(stocked: SearchClient) -> None:
    assert status(stocked.search, "blue", highlight_fields="colour") == 400
    assert status(stocked.search, "blue", highlight_fields="title-x") == 400
    assert status(stocked.search, "blue", highlight_fields="title", highlight_pre_tag="[") == 400


def test_texts_are_not_escaped_in_marks(client: SearchClient) -> None:
    client.upload_documents([{"id": "1", "title": "<img onerror=x> mug"}])
    assert marked(client.search("mug", highlight_fields="title")) == {
        "1": {"title": ["<img onerror=x> <em>mug</em>"]}
    }


def test_a_search_has_an_end(client: SearchClient) -> None:
    client.upload_documents([{"id": "1", "title": "a"}])
    assert status(client.search, "x" * 100_001) == 400
    assert ids(client.search(" ".join(["a"] * 1024))) == "1"
    assert status(client.search, " ".join(["a"] * 1025)) == 400
    assert status(client.search, "x" * 1001 + "*") == 400
    assert status(client.search, "x" * 32767) == 400
    assert status(client.search, "(" * 101 + "a" + ")" * 101) == 400
    assert ids(client.search("(" * 90_000 + "a")) == "1"


@pytest.mark.parametrize(
    "named",
    [
        {"query_type": "full"},
        {"query_type": "semantic"},
        {"scoring_profile": "p"},
        {"scoring_parameters": ["a-1"]},
        {"semantic_configuration_name": "s"},
    ],
)
def test_what_the_stand_in_does_not_know_is_refused(client: SearchClient, named: dict[str, Any]) -> None:
    assert "The stand-in for Azure AI Search does not know" in refused(client.search, "x", **named).message


def test_what_is_no_search_of_the_service_is_refused(client: SearchClient) -> None:
    for named in ({"search_mode": "some"}, {"query_type": "lucene"}, {"top": -1}, {"minimum_coverage": 101}):
        assert status(client.search, "x", **named) == 400
    found = client.search("x", minimum_coverage=80, session_id="s", scoring_statistics="global")
    assert found.get_coverage() == 100


def test_what_was_changed_is_found_as_it_is_now(client: SearchClient) -> None:
    client.upload_documents([{"id": str(n), "title": "old"} for n in range(5)])
    assert ids(client.search("old")) == "01234"
    client.merge_documents([{"id": "1", "title": "new"}, {"id": "2", "count": 1}])
    client.delete_documents([{"id": "3"}])
    assert ids(client.search("old")) == "024"
    assert ids(client.search("new")) == "1"
    for n in range(3):  # as often as makes a replica pack what is dead
        client.upload_documents([{"id": str(k), "title": f"round {n}"} for k in range(1000)])
    assert client.search("round", include_total_count=True).get_count() == 1000
    assert ids(client.search("1", filter="id eq '7'")) == ""
    assert ids(client.search("2", filter="id eq '7'")) == "7"
