"""What can go wrong on demand: replicas that lag, error answers, connections that break, throughput that is used up."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from azure.core.exceptions import AzureError
from azure.cosmos import ContainerProxy, CosmosClient, PartitionKey, exceptions

from eventfold.testing.cosmos import Fault, StandIn
from tests.testing.cosmos.given import append, event, names, pages

Error = exceptions.CosmosHttpResponseError


@contextmanager
def stranger(account: StandIn) -> Iterator[ContainerProxy]:
    """A client that knows no session token."""
    with CosmosClient(account.endpoint, account.key) as client:
        yield client.get_database_client("app").get_container_client("events")


@contextmanager
def impatient(account: StandIn) -> Iterator[ContainerProxy]:
    """A client that repeats nothing."""
    with CosmosClient(
        account.endpoint, account.key, retry_total=0, retry_read=0, retry_connect=0, retry_throttle_total=0
    ) as client:
        yield client.get_database_client("app").get_container_client("events")


def versions(container: ContainerProxy, **how: Any) -> list[Any]:
    return list(container.query_items("SELECT VALUE c.version FROM c", partition_key="a", **how))


def test_a_lagging_replica_hides_the_newest_writes_from_strangers_only(
    account: StandIn, container: ContainerProxy
) -> None:
    for version in range(1, 6):
        container.create_item(event("a", version))
    account.lag(writes=2)
    with stranger(account) as other:
        assert versions(other) == [1, 2, 3]
        with pytest.raises(exceptions.CosmosResourceNotFoundError):
            other.read_item(event("a", 5)["id"], "a")
        assert other.read_item(event("a", 3)["id"], "a")["version"] == 3
        assert names(pages(other, start_time="Beginning")[0]) == [("a", 1), ("a", 2), ("a", 3)]
    assert versions(container) == [1, 2, 3, 4, 5]
    assert container.read_item(event("a", 5)["id"], "a")["version"] == 5
    account.lag(writes=0)
    with stranger(account) as other:
        assert versions(other) == [1, 2, 3, 4, 5]


def test_the_sdk_forgets_the_token_of_a_batch_so_its_user_must_not(
    account: StandIn, container: ContainerProxy
) -> None:
    token = append(container, "a", 1).get_response_headers()["x-ms-session-token"]
    account.lag(writes=1)
    assert versions(container) == []
    assert versions(container, session_token=token) == [1]


def test_a_lagging_feed_goes_on_without_a_hole(account: StandIn, container: ContainerProxy) -> None:
    for version in range(1, 6):
        append(container, "a", version)
    with stranger(account) as other:
        account.lag(writes=2)
        first, token = pages(other, start_time="Beginning")
        account.lag(writes=4)
        assert pages(other, continuation=token)[0] == []
        account.lag(writes=0)
        second, _ = pages(other, continuation=token)
    assert [version for _, version in names(first + second)] == [1, 2, 3, 4, 5]


def test_a_lagging_replica_shows_the_older_version(account: StandIn, container: ContainerProxy) -> None:
    container.create_item(event("a", 1, n=1))
    container.upsert_item(event("a", 1, n=2))
    container.delete_item(event("a", 1)["id"], "a")
    account.lag(writes=1)
    with stranger(account) as other:
        assert other.read_item(event("a", 1)["id"], "a")["n"] == 2
    account.lag(writes=2)
    with stranger(account) as other:
        assert other.read_item(event("a", 1)["id"], "a")["n"] == 1


def test_a_token_given_by_hand_is_honoured(account: StandIn, container: ContainerProxy) -> None:
    append(container, "a", 1)
    token = append(container, "a", 2, read=1).get_response_headers()["x-ms-session-token"]
    append(container, "a", 3)
    account.lag(writes=3)
    with stranger(account) as other:
        assert versions(other, session_token=token) == [1, 2]
        ahead = token.partition("#")[0] + "#99"
        with pytest.raises(Error) as caught:
            other.read_item(event("a", 1)["id"], "a", session_token=ahead)
        assert (caught.value.status_code, caught.value.sub_status) == (404, 1002)


def test_a_conflict_tells_a_token_that_shows_the_winner(account: StandIn, container: ContainerProxy) -> None:
    append(container, "a", 1)
    account.lag(writes=1)
    with stranger(account) as other:
        with pytest.raises(exceptions.CosmosBatchOperationError) as caught:
            append(other, "a", 1)
        token = caught.value.headers["x-ms-session-token"]
        assert versions(other, session_token=token) == [1]


@pytest.mark.parametrize("status", [449, 500, 503, 408, 403])
def test_an_error_answer_comes_without_an_effect(
    account: StandIn, container: ContainerProxy, status: int
) -> None:
    account.faults.add(Fault(status, when="batch", count=None))
    with impatient(account) as other, pytest.raises(Error) as caught:
        append(other, "a", 1)
    assert caught.value.status_code == status
    assert versions(container) == []


def test_an_error_answer_may_hide_an_effect(account: StandIn, container: ContainerProxy) -> None:
    account.faults.add(Fault(408, when="batch", effect=True))
    with impatient(account) as other, pytest.raises(Error):
        append(other, "a", 1)
    assert versions(container) == [1]


def test_the_sdk_repeats_after_429(account: StandIn, container: ContainerProxy) -> None:
    account.faults.add(Fault(429, when="create", count=2))
    account.calls.clear()
    container.create_item(event("a", 1))
    assert [call.status for call in account.calls.all("docs", "create")] == [429, 429, 201]


@pytest.mark.parametrize(("what", "stored"), [("drop_before", []), ("drop_after", [1]), ("drop_half", [1])])
def test_a_dropped_connection_leaves_the_outcome_open(
    account: StandIn, container: ContainerProxy, what: Any, stored: list[int]
) -> None:
    account.faults.add(Fault(what, when="batch", count=None))
    with impatient(account) as other, pytest.raises((AzureError, ValueError)):
        append(other, "a", 1)
    account.faults.clear()
    assert versions(container) == stored
    assert account.calls.all("docs", "batch")[-1].status == 0


def test_faults_choose_by_number_and_by_chance_that_can_be_repeated(account: StandIn) -> None:
    second = Fault(500, when=lambda operation, number: operation == "create" and number == 2, count=None)
    assert [second.hits("create", number) for number in (1, 2, 3)] == [False, True, False]

    def struck() -> list[bool]:
        fault = Fault(500, count=None, probability=0.5, seed=7)
        return [fault.hits("create", number) for number in range(40)]

    assert struck() == struck()
    assert 5 < sum(struck()) < 35


@pytest.mark.slow
def test_throughput_that_is_used_up_answers_429_per_physical_partition() -> None:
    with (
        StandIn(partitions=1, throughput=30) as account,
        CosmosClient(account.endpoint, account.key) as client,
    ):
        made = client.create_database("app").create_container("events", PartitionKey("/stream"))
        for version in range(1, 21):
            made.create_item(event("a", version))  # the SDK waits and repeats
        assert account.calls.count("docs", "create", 429) > 0
        assert account.calls.count("docs", "create", 201) == 20


def test_charges_are_told_and_counted(account: StandIn, container: ContainerProxy) -> None:
    account.calls.clear()
    small = container.create_item(event("a", 1)).get_response_headers()["x-ms-request-charge"]
    large = container.create_item(event("a", 2, data="x" * 10_000)).get_response_headers()[
        "x-ms-request-charge"
    ]
    assert 5 <= float(small) < float(large)
    assert (
        container.read_item(event("a", 1)["id"], "a").get_response_headers()["x-ms-request-charge"] == "1.0"
    )
    assert account.calls.charge() == float(small) + float(large) + 1


def test_calls_are_counted_with_their_operations(account: StandIn, container: ContainerProxy) -> None:
    account.calls.clear()
    append(container, "a", 1, 2, 3)
    append(container, "a", 4, read=3)
    (first, second) = account.calls.all("docs")
    assert (first.operation, first.operations, second.operations) == ("batch", 3, 2)
    assert (first.method, first.status, first.range_id) == ("POST", 200, second.range_id)
    assert min(first.request_bytes, first.answer_bytes) > 100
    assert (account.calls.operations(), account.calls.count("docs", "batch")) == (5, 2)
    assert len(account.calls) >= 2  # an SDK asks for the account now and then, beside what it is told to do


def test_writers_side_by_side_have_one_winner_for_each_version(
    account: StandIn, container: ContainerProxy
) -> None:
    won: list[int] = []
    lost: list[int] = []

    def write() -> None:
        with stranger(account) as own:
            for version in range(1, 16):
                try:
                    append(own, "a", version)
                    won.append(version)
                except exceptions.CosmosBatchOperationError as error:
                    lost.append(error.status_code or 0)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == list(range(1, 16))
    assert lost == [409] * 45
    found, _ = pages(container, start_time="Beginning")
    assert [each["_lsn"] for page in found for each in page] == list(range(1, 16))
