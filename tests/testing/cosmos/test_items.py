"""Single documents: what is written, what is refused, and with which codes."""

import base64
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.cosmos import ContainerProxy, CosmosClient, PartitionKey, exceptions

from eventfold.testing.cosmos import StandIn
from tests.testing.cosmos.given import event, raw

Error = exceptions.CosmosHttpResponseError


def refused(call: Any, *arguments: Any, **named: Any) -> int:
    with pytest.raises(Error) as caught:
        call(*arguments, **named)
    assert caught.value.status_code is not None
    return int(caught.value.status_code)


def test_a_document_comes_back_with_what_the_service_adds(container: ContainerProxy) -> None:
    made = container.create_item(event("a", 1, data={"deep": [1, 2.5, None, "ä😀"]}))
    assert container.read_item(made["id"], "a") == made
    assert {"_rid", "_self", "_etag", "_attachments", "_ts"} <= made.keys()
    assert made["_rid"][:10] == container.read()["_rid"][:10]
    assert made["_self"] == f"{container.read()['_self']}docs/{made['_rid']}/"


def test_an_id_is_taken_once_in_a_partition_and_free_in_another(container: ContainerProxy) -> None:
    container.create_item(event("a", 1))
    assert refused(container.create_item, event("a", 1, eventId="other")) == 409
    container.create_item(event("b", 1))


def test_a_unique_key_holds_inside_a_partition(container: ContainerProxy) -> None:
    container.create_item(event("a", 1))
    assert refused(container.create_item, event("a", 2, eventId="a-1")) == 409
    container.create_item(event("b", 2, eventId="a-1"))
    container.create_item(event("a", 2))
    container.delete_item(event("a", 1)["id"], "a")
    container.create_item(event("a", 3, eventId="a-1"))
    container.create_item(event("a", 4, eventId=None))
    assert refused(container.create_item, {"id": "none", "stream": "a"}) == 409  # missing counts as null


def test_conditions_are_kept(account: StandIn, container: ContainerProxy) -> None:
    made = container.create_item(event("a", 1))
    newer = container.replace_item(
        made["id"], made | {"n": 1}, etag=made["_etag"], match_condition=MatchConditions.IfNotModified
    )
    assert newer["_etag"] != made["_etag"]
    stale = {"etag": made["_etag"], "match_condition": MatchConditions.IfNotModified}
    assert refused(container.replace_item, made["id"], made, **stale) == 412
    assert refused(container.upsert_item, made, **stale) == 412
    assert refused(container.delete_item, made["id"], "a", **stale) == 412
    assert container.read_item(made["id"], "a")["n"] == 1
    container.read_item(made["id"], "a", etag=newer["_etag"], match_condition=MatchConditions.IfModified)
    assert account.calls.all("docs", "read")[-1].status == 304


def test_upsert_replace_delete_and_their_absence(container: ContainerProxy) -> None:
    assert refused(container.replace_item, "1", {"id": "1", "stream": "a"}) == 404
    assert refused(container.delete_item, "1", "a") == 404
    assert refused(container.read_item, "1", "a") == 404
    first = container.upsert_item({"id": "1", "stream": "a", "n": 1})
    second = container.upsert_item({"id": "1", "stream": "a", "n": 2})
    assert (first["_rid"], second["n"]) == (second["_rid"], 2)
    container.delete_item("1", "a")
    assert refused(container.read_item, "1", "a") == 404
    assert container.create_item({"id": "1", "stream": "a"})["_rid"] != first["_rid"]


def test_a_patch_changes_parts_and_checks_its_condition(container: ContainerProxy) -> None:
    container.create_item({"id": "1", "stream": "a", "n": 1, "list": [1, 3], "old": "x"})
    operations: list[dict[str, Any]] = [
        {"op": "incr", "path": "/n", "value": 4},
        {"op": "add", "path": "/list/1", "value": 2},
        {"op": "move", "from": "/old", "path": "/new"},
        {"op": "set", "path": "/made", "value": {"a": 1}},
        {"op": "remove", "path": "/list/0"},
    ]
    changed = container.patch_item("1", "a", operations, filter_predicate="from c where c.n = 1")
    assert {k: v for k, v in changed.items() if not k.startswith("_")} == {
        "id": "1",
        "stream": "a",
        "n": 5,
        "list": [2, 3],
        "new": "x",
        "made": {"a": 1},
    }
    condition = {"filter_predicate": "from c where c.n = 1"}
    assert refused(container.patch_item, "1", "a", operations[:1], **condition) == 412
    assert refused(container.patch_item, "1", "a", [{"op": "replace", "path": "/no", "value": 1}]) == 400
    assert refused(container.patch_item, "1", "a", [{"op": "incr", "path": "/new", "value": 1}]) == 400
    assert container.read_item("1", "a") == changed


def test_documents_that_are_none_are_refused(container: ContainerProxy) -> None:
    assert refused(container.create_item, {"stream": "a"}) == 400
    assert refused(container.create_item, {"id": "x" * 1024, "stream": "a"}) == 400
    assert refused(container.create_item, {"id": "big", "stream": "a", "data": "x" * 2_200_000}) == 413


def test_a_key_of_another_partition_is_refused(container: ContainerProxy) -> None:
    container.create_item(event("a", 1))
    assert refused(container.read_item, event("a", 1)["id"], "b") == 404
    assert refused(container.read_item, event("a", 1)["id"], ["a", "b"]) == 400


def test_databases_and_containers_come_once_and_go(client: CosmosClient) -> None:
    database = client.create_database("d")
    assert refused(client.create_database, "d") == 409
    made = database.create_container("c", PartitionKey("/a/b"), default_ttl=100)
    assert refused(database.create_container, "c", PartitionKey("/a")) == 409
    assert made.read()["partitionKey"] == {"paths": ["/a/b"], "kind": "Hash", "version": 2}
    assert made.read()["defaultTtl"] == 100
    made.create_item({"id": "1", "a": {"b": 7}})
    assert made.read_item("1", 7)["a"] == {"b": 7}
    assert [each["id"] for each in database.list_containers()] == ["c"]
    assert [each["id"] for each in client.query_databases("SELECT * FROM r WHERE r.id = 'd'")] == ["d"]
    database.replace_container(made, PartitionKey("/a/b"), default_ttl=-1)
    assert made.read()["defaultTtl"] == -1
    database.delete_container("c")
    assert refused(made.read) == 404
    client.delete_database("d")
    assert list(client.list_databases()) == []


def test_what_it_cannot_do_is_refused_when_a_container_is_made(client: CosmosClient) -> None:
    database = client.create_database("d")
    assert refused(database.create_container, "old", {"paths": ["/a"], "kind": "Hash"}) == 400
    computed = [{"name": "low", "query": "SELECT VALUE LOWER(c.a) FROM c"}]
    assert refused(database.create_container, "c", PartitionKey("/a"), computed_properties=computed) == 400


def test_a_key_that_does_not_fit_is_refused_at_once(account: StandIn) -> None:
    wrong = base64.b64encode(b"another key").decode()
    assert refused(CosmosClient, account.endpoint, wrong) == 401


def test_a_bearer_token_passes_only_where_it_was_agreed() -> None:
    create: tuple[str, str, dict[str, str], bytes] = ("POST", "/dbs", {}, b'{"id":"d"}')
    with StandIn(entra="agreed") as account:
        assert raw(account, "GET", "/", {}, token="agreed")[0] == 200
        assert raw(account, "GET", "/", {}, token="another")[0] == 401
        assert raw(account, *create, token="agreed")[0] == 403
        assert raw(account, *create)[0] == 201
    with StandIn() as account:
        assert raw(account, "GET", "/", {}, token="agreed")[0] == 401
