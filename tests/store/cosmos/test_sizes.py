"""A stream near the limits of a logical partition is named at half of them; a full one is refused by its limit."""

import logging
from itertools import pairwise

import pytest
from azure.cosmos import CosmosClient
from azure.cosmos.exceptions import CosmosHttpResponseError

from eventfold import open_store
from eventfold.errors import BackendLimit
from eventfold.store.cosmos.requests import sizes
from eventfold.store.cosmos.requests.sizes import Pressure
from eventfold.store.open import examine_store
from eventfold.testing.cosmos import StandIn
from eventfold.testing.making import make, make_many

GB = 1024**3


def warned(log: pytest.LogCaptureFixture) -> list[str]:
    return [
        r.getMessage() for r in log.records if r.name == "eventfold.store" and r.levelno == logging.WARNING
    ]


def test_a_stream_that_has_taken_half_of_its_space_is_named_when_the_log_is_opened_and_by_doctor(
    divided: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store(divided.url("log"))
    for name in ("order-1", "order-2", "order-3"):
        store.append(name, [make()], expected=0)
    store.close()
    divided.weigh("log", "events", "order-1", 9 * GB)
    divided.weigh("log", "events", "order-2", 11 * GB)
    assert warned(caplog) == []
    divided.calls.clear()
    open_store(divided.url("log"), create=False).close()
    with_statistics = divided.calls.count("colls", "read")
    (said,) = warned(caplog)
    assert "order-2" in said
    assert "11.0 of at most 20 GB" in said
    found = [f for f in examine_store(divided.url("log")) if f.what == "size of streams"]
    assert [(f.level, "order-2" in f.found) for f in found] == [("warning", True)]
    assert with_statistics == 1  # the read that was there already


def test_a_full_stream_is_refused_by_its_limit_and_nothing_of_the_append_is_there(account: StandIn) -> None:
    store = open_store(account.url("log"))
    store.append("order-1", [make(0)], expected=0)
    account.weigh("log", "events", "order-1", 20 * GB - 1500)
    with pytest.raises(BackendLimit) as caught:
        store.append("order-1", make_many(20), expected=1)
    assert "20 GB" in caught.value.message
    assert caught.value.outcome == "not_applied"
    assert store.head("order-1") == 1
    store.append("order-2", make_many(20), expected=0)  # only that stream is full
    events = (
        CosmosClient(account.endpoint, account.key).get_database_client("log").get_container_client("events")
    )
    with pytest.raises(CosmosHttpResponseError) as refused:  # as the service says it of a single document
        events.create_item({"id": "x", "aggregateId": "order-1", "data": "x" * 2000})
    assert (refused.value.status_code, refused.value.sub_status) == (403, 1014)
    store.close()


def test_a_stream_that_takes_half_of_what_it_can_have_in_a_second_is_named_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = [100.0]
    pressure = Pressure(lambda: now[0])
    for _ in range(10):
        pressure.spend("order-1", 499.0)
        pressure.spend("order-2", 100.0)
    assert warned(caplog) == []  # 4,990 in this second
    now[0] = 101.0
    for _ in range(30):
        pressure.spend("order-1", 499.0)
    (said,) = warned(caplog)
    assert "order-1 took 5489 request units" in said
    now[0] = 159.0
    pressure.spend("order-1", 6000.0)
    assert len(warned(caplog)) == 1
    now[0] = 162.0
    pressure.spend("order-1", 6000.0)
    assert len(warned(caplog)) == 2


def test_what_appends_and_reads_of_a_stream_cost_counts_for_it(
    account: StandIn, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sizes, "MOST_UNITS", 60)  # a machine for tests does not reach 10,000
    store = open_store(account.url("log"))
    pressure = store.calls.pressure  # type: ignore[attr-defined]
    monkeypatch.setattr(pressure, "_clock", lambda: 7.0)
    store.append("order-2", [make()], expected=0)
    store.append("order-1", [make()], expected=0)
    assert warned(caplog) == []
    for _ in range(12):
        list(store.read("order-1"))
    (said,) = warned(caplog)
    assert "order-1" in said
    assert set(pressure._spent) == {"order-1", "order-2"}
    store.close()


def test_statistics_name_the_three_heaviest_keys_of_a_partition_beyond_one_gigabyte(account: StandIn) -> None:
    store = open_store(account.url("log"))
    for n, size in enumerate([3, 0.9, 5, 2, 4]):
        store.append(f"order-{n}", [make()], expected=0)
        account.weigh("log", "events", f"order-{n}", int(size * GB))
    events = (
        CosmosClient(account.endpoint, account.key).get_database_client("log").get_container_client("events")
    )
    assert "statistics" not in events.read()
    (told,) = events.read(populate_partition_key_range_statistics=True)["statistics"]
    assert [one["partitionKey"] for one in told["partitionKeys"]] == [["order-2"], ["order-4"], ["order-0"]]
    assert all(a["sizeInKB"] > b["sizeInKB"] for a, b in pairwise(told["partitionKeys"]))
    assert told["documentCount"] == 6  # with the document of the log
    store.close()
