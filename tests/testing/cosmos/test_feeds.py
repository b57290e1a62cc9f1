"""The change feed: order, pages that keep transactions whole, resuming, splits, merges, containers made anew."""

from typing import Any

import pytest
from azure.cosmos import ContainerProxy

from eventfold.testing.cosmos import StandIn
from tests.testing.cosmos.given import append, event, fill, names, pages, raw


def test_everything_comes_once_and_streams_keep_their_order(container: ContainerProxy) -> None:
    fill(container, 20, versions=3)
    found, _ = pages(container, start_time="Beginning", max_item_count=5)
    assert sorted(names(found)) == sorted((f"s{s}", v) for s in range(20) for v in (1, 2, 3))
    for stream in {name for name, _ in names(found)}:
        assert [version for name, version in names(found) if name == stream] == [1, 2, 3]


def test_a_transaction_is_not_cut_though_the_page_grows_longer(container: ContainerProxy) -> None:
    append(container, "a", 1, 2, 3, 4, 5)
    append(container, "a", 6, read=5)
    found, _ = pages(container, start_time="Beginning", partition_key="a", max_item_count=2)
    assert [len(page) for page in found] == [5, 1]


def test_a_feed_resumes_where_it_stood(container: ContainerProxy) -> None:
    fill(container, 10)
    found, token = pages(container, start_time="Beginning")
    assert len(names(found)) == 10
    assert pages(container, continuation=token)[0] == []
    append(container, "s3", 2, read=1)
    assert names(pages(container, continuation=token)[0]) == [("s3", 2)]


def test_now_begins_after_what_is_there(container: ContainerProxy) -> None:
    fill(container, 10)
    nothing, token = pages(container, start_time="Now")
    assert nothing == []
    append(container, "s3", 2, read=1)
    assert names(pages(container, continuation=token)[0]) == [("s3", 2)]


def test_a_replaced_document_comes_once_in_its_newest_version(container: ContainerProxy) -> None:
    container.create_item(event("a", 1, n=1))
    container.create_item(event("a", 2))
    container.upsert_item(event("a", 1, n=2))
    container.create_item(event("a", 3))
    container.delete_item(event("a", 3)["id"], "a")
    found, _ = pages(container, start_time="Beginning", partition_key="a")
    assert [(each["version"], each.get("n"), each["_lsn"]) for page in found for each in page] == [
        *((2, None, 2), (1, 2, 3)),
    ]


def test_all_versions_tell_replaces_and_deletes(container: ContainerProxy) -> None:
    _, token = pages(container, mode="AllVersionsAndDeletes")
    container.create_item(event("a", 1, n=1))
    container.upsert_item(event("a", 1, n=2))
    container.delete_item(event("a", 1)["id"], "a")
    found = list(container.query_items_change_feed(continuation=token))
    assert [each["metadata"]["operationType"] for each in found] == ["create", "replace", "delete"]
    assert [each["metadata"]["lsn"] for each in found] == [1, 2, 3]
    assert found[2]["previous"]["n"] == 2


def test_a_feed_range_gives_its_part_only(container: ContainerProxy) -> None:
    fill(container, 40)
    parts = [
        names(pages(container, start_time="Beginning", feed_range=one)[0])
        for one in container.read_feed_ranges()
    ]
    assert len(parts) == 4
    assert all(parts)
    assert sorted(each for part in parts for each in part) == sorted((f"s{n}", 1) for n in range(40))


def test_after_a_split_the_children_go_on_from_the_parents_continuation(
    account: StandIn, container: ContainerProxy
) -> None:
    fill(container, 40)
    first, token = pages(container, start_time="Beginning", max_item_count=3)
    assert len(account.ranges("app", "events")) == 4
    for one, _, _ in account.ranges("app", "events"):
        account.split("app", "events", one)
    for stream in range(40):
        append(container, f"s{stream}", 2, read=1)
    second, token = pages(container, continuation=token, max_item_count=3)
    account.split("app", "events")
    for stream in range(40):
        append(container, f"s{stream}", 3, read=2)
    third, _ = pages(container, continuation=token, max_item_count=3)
    for version, found in enumerate((first, second, third), start=1):
        assert sorted(names(found)) == sorted((f"s{n}", version) for n in range(40))


def test_a_split_in_the_middle_of_reading_loses_and_doubles_nothing(
    account: StandIn, container: ContainerProxy
) -> None:
    fill(container, 60)
    asked = container.query_items_change_feed(start_time="Beginning", max_item_count=2)
    found: list[dict[str, Any]] = []
    for number, page in enumerate(asked.by_page()):
        found += page
        if number in (3, 9):
            account.split("app", "events")
            account.split("app", "events", account.ranges("app", "events")[-1][0])
    assert sorted(each["stream"] for each in found) == sorted(f"s{n}" for n in range(60))


def test_lsns_go_on_from_the_parents(account: StandIn, container: ContainerProxy) -> None:
    fill(container, 60)
    before = {
        each["stream"]: each["_lsn"] for page in pages(container, start_time="Beginning")[0] for each in page
    }
    account.split("app", "events")
    for stream in range(60):
        append(container, f"s{stream}", 2, read=1)
    after = [each for page in pages(container, start_time="Beginning")[0] for each in page]
    assert all(each["_lsn"] > before[each["stream"]] for each in after if each["version"] == 2)
    assert all(each["_lsn"] == before[each["stream"]] for each in after if each["version"] == 1)


def test_after_a_merge_lsns_repeat_which_is_the_trap(account: StandIn, container: ContainerProxy) -> None:
    fill(container, 40)
    (one, *_), (other, *_), *_ = account.ranges("app", "events")
    account.merge("app", "events", one, other)
    assert len(account.ranges("app", "events")) == 3
    merged = container.query_items_change_feed(
        start_time="Beginning", feed_range=next(iter(container.read_feed_ranges()))
    )
    lsns = [each["_lsn"] for each in merged]
    assert lsns == sorted(lsns)
    assert len(set(lsns)) < len(lsns)


def test_a_range_that_was_split_is_gone(account: StandIn, container: ContainerProxy) -> None:
    account.split("app", "events", "0")
    for headers in ({"a-im": "Incremental Feed"}, {"x-ms-documentdb-isquery": "true"}):
        headers["x-ms-documentdb-partitionkeyrangeid"] = "0"
        query = "x-ms-documentdb-isquery" in headers
        method, body = ("POST", b'{"query":"SELECT * FROM c"}') if query else ("GET", b"")
        status, told, _ = raw(account, method, "/dbs/app/colls/events/docs", headers, body)
        assert (status, told["x-ms-substatus"]) == (410, "1002")


def test_children_know_their_parents_and_the_list_ends_with_304(
    account: StandIn, container: ContainerProxy
) -> None:
    list(container.read_feed_ranges())
    account.split("app", "events", "0")
    account.split("app", "events", "4")
    account.calls.clear()
    list(container.read_feed_ranges(force_refresh=True))
    assert [call.status for call in account.calls.all("pkranges")] == [200, 304]
    found = container.client_connection._ReadPartitionKeyRanges(container.container_link)
    parents = {each["id"]: each["parents"] for each in found}
    assert parents == {"6": ["0", "4"], "7": ["0", "4"], "5": ["0"], "1": [], "2": [], "3": []}


def test_a_container_made_anew_is_told_apart(account: StandIn, container: ContainerProxy) -> None:
    fill(container, 4)
    _, token = pages(container, start_time="Beginning")
    before = container.read()["_rid"]
    account.recreate("app", "events")
    headers = {"x-ms-cosmos-intended-collection-rid": before, "x-ms-documentdb-partitionkey": '["a"]'}
    status, told, _ = raw(account, "GET", "/dbs/app/colls/events/docs/1", headers)
    assert (status, told["x-ms-substatus"]) == (400, "1024")
    assert container.read()["_rid"] != before
    assert container.read()["uniqueKeyPolicy"]["uniqueKeys"]
    assert list(container.read_all_items()) == []
    with pytest.raises(ValueError, match="Mismatch collection rid"):
        pages(container, continuation=token)
