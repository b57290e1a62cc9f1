"""`eventfold tail` follows the topic where there is one: the events of the log, with its places and its cursors."""

import json
from pathlib import Path
from typing import Any

import pytest

from eventfold.store.open import open_store
from tests.bus.conftest import MakeTopic
from tests.bus.relay.making import fill
from tests.bus.sharing import Shared
from tests.doors.calling import Told, eventfold


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('log')}/log.db"
    with open_store(url) as store:
        fill(store, 30)
    return url


def events(told: Told) -> list[dict[str, Any]]:
    assert told.code == 0, told.err
    return [json.loads(line) for line in told.out.splitlines()]


@pytest.mark.parametrize("form", [(), ("--structured",)], ids=["binary", "structured"])
def test_the_topic_gives_what_the_log_gives(
    log: str, kafka: Shared, topic: MakeTopic, form: tuple[str, ...]
) -> None:
    bus = f"kafka://{kafka.plain['bootstrap.servers']}/{topic(3)}"
    sent = eventfold("-s", log, "--json", "relay", "--bus", bus, "--once", *form)
    assert json.loads(sent.out)["sent"] == 30
    whole = ["tail", "--once", "--json", "--from", "start"]
    of_log = events(eventfold("-s", log, *whole))
    assert events(eventfold("-s", log, *whole, "--bus", bus)) == of_log
    assert events(eventfold(*whole, "--bus", bus)) == of_log  # the topic alone
    assert events(eventfold("-s", log, "--bus", bus, *whole)) == of_log  # by the setting
    stream = of_log[3]["aggregateId"]
    of_stream = events(eventfold(*whole, "--bus", bus, "--stream", stream))
    assert of_stream == [event for event in of_log if event["aggregateId"] == stream]
    assert eventfold("-s", log, "tail", "--once", "--bus", bus).out == ""  # "now" is the end of the topic


def test_a_cursor_of_the_topic_is_one_of_the_log(tmp_path: Path, kafka: Shared, topic: MakeTopic) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    bus = f"kafka://{kafka.plain['bootstrap.servers']}/{topic(2)}"
    with open_store(url) as store:
        fill(store, 10)
        assert eventfold("-s", url, "relay", "--bus", bus, "--once").code == 0
        told = eventfold("tail", "--once", "--json", "--from", "start", "--bus", bus)
        cursor = json.dumps(json.loads(told.err)["cursor"])
        fill(store, 4)
        later = ["tail", "--once", "--json", "--from", cursor]
        assert len(events(eventfold("-s", url, *later))) == 4
        with_bus = ["-s", url, "--bus", bus, *later]
        assert events(eventfold(*with_bus)) == []  # the relay has not brought them yet
        assert len(events(eventfold(*with_bus, "--log"))) == 4


def test_a_topic_to_which_nothing_was_brought_says_so(kafka: Shared, topic: MakeTopic) -> None:
    name = topic(1)
    told = eventfold("tail", "--once", "--bus", f"kafka://{kafka.plain['bootstrap.servers']}/{name}")
    assert f"No relay has brought anything to {name} yet" in told.err
    assert told.code == 7


def test_a_url_behind_the_command_is_told_as_its_option() -> None:
    told = eventfold("tail", "--once", "--bus", "http://127.0.0.1/x")
    assert (told.code, "The setting bus is given by --bus" in told.err) == (2, True)
