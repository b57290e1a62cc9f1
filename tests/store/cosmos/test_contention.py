"""Eight processes on one container: one winner for each version; a store that looks and then creates is found out."""

import os
from typing import Any
from uuid import UUID, uuid4

import pytest
from azure.cosmos import CosmosClient, PartitionKey

from eventfold.testing.cosmos import StandIn
from eventfold.testing.linearizability import linearizable
from tests.store.test_contention import contend, judge, work

HERE = "tests.store.cosmos.test_contention"


def naive_work(place: str, number: int, appends: int) -> None:
    """Asks for MAX(version), then creates a document with a random id: what the pattern is often written as."""
    client = CosmosClient(place, os.environ["EVENTFOLD_COSMOS_KEY"])
    events = client.get_database_client("naive").get_container_client("events")

    def head(stream: str) -> int:
        found = list[Any](events.query_items("SELECT VALUE MAX(c.version) FROM c", partition_key=stream))
        return int(found[0]) if found else 0

    def append(stream: str, event_id: UUID, expected: int) -> str:
        same: list[dict[str, object]] = [{"name": "@id", "value": event_id.hex}]
        if list(events.query_items("SELECT c.id FROM c WHERE c.event = @id", same, partition_key=stream)):
            return "ok"
        if head(stream) != expected:
            return "conflict"
        document = {"id": str(uuid4()), "aggregateId": stream, "version": expected + 1, "event": event_id.hex}
        events.create_item(document)
        return "ok"

    work(place, number, appends, append, head)


@pytest.mark.slow
def test_contention_has_one_winner_for_each_version(divided: StandIn) -> None:
    judge(divided.url("log"), 12)


@pytest.mark.nightly
def test_four_thousand_contended_appends_have_one_winner_for_each_version(divided: StandIn) -> None:
    judge(divided.url("log"), 500)


@pytest.mark.slow
def test_a_store_that_looks_and_then_creates_with_a_random_id_is_found_out(account: StandIn) -> None:
    client = CosmosClient(account.endpoint, account.key)
    database = client.create_database("naive")
    database.create_container("events", PartitionKey("/aggregateId"))
    seen = contend(account.endpoint, "naive_work", 25, HERE)
    assert not all(linearizable(op for op, _ in operations) for operations in seen.values())
