"""Documents with a time to live expire as in the service: for reads, queries and the feed they were never there."""

from pathlib import Path
from typing import Any

import pytest
from azure.cosmos import ContainerProxy, CosmosClient, PartitionKey
from azure.cosmos.exceptions import CosmosHttpResponseError, CosmosResourceNotFoundError

from eventfold.testing.cosmos import StandIn
from tests.testing.cosmos.given import pages

NAMES = ("usual", "long", "never")


@pytest.fixture
def short(client: CosmosClient) -> ContainerProxy:
    """A container whose documents live for a minute, with three of them."""
    made = client.create_database("own").create_container("short", PartitionKey("/stream"), default_ttl=60)
    fill(made)
    return made


def fill(container: ContainerProxy) -> None:
    for name, more in zip(NAMES, ({}, {"ttl": 600}, {"ttl": -1}), strict=True):
        container.create_item({"id": name, "stream": "s", **more})


def seen(container: ContainerProxy) -> list[set[str]]:
    """What point reads, queries and the change feed know."""
    read = set[str]()
    for name in NAMES:
        try:
            read.add(container.read_item(name, "s")["id"])
        except CosmosResourceNotFoundError:
            continue
    queried = container.query_items("SELECT * FROM c", enable_cross_partition_query=True)
    feed = container.query_items_change_feed(start_time="Beginning")
    return [read, {found["id"] for found in queried}, {found["id"] for found in feed}]


def test_a_document_expires_in_its_second_and_is_gone_for_every_reader(
    account: StandIn, short: ContainerProxy
) -> None:
    account.advance(58)
    assert seen(short) == [set(NAMES)] * 3
    account.advance(3)
    assert seen(short) == [{"long", "never"}] * 3
    account.advance(600)
    assert seen(short) == [{"never"}] * 3


def test_an_id_is_free_again_and_a_change_begins_a_new_life(account: StandIn, short: ContainerProxy) -> None:
    account.advance(61)
    short.create_item({"id": "usual", "stream": "s"})
    account.advance(40)
    short.upsert_item({"id": "usual", "stream": "s", "again": True})
    account.advance(40)
    assert short.read_item("usual", "s")["again"]
    account.advance(40)
    assert seen(short) == [{"long", "never"}] * 3


def test_without_a_default_nothing_expires_and_with_minus_one_what_says_so(
    account: StandIn, client: CosmosClient
) -> None:
    database = client.create_database("own")
    off = database.create_container("off", PartitionKey("/stream"))
    on = database.create_container("on", PartitionKey("/stream"), default_ttl=-1)
    for container in (off, on):
        fill(container)
    account.advance(10_000)
    assert seen(off) == [set(NAMES)] * 3
    assert seen(on) == [{"usual", "never"}] * 3


@pytest.mark.parametrize("ttl", [0, -2, 2**31, "60", 1.5, None, True])
def test_what_is_no_time_to_live_is_refused(client: CosmosClient, short: ContainerProxy, ttl: Any) -> None:
    with pytest.raises(CosmosHttpResponseError) as caught:
        short.create_item({"id": "x", "stream": "s", "ttl": ttl})
    assert caught.value.status_code == 400
    if ttl is not None:
        with pytest.raises(CosmosHttpResponseError) as refused:
            client.get_database_client("own").create_container("x", PartitionKey("/stream"), default_ttl=ttl)
        assert refused.value.status_code == 400


def test_readers_of_all_versions_are_told_that_it_expired(account: StandIn, short: ContainerProxy) -> None:
    _, token = pages(short, mode="AllVersionsAndDeletes")
    account.advance(61)
    short.create_item({"id": "other", "stream": "s"})
    found = [each["metadata"] for each in short.query_items_change_feed(continuation=token)]
    assert [(each["operationType"], each.get("timeToLiveExpired")) for each in found] == [
        ("delete", True),
        ("create", None),
    ]


def test_what_expired_stays_so_after_a_restart(tmp_path: Path) -> None:
    with StandIn(folder=tmp_path) as account, CosmosClient(account.endpoint, account.key) as client:
        made = client.create_database("own").create_container("c", PartitionKey("/stream"), default_ttl=60)
        fill(made)
        account.advance(61)
        assert seen(made) == [{"long", "never"}] * 3
        key = account.key
    with StandIn(folder=tmp_path, key=key) as account, CosmosClient(account.endpoint, key) as client:
        again = client.get_database_client("own").get_container_client("c")
        assert seen(again) == [{"long", "never"}] * 3
