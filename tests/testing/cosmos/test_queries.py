"""Queries through the SDK: inside a partition, over several, in pages, over splits, and what is refused."""

from collections.abc import Iterable
from typing import Any

import pytest
from azure.cosmos import ContainerProxy, CosmosClient, PartitionKey, exceptions

from eventfold.testing.cosmos import StandIn
from tests.testing.cosmos.given import append, event, fill


def ask(container: ContainerProxy, query: str, **how: Any) -> list[Any]:
    return list(container.query_items(query, **({"enable_cross_partition_query": True} | how)))


@pytest.fixture
def numbers(client: CosmosClient) -> ContainerProxy:
    policy = {
        "indexingMode": "consistent",
        "includedPaths": [{"path": "/*"}],
        "excludedPaths": [{"path": "/dark/*"}],
        "compositeIndexes": [
            [{"path": "/group", "order": "ascending"}, {"path": "/n", "order": "descending"}]
        ],
    }
    made = client.create_database("n").create_container(
        "numbers", PartitionKey("/id"), indexing_policy=policy
    )
    for n in range(50):
        made.create_item({"id": str(n), "n": n, "group": n % 3, "half": n / 2, "tags": [n % 2, "x"]})
    return made


def test_a_stream_is_read_in_order_with_parameters(container: ContainerProxy) -> None:
    append(container, "a", *range(1, 21))
    append(container, "b", 1)
    found = container.query_items(
        "SELECT * FROM c WHERE c.version > @v ORDER BY c.version",
        parameters=[{"name": "@v", "value": 5}],
        partition_key="a",
        max_item_count=4,
    )
    sizes = [len(list(page)) for page in found.by_page()]
    assert sizes == [4, 4, 4, 3]
    assert [each["version"] for each in found] == list(range(6, 21))
    top = ask(container, "SELECT TOP 1 VALUE c.version FROM c ORDER BY c.version DESC", partition_key="a")
    assert top == [20]
    ids = ask(
        container, "SELECT c.eventId FROM c WHERE c.eventId IN ('a-3', 'b-1', 'a-7')", partition_key="a"
    )
    assert ids == [{"eventId": "a-3"}, {"eventId": "a-7"}]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT VALUE COUNT(1) FROM c", [50]),
        ("SELECT VALUE SUM(c.n) FROM c WHERE c.group = 1", [sum(range(1, 50, 3))]),
        ("SELECT VALUE AVG(c.half) FROM c", [12.25]),
        ("SELECT VALUE MIN(c.n) FROM c WHERE c.n > 7", [8]),
        ("SELECT VALUE MAX(c.n) FROM c", [49]),
        ("SELECT VALUE COUNT(1) FROM c WHERE c.n > 1000", [0]),
        ("SELECT VALUE c.n FROM c ORDER BY c.n OFFSET 10 LIMIT 3", [10, 11, 12]),
        ("SELECT TOP 3 VALUE c.n FROM c ORDER BY c.n DESC", [49, 48, 47]),
        ("SELECT DISTINCT VALUE c.group FROM c ORDER BY c.group", [0, 1, 2]),
        ("SELECT DISTINCT VALUE c.group FROM c ORDER BY c.group OFFSET 1 LIMIT 2", [1, 2]),
        ("SELECT c.n AS m FROM c WHERE c.n BETWEEN 3 AND 4 ORDER BY c.n", [{"m": 3}, {"m": 4}]),
        ("SELECT VALUE c.n FROM c WHERE c.n < 9 ORDER BY c.group ASC, c.n DESC", [6, 3, 0, 7, 4, 1, 8, 5, 2]),
        ("SELECT VALUE c.n FROM c WHERE c.n < 4 ORDER BY c.group DESC, c.n ASC", [2, 1, 0, 3]),
    ],
)
def test_partitions_are_put_together(numbers: ContainerProxy, query: str, expected: list[Any]) -> None:
    assert ask(numbers, query) == expected
    assert ask(numbers, query, max_item_count=2) == expected


def test_what_needs_no_order_comes_page_after_page(account: StandIn, numbers: ContainerProxy) -> None:
    account.calls.clear()
    found = ask(numbers, "SELECT VALUE c.n FROM c WHERE NOT (c.n < 5)", max_item_count=4)
    assert sorted(found) == list(range(5, 50))
    assert account.calls.count("docs", "plan") == 0
    assert account.calls.count("docs", "query") >= 12
    assert sorted(each["n"] for each in numbers.read_all_items()) == list(range(50))


def test_distinct_without_order(numbers: ContainerProxy) -> None:
    assert sorted(ask(numbers, "SELECT DISTINCT VALUE c.group FROM c")) == [0, 1, 2]
    assert len(ask(numbers, "SELECT TOP 2 VALUE c.n FROM c")) == 2


def test_many_documents_are_read_by_their_ids(account: StandIn, container: ContainerProxy) -> None:
    fill(container, 20, versions=2)
    account.calls.clear()
    wanted = [(event("s1", 2)["id"], "s1"), (event("s7", 1)["id"], "s7"), (event("s9", 9)["id"], "s9")]
    found = container.read_items([*wanted, (event("s1", 1)["id"], "s1")])
    assert sorted((each["stream"], each["version"]) for each in found) == [("s1", 1), ("s1", 2), ("s7", 1)]


def test_a_group_is_counted_inside_a_partition(container: ContainerProxy) -> None:
    for version in range(1, 8):
        container.create_item(event("a", version, kind="odd" if version % 2 else "even"))
    query = "SELECT c.kind, COUNT(1) AS many, MAX(c.version) AS last FROM c GROUP BY c.kind"
    assert ask(container, query, partition_key="a") == [
        {"kind": "odd", "many": 4, "last": 7},
        {"kind": "even", "many": 3, "last": 6},
    ]


def test_a_feed_range_is_queried_alone_and_over_a_split(account: StandIn, container: ContainerProxy) -> None:
    fill(container, 40)
    ranges = list(container.read_feed_ranges())
    parts = [list(container.query_items("SELECT * FROM c", feed_range=one)) for one in ranges]
    assert sorted(each["stream"] for part in parts for each in part) == sorted(f"s{n}" for n in range(40))
    pager = container.query_items("SELECT * FROM c", feed_range=ranges[0], max_item_count=2).by_page()
    found = list(next(pager))
    account.split("app", "events")
    found += [each for page in pager for each in page]
    # no more than this: the SDK's token for one partition has no structure, so it may begin such a query anew
    assert {each["stream"] for each in found} == {each["stream"] for each in parts[0]}


def test_a_split_while_partitions_are_put_together_loses_nothing(
    account: StandIn, numbers: ContainerProxy
) -> None:
    found: Iterable[Any] = numbers.query_items(
        "SELECT VALUE c.n FROM c ORDER BY c.n", enable_cross_partition_query=True, max_item_count=2
    )
    walk = iter(found)
    seen = [next(walk) for _ in range(5)]
    account.split("n", "numbers")
    account.split("n", "numbers", "3")
    seen += list(walk)
    assert set(seen) == set(range(50))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM c JOIN t IN c.tags",
        "SELECT VALUE t FROM t IN c.tags",
        "SELECT * FROM c WHERE ST_DISTANCE(c.a, c.b) < 1",
        "SELECT * FROM c WHERE EXISTS(SELECT VALUE 1 FROM c)",
        "SELECT * FROM c WHERE d.n = 1",
        "SELECT * FROM c WHERE c.n = @unknown",
        "SELECT * FROM c ORDER BY c.dark.n",
        "SELECT * FROM c ORDER BY c.group DESC, c.n DESC",
        "SELECT * FROM c ORDER BY LOWER(c.n)",
        "SELECT c.group, COUNT(1) FROM c",
        "SELECT VALUE COUNT(1) + 1 FROM c",
        "SELECT c.group, COUNT(1) FROM c GROUP BY c.group",
        "SELECT * FROM c WHERE c.n LIKE '[a-b]%'",
        "SELECT * FROM c LIMIT 1",
        "SELECT",
        "DELETE FROM c",
        "SELECT * FROM c WHERE c.n = 1; SELECT 1",
    ],
)
def test_what_is_not_understood_is_refused_and_never_guessed(numbers: ContainerProxy, query: str) -> None:
    numbers.create_item({"id": "text", "n": "text"})
    with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
        ask(numbers, query)
    assert caught.value.status_code == 400


def test_a_query_over_all_partitions_must_be_allowed(numbers: ContainerProxy) -> None:
    with pytest.raises(exceptions.CosmosHttpResponseError, match="Cross partition query is required"):
        list(numbers.query_items("SELECT * FROM c WHERE c.n = 1"))
    assert len(list(numbers.query_items("SELECT * FROM c WHERE c.id = '1'"))) == 1  # names its partition


def test_a_continuation_of_another_query_is_refused(numbers: ContainerProxy) -> None:
    pager: Any = numbers.query_items(
        "SELECT * FROM c", enable_cross_partition_query=True, max_item_count=2
    ).by_page()
    next(pager)
    other = numbers.query_items("SELECT c.n FROM c", enable_cross_partition_query=True, max_item_count=2)
    with pytest.raises(exceptions.CosmosHttpResponseError, match="another query"):
        next(other.by_page(pager.continuation_token))
