"""An account that could not keep a log is refused by name, and doctor says what is wrong before anything is written."""

import json
from typing import Any

import pytest
from azure.cosmos import CosmosClient, PartitionKey
from click.testing import CliRunner

from eventfold import open_store
from eventfold.doors.cli.main import cli
from eventfold.errors import ConfigInvalid, EventfoldError, LogNotFound, StorageFailed
from eventfold.store.cosmos.requests.settings import KEY, read_url
from eventfold.store.open import examine_store
from eventfold.testing.cosmos import StandIn
from eventfold.testing.making import make, read_all

UNIQUE = {"uniqueKeys": [{"paths": ["/eventId"]}]}


def container(account: StandIn, key: str = "/aggregateId", **options: Any) -> None:
    client = CosmosClient(account.endpoint, account.key)
    client.create_database("own").create_container("events", PartitionKey(key), **options)


def said(account: StandIn, level: str) -> str:
    return "\n".join(f"{f.what}: {f.found}" for f in examine_store(account.url("own")) if f.level == level)


def test_a_log_that_was_made_here_has_no_problem(account: StandIn) -> None:
    open_store(account.url("own")).close()
    found = examine_store(account.url("own"))
    assert {finding.level for finding in found} == {"ok"}
    assert {"write regions", "consistency", "container events", "container leases", "log"} <= {
        f.what for f in found
    }


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"key": "/id", "unique_key_policy": UNIQUE}, "/aggregateId"),
        ({}, "/eventId"),
        ({"unique_key_policy": UNIQUE, "default_ttl": 3600}, "3600 s"),
    ],
)
def test_a_container_that_could_not_keep_a_log_is_named_and_refused(
    account: StandIn, options: dict[str, Any], word: str
) -> None:
    container(account, **options)
    assert word in said(account, "problem")
    with pytest.raises(ConfigInvalid, match=word):
        open_store(account.url("own"))


def test_times_to_live_that_are_switched_on_are_named(account: StandIn) -> None:
    container(account, unique_key_policy=UNIQUE, default_ttl=-1)
    assert "a document that says `ttl` itself would vanish" in said(account, "warning")
    open_store(account.url("own")).close()
    client = CosmosClient(account.endpoint, account.key)
    own = client.get_database_client("own")
    own.replace_container("leases", PartitionKey("/aggregateId"), default_ttl=3600)
    assert "container leases: it deletes documents after 3600 s" in said(account, "warning")


def test_a_log_whose_events_expired_is_not_opened_as_if_it_were_whole(account: StandIn) -> None:
    """Control: without the refusal a stream would begin anew at version 1."""
    store = open_store(account.url("own"))
    store.append("order-1", [make(1)], expected=0)
    client = CosmosClient(account.endpoint, account.key)
    own = client.get_database_client("own")
    own.replace_container("events", PartitionKey("/aggregateId"), default_ttl=60)
    account.advance(61)
    assert (store.head("order-1"), read_all(store.feed())) == (0, [])
    store.close()
    assert "deletes documents after 60 s" in said(account, "problem")
    with pytest.raises(ConfigInvalid, match="60 s"):
        open_store(account.url("own"))


def test_indexing_of_everything_is_a_warning_and_of_nothing_a_problem(account: StandIn) -> None:
    container(account, unique_key_policy=UNIQUE, indexing_policy={"includedPaths": [{"path": "/*"}]})
    assert "each append pays" in said(account, "warning")
    client = CosmosClient(account.endpoint, account.key)
    own = client.get_database_client("own")
    own.delete_container("events")
    own.create_container(
        "events",
        PartitionKey("/aggregateId"),
        unique_key_policy=UNIQUE,
        indexing_policy={"indexingMode": "none"},
    )
    assert "scan" in said(account, "problem")


def test_several_write_regions_are_refused(key: str) -> None:
    with StandIn(partitions=1, key=key, multiple_writes=True) as account:
        assert "several write regions" in said(account, "problem")
        with pytest.raises(ConfigInvalid, match="write regions"):
            open_store(account.url("own"))


def test_eventual_consistency_is_named(key: str) -> None:
    with StandIn(partitions=1, key=key, consistency="Eventual") as account:
        assert "Eventual" in said(account, "warning")


def test_what_is_not_there_is_not_found_unless_it_is_to_be_made(account: StandIn) -> None:
    with pytest.raises(LogNotFound):
        open_store(account.url("own"), create=False)
    container(account, unique_key_policy=UNIQUE)
    with pytest.raises(LogNotFound, match="no log"):
        open_store(account.url("own"), create=False)
    assert "holds no log" in said(account, "problem")


def test_doctor_on_the_command_line_exits_by_what_it_finds(account: StandIn) -> None:
    open_store(account.url("own")).close()
    good = CliRunner().invoke(cli, ["-s", account.url("own"), "doctor", "--json"], standalone_mode=False)
    assert good.return_value == 0
    assert {finding["level"] for finding in json.loads(good.output)} == {"ok"}
    bad = CliRunner().invoke(cli, ["-s", account.url("other"), "doctor"], standalone_mode=False)
    assert bad.return_value == 2
    assert "not there" in bad.output


def test_an_account_that_does_not_answer_is_unseen_and_cannot_be_opened(key: str) -> None:
    with StandIn(partitions=1, key=key) as account:
        url = account.url("own")
    assert [finding.level for finding in examine_store(url)] == ["unseen"]
    with pytest.raises(StorageFailed):
        open_store(url)


@pytest.mark.parametrize(
    ("url", "field"),
    [
        ("cosmos://", "url"),
        ("cosmos://account.example/", "url"),
        ("cosmos://account.example", "url"),
        ("cosmos://:secret@account.example/db", "url"),
        ("cosmos://account.example/db?tls=off", "tls"),
        ("cosmos://account.example/db?key=secret", "key"),
        ("cosmos://account.example/db?throughput=lots", "throughput"),
    ],
)
def test_a_url_that_means_nothing_is_refused_without_its_secret(url: str, field: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        read_url(url)
    assert caught.value.facts["key"] == field
    assert "secret" not in caught.value.message.replace("holds no secret", "")


def test_the_options_of_a_url_are_read() -> None:
    found = read_url("cosmos://a.example:443/my%20db?events=e&snapshots=s&leases=l&throughput=400")
    assert (found.endpoint, found.database, found.throughput) == ("https://a.example:443", "my db", 400)
    assert (found.events, found.snapshots, found.leases) == ("e", "s", "l")


@pytest.mark.slow
def test_no_error_shows_the_key(account: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    canary = "Y2FuYXJ5LWNhbmFyeS1jYW5hcnk="
    monkeypatch.setenv(KEY, canary)
    with pytest.raises(EventfoldError) as caught:
        open_store(account.url("own"))
    told = f"{caught.value!r} {caught.value.as_dict()}"
    assert canary not in told
    assert canary not in str(examine_store(account.url("own")))


def test_numbers_that_a_double_cannot_hold_come_back_as_they_were(account: StandIn) -> None:
    store = open_store(account.url("own"))
    data = {"n": 2**63 - 1, "small": -0.5, "text": "1234567890123456789.5", "whole": 1}
    given = [make(data=data), make(data={"n": 1, "price": "19.99"})]
    store.append("order-1", given, expected=0)
    assert [e.data for e in store.read("order-1")] == [e.data for e in given]
    client = CosmosClient(account.endpoint, account.key)
    stored = client.get_database_client("own").get_container_client("events")
    one, other = (stored.read_item(f"{n:020d}", "order-1") for n in (1, 2))
    assert one["exact"]["data"] == given[0].data
    assert "exact" not in other  # nothing is kept twice where it need not be
    store.close()
