"""What can go wrong on demand: errors, lost answers, documents that fail in a batch, writes that are seen late."""

import threading
from typing import Any

import pytest
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import AzureError, HttpResponseError, ServiceResponseError
from azure.search.documents import SearchClient
from azure.search.documents.indexes import SearchIndexClient

from eventfold.testing.aisearch import DocumentFault, Fault, StandIn
from eventfold.testing.door.faults import Drop
from tests.testing.aisearch.given import articles, raw, refused


@pytest.fixture
def impatient(service: StandIn, client: SearchClient) -> Any:
    """A client that repeats nothing."""
    key = AzureKeyCredential(service.key)
    with SearchClient(
        service.endpoint, "articles", key, retry_total=0, retry_connect=0, retry_read=0
    ) as made:
        yield made


def ids(found: Any) -> str:
    return "".join(sorted(hit["id"] for hit in found))


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_an_error_answer_comes_without_an_effect(
    service: StandIn, impatient: SearchClient, status: int
) -> None:
    service.faults.add(Fault(status, "index"))
    assert refused(impatient.upload_documents, [{"id": "1"}]).status_code == status
    assert impatient.get_document_count() == 0
    impatient.upload_documents([{"id": "1"}])
    assert impatient.get_document_count() == 1


def test_an_error_answer_may_come_although_it_was_done(service: StandIn, impatient: SearchClient) -> None:
    service.faults.add(Fault(503, "index", effect=True))
    assert refused(impatient.upload_documents, [{"id": "1"}]).status_code == 503
    assert impatient.get_document_count() == 1


def test_a_lost_answer_is_one_of_something_done(service: StandIn, impatient: SearchClient) -> None:
    service.faults.add(Fault("drop_before", "index"))
    with pytest.raises(ServiceResponseError):
        impatient.upload_documents([{"id": "1"}])
    assert impatient.get_document_count() == 0
    drops: list[Drop] = ["drop_after", "drop_half"]
    for number, drop in enumerate(drops, start=1):
        service.faults.add(Fault(drop, "index"))
        with pytest.raises(AzureError):
            impatient.upload_documents([{"id": str(number)}])
        assert impatient.get_document_count() == number
    assert [call.status for call in service.calls.all("docs", "index")] == [0, 0, 0]


def test_a_request_may_take_effect_after_its_client_gave_it_up(
    service: StandIn, client: SearchClient
) -> None:
    gate = threading.Event()
    service.faults.add(Fault(when="index", gate=gate))
    key = AzureKeyCredential(service.key)
    hasty = SearchClient(service.endpoint, "articles", key, retry_total=0, read_timeout=0.2)
    with hasty, pytest.raises(ServiceResponseError):
        hasty.upload_documents([{"id": "1", "count": 1}])
    client.upload_documents([{"id": "1", "count": 2}])
    assert client.get_document("1")["count"] == 2
    gate.set()
    assert service.calls.wait_for(2, "docs", "index")
    assert client.get_document("1")["count"] == 1


def test_the_sdk_repeats_a_batch_that_is_throttled_only_where_it_is_told_when(
    service: StandIn, client: SearchClient
) -> None:
    service.faults.add(Fault(503, "index", retry_after=0))
    client.upload_documents([{"id": "1"}])
    assert service.calls.of("articles") == [("index", 1, 503), ("index", 1, 200)]
    service.faults.add(Fault(429, "index", retry_after=0))
    client.upload_documents([{"id": "1"}])
    service.faults.add(Fault(429, "index"))
    assert refused(client.upload_documents, [{"id": "1"}]).status_code == 429
    assert [call[2] for call in service.calls.of("articles")] == [503, 200, 429, 200, 429]


def test_a_wait_is_told_in_seconds(service: StandIn, client: SearchClient) -> None:
    service.faults.add(Fault(429, "count", retry_after=7), Fault(503, "count"))
    assert raw(service, "GET", "/indexes('articles')/docs/$count")[2]["retry-after"] == "7"
    assert "retry-after" not in raw(service, "GET", "/indexes('articles')/docs/$count")[2]


def test_faults_strike_what_they_are_meant_for(service: StandIn, indexes: SearchIndexClient) -> None:
    service.faults.add(
        Fault(500, "indexes.put"), Fault(403, lambda operation, n: operation == "search" and n == 2)
    )
    indexes.create_index(articles())
    with SearchClient(service.endpoint, "articles", AzureKeyCredential(service.key)) as client:
        assert ids(client.search("x")) == ""
        assert refused(client.search, "x").status_code == 403
        assert ids(client.search("x")) == ""
    service.faults.clear()
    indexes.create_or_update_index(articles())


def test_documents_of_a_batch_fail_one_by_one(service: StandIn, client: SearchClient) -> None:
    service.document_faults.add(
        DocumentFault(503, {"b"}),
        DocumentFault(409, lambda key, action: action == "delete"),
        DocumentFault(422, {"d"}, effect=True),
    )
    found = client.upload_documents([{"id": key} for key in "abcd"])
    assert [(each.key, each.status_code, each.succeeded) for each in found] == [
        ("a", 201, True),
        ("b", 503, False),
        ("c", 201, True),
        ("d", 422, False),
    ]
    assert service.calls.of("articles") == [("index", 4, 207)]
    assert ids(client.search("*")) == "acd"
    (deleted,) = client.delete_documents([{"id": "a"}])
    assert (deleted.status_code, ids(client.search("*"))) == (409, "acd")
    client.delete_documents([{"id": "a"}])
    assert ids(client.search("*")) == "cd"


def test_a_fault_of_documents_strikes_as_often_as_it_says(service: StandIn, client: SearchClient) -> None:
    service.document_faults.add(DocumentFault(503, count=None))
    for _ in range(3):
        assert [each.status_code for each in client.upload_documents([{"id": "a"}, {"id": "b"}])] == [
            503,
            503,
        ]
    service.document_faults.clear()
    assert [each.status_code for each in client.upload_documents([{"id": "a"}, {"id": "b"}])] == [201, 201]


def test_what_is_written_is_seen_late(service: StandIn, client: SearchClient) -> None:
    client.upload_documents([{"id": "1", "count": 1}])
    service.lag(2)
    client.upload_documents([{"id": "2"}])
    client.merge_documents([{"id": "1", "count": 2}])  # of what is not seen yet, and yet done
    assert ids(client.search("*")) == "1"
    assert client.get_document_count() == 1
    assert client.get_document("1")["count"] == 1
    assert ids(client.search("*", filter="count eq 2")) == ""
    client.delete_documents([{"id": "1"}])
    assert ids(client.search("*")) == "12"
    service.lag(0)
    assert ids(client.search("*")) == "2"


def test_what_was_seen_stays_seen(service: StandIn, client: SearchClient) -> None:
    client.upload_documents([{"id": "1"}])
    assert ids(client.search("*")) == "1"
    service.lag(5)
    assert ids(client.search("*")) == "1"
    assert client.get_document("1")["id"] == "1"


def test_a_replica_may_lag_behind_another(service: StandIn, client: SearchClient) -> None:
    client.upload_documents([{"id": "1"}])
    assert ids(client.search("*")) == "1"
    service.lag(0, 1)
    client.upload_documents([{"id": "2"}])
    assert sorted(ids(client.search("*")) for _ in range(4)) == ["1", "1", "12", "12"]
    service.lag(0, 0)
    assert {ids(client.search("*")) for _ in range(4)} == {"12"}
    service.lag(0)
    client.upload_documents([{"id": "3"}])
    assert ids(client.search("*")) == "123"


def test_a_merge_rests_on_what_was_written_and_not_on_what_is_seen(
    service: StandIn, client: SearchClient
) -> None:
    service.lag(9)
    client.upload_documents([{"id": "1", "title": "a"}])
    (merged,) = client.merge_documents([{"id": "1", "count": 1}])
    (missing,) = client.merge_documents([{"id": "2", "count": 1}])
    assert (merged.status_code, missing.status_code) == (200, 404)
    service.lag(0)
    found = client.get_document("1", selected_fields=["title", "count"])
    assert dict(found) == {"title": "a", "count": 1}


def test_a_batch_is_seen_whole_or_not_at_all(service: StandIn, client: SearchClient) -> None:
    seen: set[int] = set()
    end = threading.Event()

    def look() -> None:
        with SearchClient(service.endpoint, "articles", AzureKeyCredential(service.query_key)) as own:
            while not end.is_set():
                seen.add(own.get_document_count())

    looking = threading.Thread(target=look)
    looking.start()
    for n in range(20):
        client.upload_documents([{"id": str(k), "count": n} for k in range(n * 10, n * 10 + 10)])
    end.set()
    looking.join()
    assert {count % 10 for count in seen} == {0}


def test_writers_side_by_side_lose_nothing(service: StandIn, client: SearchClient) -> None:
    def write(writer: int) -> None:
        with SearchClient(service.endpoint, "articles", AzureKeyCredential(service.key)) as own:
            for n in range(10):
                own.merge_or_upload_documents([{"id": f"{writer}-{n}"}, {"id": "shared", "count": n}])

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.get_document_count() == 41
    assert service.calls.operations() == 81  # the count is one


def test_a_mistake_in_the_stand_in_is_an_error_of_the_server(
    service: StandIn, impatient: SearchClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service._service, "index", lambda name: 1 / 0)
    with pytest.raises(HttpResponseError, match="The stand-in failed"):
        impatient.get_document_count()
