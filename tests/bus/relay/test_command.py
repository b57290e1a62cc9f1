"""`eventfold relay` sends what is there, says how much, and names what keeps it from doing so."""

import json
from pathlib import Path

from eventfold.store.open import open_store
from tests.bus.conftest import MakeTopic
from tests.bus.relay.making import fill
from tests.bus.sharing import Shared
from tests.doors.calling import eventfold


def test_it_sends_what_is_there_once(tmp_path: Path, kafka: Shared, topic: MakeTopic) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    with open_store(url) as store:
        fill(store, 25)
    bus = f"kafka://{kafka.plain['bootstrap.servers']}/{topic(3)}"
    first = eventfold("-s", url, "--bus", bus, "relay", "--once")
    again = eventfold("-s", url, "--bus", bus, "--json", "relay", "--once")
    assert "25 events sent, 0 were there." in first.err
    assert json.loads(again.out) == {"topic": bus.rpartition("/")[2], "sent": 0, "known": 0}


def test_from_now_leaves_out_what_was_there(tmp_path: Path, kafka: Shared, topic: MakeTopic) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    with open_store(url) as store:
        fill(store, 25)
        bus = f"kafka://{kafka.plain['bootstrap.servers']}/{topic(3)}"
        assert "0 events sent" in eventfold("-s", url, "--bus", bus, "relay", "--once", "--from-now").err
        fill(store, 5)
        assert "5 events sent, 0 were there" in eventfold("-s", url, "--bus", bus, "relay", "--once").err


def test_without_a_topic_it_says_how_to_name_one(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    open_store(url).close()
    answer = eventfold("-s", url, "relay", "--once")
    assert "--bus kafka://HOST:PORT/TOPIC" in answer.err
