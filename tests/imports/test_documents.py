"""Documents in the pattern's form come in as they are: what is wrong with them is listed, never repaired."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from azure.cosmos import CosmosClient, PartitionKey
from click.testing import CliRunner

from eventfold import open_store
from eventfold.doors.cli.main import cli
from eventfold.imports import container_pages, file_pages, import_documents
from eventfold.store.cosmos.requests.settings import KEY
from eventfold.testing.cosmos import StandIn


def document(stream: str, version: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"{stream}-{version}-{more.get('twin', '')}",
        "aggregateId": stream,
        "eventType": "OrderCreated",
        "version": version,
        "timestamp": "2024-03-01T10:00:00.123456+00:00",
        "data": {"n": version},
        **{name: value for name, value in more.items() if name != "twin"},
    }


DOCUMENTS = [
    document("order-1", 1),
    document("order-2", 1, metadata={"actor": "ada", "schemaVersion": 3, "position": 9}),
    document("order-1", 2),
    document("order-1", 2, twin="b"),  # two events of one version: two writers who both looked first
    document("order-2", 4, timestamp="2024-03-01T10:00:00"),  # utcnow().isoformat()
    document("order-2", 3),
]


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "events.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, DOCUMENTS)).encode()))
    return path


def test_documents_of_a_file_become_events_once(lines: Path) -> None:
    store = open_store("sqlite://")
    first = import_documents(store, file_pages(lines), "shop", naive_is_utc=True)
    again = import_documents(store, file_pages(lines), "shop", naive_is_utc=True)
    assert (first.rows, first.written, first.refused, first.streams) == (6, 6, 0, 2)
    assert (again.written, again.known) == (0, 6)
    assert [e.data for e in store.read("order-1")] == ['{"n":1}', '{"n":2}', '{"n":2}']
    event = next(store.read("order-2"))
    assert (event.schema_version, event.metadata_map()) == (
        3,
        {"actor": "ada", "sourceVersion": 1, "importedFrom": "shop"},
    )
    assert event.occurred_at.isoformat() == "2024-03-01T10:00:00.123456+00:00"


def test_double_and_missing_versions_are_listed_and_nothing_is_repaired(lines: Path) -> None:
    store = open_store("sqlite://")
    report = import_documents(store, file_pages(lines), "shop", naive_is_utc=True)
    assert report.double_versions == {"order-1": [2]}
    assert report.missing_versions == {"order-2": [2]}
    assert [e.metadata_map()["sourceVersion"] for e in store.read("order-2")] == [1, 4, 3]


def test_a_naive_time_is_refused_until_somebody_says_what_it_means(lines: Path) -> None:
    store = open_store("sqlite://")
    report = import_documents(store, file_pages(lines), "shop")
    assert (report.written, report.refused, report.held_back) == (4, 1, 1)
    assert (report.refusals[0].line, report.refusals[0].code) == (5, "time-invalid")
    assert "--naive-is-utc" in report.refusals[0].message


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"aggregateId": None}, "payload-invalid"),
        ({"aggregateId": "order"}, "stream-name-invalid"),
        ({"eventType": "'; DROP"}, "event-type-invalid"),
        ({"data": [1]}, "payload-invalid"),
        ({"timestamp": "yesterday"}, "time-invalid"),
        ({"metadata": "x"}, "payload-invalid"),
    ],
)
def test_what_is_no_event_is_refused_by_its_line(tmp_path: Path, wrong: dict[str, Any], code: str) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps(document("order-1", 1)) + "\n" + json.dumps(document("order-1", 2) | wrong))
    report = import_documents(open_store("sqlite://"), file_pages(path), "shop")
    assert (report.written, [(r.line, r.code) for r in report.refusals]) == (1, [(2, code)])


@pytest.fixture
def filled(monkeypatch: pytest.MonkeyPatch) -> Any:
    with StandIn(partitions=2) as account:
        monkeypatch.setenv(KEY, account.key)
        own = CosmosClient(account.endpoint, account.key).create_database("own")
        events = own.create_container("old", PartitionKey("/aggregateId"))
        for found in DOCUMENTS:
            events.create_item(found)
        yield account, events


def test_a_container_of_others_comes_in_from_the_command_line(filled: Any, tmp_path: Path) -> None:
    account, _ = filled
    command = ["-s", f"sqlite:///{tmp_path}/log.db", "import", account.url("own"), "--container", "old"]
    dry = CliRunner().invoke(cli, [*command, "--naive-is-utc", "--dry-run", "--json"], standalone_mode=False)
    assert json.loads(dry.stdout)["written"] == 6
    done = CliRunner().invoke(cli, [*command, "--naive-is-utc"], standalone_mode=False)
    assert "order-1: twice: version 2" in done.stderr
    assert "order-2: missing: version 2" in done.stderr
    again = CliRunner().invoke(cli, [*command, "--naive-is-utc", "--json"], standalone_mode=False)
    assert (json.loads(again.stdout)["written"], json.loads(again.stdout)["known"]) == (0, 6)


def test_following_copies_what_comes_later_through_a_split(filled: Any) -> None:
    account, events = filled
    store = open_store("sqlite://")
    quiet = 0

    def stop() -> bool:
        nonlocal quiet
        quiet += 1
        if quiet == 1:
            events.create_item(document("order-3", 1))
            account.split("own", "old")
            events.create_item(document("order-1", 3))
        return quiet > 3

    pages = container_pages(account.url("own"), "old", stop)
    report = import_documents(store, pages, "shop", naive_is_utc=True)
    assert (report.written, report.known, report.refused) == (8, 0, 0)
    assert store.head("order-3") == 1
    assert [e.data_map()["n"] for e in store.read("order-1")] == [1, 2, 2, 3]
