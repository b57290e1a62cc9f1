"""Transactional batches: all or nothing, one LSN, limits."""

from typing import Any

import pytest
from azure.cosmos import ContainerProxy, exceptions

from tests.testing.cosmos.given import append, event, names, pages


def failed(container: ContainerProxy, operations: list[Any], stream: str = "a") -> tuple[int, list[int]]:
    with pytest.raises(exceptions.CosmosBatchOperationError) as caught:
        container.execute_item_batch(operations, stream)
    assert caught.value.headers["x-ms-session-token"]
    return caught.value.error_index, [each["statusCode"] for each in caught.value.operation_responses]


def everything(container: ContainerProxy) -> list[Any]:
    return list(container.query_items("SELECT * FROM c", partition_key="a"))


def test_a_batch_is_stored_whole_under_one_lsn(container: ContainerProxy) -> None:
    append(container, "a", 1, 2, 3)
    append(container, "a", 4, 5, read=3)
    found, _ = pages(container, start_time="Beginning", partition_key="a")
    assert [each["_lsn"] for page in found for each in page] == [1, 1, 1, 2, 2]


def test_a_failing_read_rolls_everything_back(container: ContainerProxy) -> None:
    operations = [
        ("create", (event("a", 1),)),
        ("read", (event("a", 9)["id"],)),
        ("create", (event("a", 2),)),
    ]
    assert failed(container, operations) == (1, [424, 404, 424])
    assert everything(container) == []


def test_a_conflict_rolls_everything_back_and_frees_the_unique_key(container: ContainerProxy) -> None:
    append(container, "a", 1)
    again = [("create", (event("a", 2),)), ("create", (event("a", 1, eventId="new"),))]
    assert failed(container, again) == (1, [424, 409])
    twice = [("create", (event("a", 2),)), ("create", (event("a", 3, eventId="a-2"),))]
    assert failed(container, twice) == (1, [424, 409])
    append(container, "a", 2)
    assert [each["version"] for each in everything(container)] == [1, 2]


def test_an_etag_on_a_read_is_ignored_as_in_the_service(container: ContainerProxy) -> None:
    append(container, "a", 1)
    read = ("read", (event("a", 1)["id"],), {"if_match_etag": "something else"})
    container.execute_item_batch([read, ("create", (event("a", 2),))], "a")
    replace = ("replace", (event("a", 1)["id"], event("a", 1)), {"if_match_etag": "something else"})
    assert failed(container, [replace, ("create", (event("a", 3),))]) == (0, [412, 424])


def test_all_kinds_of_operations_see_each_other(container: ContainerProxy) -> None:
    answer = container.execute_item_batch(
        [
            ("create", ({"id": "1", "stream": "a", "eventId": 1},)),
            ("upsert", ({"id": "1", "stream": "a", "eventId": 1, "n": 1},)),
            ("patch", ("1", [{"op": "incr", "path": "/n", "value": 1}])),
            ("read", ("1",)),
            ("create", ({"id": "2", "stream": "a", "eventId": 2},)),
            ("delete", ("2",)),
            ("create", ({"id": "2", "stream": "a", "eventId": 2},)),
        ],
        "a",
    )
    assert [each["statusCode"] for each in answer] == [201, 200, 200, 200, 201, 204, 201]
    assert answer[3]["resourceBody"]["n"] == 2
    found, _ = pages(container, start_time="Beginning", partition_key="a")
    assert [each["id"] for page in found for each in page] == ["1", "2"]


@pytest.mark.parametrize(
    ("operations", "status"),
    [
        ([], 400),
        ([("create", (event("a", n),)) for n in range(1, 102)], 400),
        ([("create", (event("a", 1, data="x" * 2_200_000),))], 413),
    ],
)
def test_a_batch_beyond_the_limits_is_refused(
    container: ContainerProxy, operations: list[Any], status: int
) -> None:
    with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
        container.execute_item_batch(operations, "a")
    assert caught.value.status_code == status


def test_an_operation_on_another_partition_fails_alone_in_its_code(container: ContainerProxy) -> None:
    operations = [("create", (event("a", 1),)), ("create", (event("b", 1),))]
    assert failed(container, operations) == (1, [424, 400])


def test_the_negative_control_writes_without_a_batch(container: ContainerProxy) -> None:
    container.create_item(event("a", 1))
    container.create_item(event("a", 2))
    found, _ = pages(container, start_time="Beginning", partition_key="a")
    assert names(found) == [("a", 1), ("a", 2)]
    assert [each["_lsn"] for page in found for each in page] == [1, 2]
