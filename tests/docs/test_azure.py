"""The deployment files make what the store asks for. They are read here, not deployed: no account is at hand."""

import json
import re
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from eventfold.bus.open import open_topic
from eventfold.readmodels.address import read_address
from eventfold.store.cosmos.requests.connect import EVENTS_INDEX, check_events

AZURE = Path(__file__).parents[2] / "docs" / "azure"


def resources(file: str = "cosmos.bicep") -> dict[str, str]:
    text = (AZURE / file).read_text()
    found = re.findall(r"^resource (\w+) (.*?)^\}\]?$", text, re.MULTILINE | re.DOTALL)
    return dict(found)


def listed(body: str, name: str, inner: str = "path") -> list[str]:
    part = re.search(rf"{name}: \[(.*?)\n\s*\]\n", body, re.DOTALL)
    assert part is not None
    return re.findall(rf"{inner}: '([^']+)'" if inner else r"'([^']+)'", part[1])


@pytest.mark.parametrize("file", ["cosmos.bicep", "event-hubs.bicep", "lake.bicep", "ai-search.bicep"])
def test_brackets_and_quotes_of_the_bicep_files_close(file: str) -> None:
    text = re.sub(r"^\s*//.*", "", (AZURE / file).read_text(), flags=re.MULTILINE)
    assert text.count("'") % 2 == 0
    bare = re.sub(r"'[^']*'", "''", text)
    for first, last in ("{}", "[]", "()"):
        assert bare.count(first) == bare.count(last)
    assert not re.findall(r"[{,]\s*,", bare)


def test_the_container_of_events_is_one_that_the_store_takes() -> None:
    events = resources()["events"]
    index = {
        "indexingMode": "consistent",
        "automatic": True,
        "includedPaths": [{"path": path} for path in listed(events, "includedPaths")],
        "excludedPaths": [{"path": path} for path in listed(events, "excludedPaths")],
    }
    assert index == EVENTS_INDEX
    keys = re.findall(r"paths: \[\s*'([^']+)'\s*\]", events)
    assert keys == ["/aggregateId", "/eventId"]
    check_events(
        {"partitionKey": {"paths": keys[:1]}, "uniqueKeyPolicy": {"uniqueKeys": [{"paths": keys[1:]}]}},
        "events",
    )
    assert "defaultTtl" not in events


def test_the_account_has_one_write_region_and_no_keys() -> None:
    account = resources()["account"]
    assert "enableMultipleWriteLocations: false" in account
    assert "disableLocalAuth: true" in account
    assert account.count("locationName:") == 1


def test_the_script_makes_the_same() -> None:
    text = (AZURE / "cosmos.sh").read_text()
    assert subprocess.run(["bash", "-n", str(AZURE / "cosmos.sh")], check=False).returncode == 0
    index = re.search(r"^index='(.*)'$", text, re.MULTILINE)
    assert index is not None
    assert json.loads(index[1]) == EVENTS_INDEX
    assert '\'{"uniqueKeys":[{"paths":["/eventId"]}]}\'' in text
    assert text.count("-p /aggregateId") == 2


@pytest.mark.parametrize("wrong", ["/id", "/eventId"])
def test_a_wrong_key_would_be_seen(wrong: str) -> None:
    from eventfold.errors import ConfigInvalid

    with pytest.raises(ConfigInvalid):
        check_events({"partitionKey": {"paths": [wrong]}}, "events")


def test_every_name_of_the_bicep_file_of_event_hubs_is_declared() -> None:
    text = (AZURE / "event-hubs.bicep").read_text()
    declared = set(re.findall(r"^(?:param|var|resource) (\w+)", text, re.MULTILINE))
    parents = re.findall(r"^  (?:parent|scope): (\w+)$", text, re.MULTILINE)
    used = {*parents, *re.findall(r"\$\{(\w+)\}", text), *re.findall(r" in (\w+): \{", text)}
    assert used <= declared
    assert len(parents) == 5
    unused = {name for name in declared if len(re.findall(rf"\b{name}\b", text)) < 2}
    assert unused <= {"groups", "relaySends", "relayReads", "readersRead"}


def test_the_event_hub_is_one_that_a_relay_takes() -> None:
    found = resources("event-hubs.bicep")
    assert "disableLocalAuth: true" in found["namespace"]
    assert "kafkaEnabled: true" in found["namespace"]
    assert "cleanupPolicy: 'Delete'" in found["hub"]
    script = (AZURE / "event-hubs.sh").read_text()
    assert subprocess.run(["bash", "-n", str(AZURE / "event-hubs.sh")], check=False).returncode == 0
    for said in ("--cleanup-policy Delete", "--disable-local-auth true", "--sku Standard"):
        assert said in script
    text = (AZURE / "event-hubs.bicep").read_text()
    for name, option in (("partitionCount", "partition-count"), ("retentionHours", "retention-time")):
        default = re.search(rf"^param {name} int = (\d+)$", text, re.MULTILINE)
        assert default is not None
        assert f"--{option} {default[1]}" in script


def test_the_account_of_a_lake_takes_no_key_and_its_address_is_one_that_is_read() -> None:
    text = (AZURE / "lake.bicep").read_text()
    declared = set(re.findall(r"^(?:param|var|resource) (\w+)", text, re.MULTILINE))
    used = {*re.findall(r"(?:parent|scope|principalId|roleDefinitionId|name): (\w+)$", text, re.MULTILINE)}
    assert used - {"id"} <= declared
    assert {name for name in declared if len(re.findall(rf"\b{name}\b", text)) < 2} <= {"writing", "reading"}
    script = (AZURE / "lake.sh").read_text()
    assert subprocess.run(["bash", "-n", str(AZURE / "lake.sh")], check=False).returncode == 0
    for said, done in (
        ("isHnsEnabled: true", "--hns true"),
        ("allowSharedKeyAccess: false", "--allow-shared-key-access false"),
        ("allowBlobPublicAccess: false", "--allow-blob-public-access false"),
        ("days: 7", "--delete-retention-days 7"),
    ):
        assert said in text
        assert done in script
    found = re.search(r"^output lake string = '(.+)'$", text, re.MULTILINE)
    assert found is not None
    address = found[1].replace("${containerName}", "lake").replace("${accountName}", "account")
    read = read_address(address.replace("${environment().suffixes.storage}", "core.windows.net"))
    assert (read.container, read.account, read.path) == ("lake", "account", "shop")


def test_the_url_that_comes_out_is_one_that_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    found = re.search(r"^output bus string = '(.+)'$", (AZURE / "event-hubs.bicep").read_text(), re.MULTILINE)
    assert found is not None
    monkeypatch.delenv("EVENTFOLD_EVENTHUBS_CONNECTION", raising=False)
    with closing(
        open_topic(found[1].replace("${namespaceName}", "shop-events").replace("${hubName}", "shop"))
    ) as topic:
        assert topic.name == "shop"
