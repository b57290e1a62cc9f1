"""Documents: what is written, how, what is refused, and how they come back."""

import json
import math
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.search.documents import IndexDocumentsBatch, SearchClient
from azure.search.documents.indexes import SearchIndexClient
from azure.search.documents.indexes.models import SearchableField

from eventfold.testing.aisearch import StandIn
from tests.testing.aisearch.given import MADE, articles, raw, refused, status

WHOLE: dict[str, Any] = {
    "id": "1",
    "title": "Blue mug",
    "code": "AB-1",
    "colour": "blue",
    "tags": ["cup", "sale"],
    "count": -(2**31),
    "large": 2**63 - 1,
    "price": 9.5,
    "open": True,
    "made": MADE,
    "sizes": [1, 2],
    "flags": [],
    "note": "",
}


def shown(client: SearchClient, key: str, *fields: str) -> dict[str, Any]:
    return dict(client.get_document(key, selected_fields=list(fields)))


def test_a_document_comes_back_without_what_is_hidden(client: SearchClient) -> None:
    client.upload_documents([WHOLE | {"secret": "s"}])
    assert client.get_document("1") == WHOLE
    assert client.get_document("1", selected_fields=["id", "large"]) == {"id": "1", "large": 2**63 - 1}
    with pytest.raises(ResourceNotFoundError):
        client.get_document("2")


def test_what_is_not_said_is_null_or_empty(client: SearchClient) -> None:
    client.upload_documents([{"id": "1"}])
    found = client.get_document("1")
    assert found == dict.fromkeys(WHOLE) | {"id": "1", "tags": [], "sizes": [], "flags": []}


def results(found: Any) -> list[tuple[str, bool, int]]:
    return [(each.key, each.succeeded, each.status_code) for each in found]


def test_actions_do_what_they_say(client: SearchClient) -> None:
    assert results(client.upload_documents([{"id": "1", "title": "a", "count": 1}])) == [("1", True, 201)]
    assert results(client.merge_documents([{"id": "1", "count": 2}])) == [("1", True, 200)]
    assert shown(client, "1", "title", "count") == {"title": "a", "count": 2}
    client.merge_documents([{"id": "1", "title": None}])
    assert shown(client, "1", "title", "count") == {"title": None, "count": 2}
    assert results(client.upload_documents([{"id": "1", "title": "b"}])) == [("1", True, 200)]
    assert shown(client, "1", "title", "count") == {"title": "b", "count": None}
    assert results(client.merge_or_upload_documents([{"id": "1", "count": 3}, {"id": "2"}])) == [
        ("1", True, 200),
        ("2", True, 201),
    ]
    assert shown(client, "1", "title", "count") == {"title": "b", "count": 3}
    assert results(client.delete_documents([{"id": "1"}, {"id": "9"}])) == [
        ("1", True, 200),
        ("9", True, 200),
    ]
    assert client.get_document_count() == 1


def test_a_batch_takes_each_document_for_itself(service: StandIn, client: SearchClient) -> None:
    batch = IndexDocumentsBatch()
    batch.add_upload_actions([{"id": "1"}])
    batch.add_merge_actions([{"id": "missing", "title": "x"}])
    batch.add_delete_actions([{"id": "2"}])
    found = client.index_documents(batch)
    assert results(found) == [("1", True, 201), ("missing", False, 404), ("2", True, 200)]
    assert (found[0].error_message, found[1].error_message) == (None, "Document not found.")
    assert service.calls.of("articles") == [("index", 3, 207)]


def test_one_key_twice_in_a_batch_is_done_in_order(client: SearchClient) -> None:
    batch = IndexDocumentsBatch()
    batch.add_upload_actions([{"id": "1", "title": "a"}])
    batch.add_delete_actions([{"id": "1"}])
    batch.add_merge_or_upload_actions([{"id": "1", "count": 1}])
    assert [each.status_code for each in client.index_documents(batch)] == [201, 200, 201]
    assert shown(client, "1", "title", "count") == {"title": None, "count": 1}


@pytest.mark.parametrize("key", ["a", "A-Z_0=9", "x" * 1024, "-", "="])
def test_keys_that_are_taken(client: SearchClient, key: str) -> None:
    client.upload_documents([{"id": key, "title": "x"}])
    assert client.get_document(key)["id"] == key


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (None, "cannot be missing or empty"),
        ("", "cannot be missing or empty"),
        (17, "expected type 'Edm.String'"),
        ("a b", "Keys can only contain"),
        ("a/b", "Keys can only contain"),
        ("a.b", "Keys can only contain"),
        ("ä", "Keys can only contain"),
        ("a\n", "Keys can only contain"),
        ("_a", "leading underscore"),
        ("x" * 1025, "longer than 1024"),
    ],
)
def test_keys_that_are_refused_take_the_whole_batch_with_them(
    client: SearchClient, key: Any, why: str
) -> None:
    error = refused(client.upload_documents, [{"id": "good"}, {"id": key}])
    assert error.status_code == 400
    assert why in error.message
    assert client.get_document_count() == 0


def test_a_document_without_its_key_is_refused(client: SearchClient) -> None:
    assert "cannot be missing" in refused(client.upload_documents, [{"title": "x"}]).message


BAD: list[tuple[str, Any]] = [
    ("colour", 1),
    ("colour", True),
    ("count", "1"),
    ("count", 1.5),
    ("count", 1.0),
    ("count", True),
    ("count", 2**31),
    ("large", 2**63),
    ("large", -(2**63) - 1),
    ("price", "9.50"),
    ("price", True),
    ("open", "true"),
    ("open", 1),
    ("made", "2026-01-02T03:04:05"),
    ("made", "2026-01-02"),
    ("made", "2026-02-30T00:00:00Z"),
    ("made", "0000-01-01T00:00:00Z"),
    ("made", "0001-01-01T00:00:00+01:00"),
    ("made", "9999-12-31T23:59:59-01:00"),
    ("made", "2026-01-02T03:04:60Z"),
    ("made", "2026-01-02T03:04:05+15:00"),
    ("made", 1767323045),
    ("tags", "cup"),
    ("tags", None),
    ("tags", ["cup", None]),
    ("tags", [1]),
    ("sizes", [1.5]),
    ("missing", "x"),
    ("@search.score", 1),
    ("colour", {"a": 1}),
]


@pytest.mark.parametrize(("field", "value"), BAD)
def test_a_value_of_another_type_takes_the_whole_batch_with_it(
    service: StandIn, client: SearchClient, field: str, value: Any
) -> None:
    batch = {"value": [{"id": "good"}, {"id": "bad", field: value}]}
    found, error, _ = raw(service, "POST", "/indexes('articles')/docs/search.index", batch)
    assert (found, client.get_document_count()) == (400, 0)
    assert field in error["error"]["message"] or "expected type" in error["error"]["message"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04Z", "2026-01-02T03:04:00Z"),
        ("2026-01-02T03:04:05.7552052Z", "2026-01-02T03:04:05.755Z"),
        ("2026-01-02T03:04:05.999999Z", "2026-01-02T03:04:05.999Z"),
        ("2017-01-13T14:03:00-08:00", "2017-01-13T22:03:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
    ],
)
def test_times_are_kept_in_utc_and_cut_to_milliseconds(client: SearchClient, sent: str, kept: str) -> None:
    client.upload_documents([{"id": "1", "made": sent}])
    assert shown(client, "1", "made") == {"made": kept}


def test_a_number_beyond_53_bits_is_another_one_as_a_double_and_not_as_an_int64(client: SearchClient) -> None:
    client.upload_documents([{"id": "1", "price": 2**53 + 1, "large": 2**53 + 1}])
    assert shown(client, "1", "price", "large") == {"price": 2.0**53, "large": 2**53 + 1}


def test_doubles_that_are_no_numbers_are_words(service: StandIn, client: SearchClient) -> None:
    words = [{"id": "1", "price": "NaN"}, {"id": "2", "price": "INF"}, {"id": "3", "price": "-INF"}]
    client.upload_documents(words)
    assert [shown(client, each["id"], "id", "price") for each in words] == words
    for value in (math.nan, math.inf):  # the SDK sends a bare word, which is no JSON
        assert status(client.upload_documents, [{"id": "1", "price": value}]) == 400
    body = b'{"value":[{"id":"1","price":1e400}]}'
    assert raw(service, "POST", "/indexes('articles')/docs/search.index", body)[0] == 400


def test_a_thousand_documents_are_a_batch_and_more_are_none(client: SearchClient) -> None:
    assert len(client.upload_documents([{"id": str(n)} for n in range(1000)])) == 1000
    assert status(client.upload_documents, [{"id": str(n)} for n in range(1001)]) == 400
    assert status(client.upload_documents, []) == 400
    assert client.get_document_count() == 1000


def test_sixteen_megabytes_are_too_many(service: StandIn, client: SearchClient) -> None:
    body = json.dumps({"value": [{"id": "1", "note": "x" * 16_000_000}]}).encode()
    assert raw(service, "POST", "/indexes('articles')/docs/search.index", body)[0] == 413
    # the SDK halves a batch that is too large
    found = client.upload_documents([{"id": str(n), "note": "x" * 9_000_000} for n in range(2)])
    assert results(found) == [("0", True, 201), ("1", True, 201)]
    assert [call[2] for call in service.calls.of("articles")] == [413, 413, 200, 200]


def test_a_value_that_is_one_term_has_an_end(indexes: SearchIndexClient, client: SearchClient) -> None:
    fits, long = "x" * 32766, "ä" * 16384
    (good, bad, tagged, unsorted) = client.upload_documents(
        [
            {"id": "1", "colour": fits},
            {"id": "2", "colour": long},
            {"id": "3", "tags": ["a", long]},
            {"id": "4", "note": long},
        ]
    )
    assert [each.status_code for each in (good, bad, tagged, unsorted)] == [201, 400, 400, 201]
    assert "contains a term that is too large to process" in (bad.error_message or "")
    assert client.get_document_count() == 2


def test_an_action_of_another_name_is_refused(service: StandIn, client: SearchClient) -> None:
    batch = {"value": [{"id": "1", "@search.action": "replace"}]}
    assert raw(service, "POST", "/indexes/articles/docs/index", batch)[0] == 400
    bodies: list[Any] = [{"value": [1]}, {"documents": []}, [], {"value": "x"}]
    for body in bodies:
        assert raw(service, "POST", "/indexes/articles/docs/index", body)[0] == 400


def test_an_index_that_is_not_there_takes_and_shows_nothing(service: StandIn, client: SearchClient) -> None:
    assert raw(service, "POST", "/indexes/none/docs/index", {"value": [{"id": "1"}]})[0] == 404
    assert raw(service, "GET", "/indexes/none/docs/1")[0] == 404
    assert raw(service, "GET", "/indexes/none/docs/$count")[0] == 404


def test_fields_that_cannot_be_shown_are_not_selected(client: SearchClient) -> None:
    client.upload_documents([{"id": "1"}])
    assert (
        "Could not find a property named 'no'"
        in refused(client.get_document, "1", selected_fields=["no"]).message
    )
    assert "not a retrievable field" in refused(client.get_document, "1", selected_fields=["secret"]).message


def test_a_field_that_came_later_is_null_in_what_was_there(
    indexes: SearchIndexClient, client: SearchClient
) -> None:
    client.upload_documents([{"id": "1"}])
    indexes.create_or_update_index(articles("articles", SearchableField(name="more")))
    assert shown(client, "1", "more") == {"more": None}
    client.merge_documents([{"id": "1", "more": "x"}])
    assert shown(client, "1", "more") == {"more": "x"}


def test_another_version_of_a_document_takes_the_place_of_the_first(client: SearchClient) -> None:
    for n in range(25):
        client.upload_documents([{"id": str(n % 3), "count": n} for n in range(n * 100, n * 100 + 100)])
    assert client.get_document_count() == 3
    assert {shown(client, str(n), "count")["count"] for n in range(3)} == {2497, 2498, 2499}
