"""The stand-in as a process of its own, and what its folder keeps over a kill."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from azure.cosmos import CosmosClient, PartitionKey, exceptions

from eventfold.testing.cosmos import StandIn
from tests.testing.cosmos.given import append, event, names, pages

UNIQUE = {"uniqueKeys": [{"paths": ["/eventId"]}]}


@contextmanager
def process(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    command = [sys.executable, "-m", "eventfold.testing.cosmos", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        try:
            yield started, json.loads(started.stdout.readline())
        finally:
            if started.poll() is None:
                started.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_ended_and_ends_well(number: signal.Signals) -> None:
    with process("--port", "0", "--partitions", "2") as (started, told):
        with CosmosClient(told["endpoint"], told["key"]) as client:
            made = client.create_database("app").create_container("events", PartitionKey("/stream"))
            append(made, "a", 1)
            assert len(list(made.read_feed_ranges())) == 2
        started.send_signal(number)
        assert started.wait(10) == 0


def test_a_killed_process_has_lost_nothing(tmp_path: Path) -> None:
    key = "c2VjcmV0"
    with process("--folder", str(tmp_path), "--key", key) as (started, told):
        with CosmosClient(told["endpoint"], key) as client:
            made = client.create_database("app").create_container("events", PartitionKey("/stream"))
            append(made, "a", 1, 2)
            _, token = pages(made, start_time="Beginning")
        started.kill()
    with (
        process("--folder", str(tmp_path), "--key", key) as (_, told),
        CosmosClient(told["endpoint"], key) as client,
    ):
        found = client.get_database_client("app").get_container_client("events")
        append(found, "a", 3, read=2)
        assert names(pages(found, continuation=token)[0]) == [("a", 3)]


def everything(account: StandIn) -> tuple[Any, ...]:
    with CosmosClient(account.endpoint, account.key) as client:
        found = client.get_database_client("app").get_container_client("events")
        fed, _ = pages(found, start_time="Beginning")
        documents = sorted((each["_rid"], json.dumps(each)) for each in found.read_all_items())
        return found.read()["_rid"], account.ranges("app", "events"), documents, sorted(map(str, fed))


def test_a_folder_keeps_documents_ranges_lsns_and_unique_keys(tmp_path: Path) -> None:
    with (
        StandIn(partitions=2, folder=tmp_path) as account,
        CosmosClient(account.endpoint, account.key) as client,
    ):
        database = client.create_database("app")
        database.create_container("gone", PartitionKey("/a"))
        database.delete_container("gone")
        made = database.create_container("events", PartitionKey("/stream"), unique_key_policy=UNIQUE)
        for stream in range(10):
            append(made, f"s{stream}", 1, 2)
        account.split("app", "events")
        made.upsert_item(event("s1", 1, n=2))
        made.delete_item(event("s2", 2)["id"], "s2")
        made.create_item(event("s2", 2, n=3))
        account.merge("app", "events", "2", "3")
        append(made, "s3", 3, read=2)
        before = everything(account)
    with (tmp_path / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"do":"commit","rid"')  # what a crash leaves
    with StandIn(folder=tmp_path) as account:
        assert everything(account) == before
        with CosmosClient(account.endpoint, account.key) as client:
            found = client.get_database_client("app").get_container_client("events")
            with pytest.raises(exceptions.CosmosBatchOperationError):
                found.execute_item_batch([("create", (event("s3", 9, eventId="s3-3"),))], "s3")
            append(found, "s3", 4, read=3)
        after = everything(account)
    with StandIn(folder=tmp_path) as account:
        assert everything(account) == after


def test_an_account_tells_its_consistency_and_regions() -> None:
    with (
        StandIn(consistency="Eventual", multiple_writes=True) as account,
        CosmosClient(account.endpoint, account.key) as client,
    ):
        found = client.get_database_account()
        assert found.ConsistencyPolicy["defaultConsistencyLevel"] == "Eventual"
        assert found._EnableMultipleWritableLocations
