"""The deployment files make what the store asks for. They are read here, not deployed: no account is at hand."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from eventfold.store.cosmos.requests.connect import EVENTS_INDEX, check_events

AZURE = Path(__file__).parents[2] / "docs" / "azure"


def resources() -> dict[str, str]:
    text = (AZURE / "cosmos.bicep").read_text()
    found = re.findall(r"^resource (\w+) (.*?)^\}\]?$", text, re.MULTILINE | re.DOTALL)
    return dict(found)


def listed(body: str, name: str, inner: str = "path") -> list[str]:
    part = re.search(rf"{name}: \[(.*?)\n\s*\]\n", body, re.DOTALL)
    assert part is not None
    return re.findall(rf"{inner}: '([^']+)'" if inner else r"'([^']+)'", part[1])


def test_brackets_and_quotes_of_the_bicep_file_close() -> None:
    text = re.sub(r"^\s*//.*", "", (AZURE / "cosmos.bicep").read_text(), flags=re.MULTILINE)
    assert text.count("'") % 2 == 0
    bare = re.sub(r"'[^']*'", "''", text)
    for opening, closing in ("{}", "[]", "()"):
        assert bare.count(opening) == bare.count(closing)
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
