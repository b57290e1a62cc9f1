"""kill -9 between what the broker acknowledged and the word of it: nothing is lost, and a repeat has the same id."""

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.bus.conftest import MakeTopic
from tests.bus.public.making import fill, records, shop
from tests.bus.sharing import ROOT, Shared

EVENTS, STREAMS, SIDE_BY_SIDE = 40, 10, 8


def publish(folder: Path, kafka: Shared, name: str, how: str) -> None:
    """Some events, by a worker that is killed and one that goes on."""
    store = f"sqlite:///{folder}/log.db"
    with shop("sent").open(store, state="sqlite://", targets={"sent": "log:"}) as live:
        fill(live, EVENTS, STREAMS)
    place = f"kafka://{kafka.plain['bootstrap.servers']}/{name}"
    ends = [run(store, place, how, after) for after in ("17", "1000")]
    assert ends == [-signal.SIGKILL, 0]


def run(*arguments: str) -> int:
    command = [sys.executable, "-m", "tests.bus.public.worker", *arguments]
    return subprocess.run(command, cwd=ROOT, timeout=60, check=False, capture_output=True).returncode


def test_killed_before_the_word_of_it_nothing_is_lost_and_repeats_have_the_same_id(
    tmp_path: Path, kafka: Shared, topic: MakeTopic
) -> None:
    name = topic(3)
    publish(tmp_path, kafka, name, "real")
    found = records(kafka.plain, name, 3)
    ids = Counter(one.headers["ce_id"] for one in found)
    assert len(ids) == EVENTS
    assert EVENTS < len(found) <= EVENTS + SIDE_BY_SIDE
    first: dict[bytes, bytes] = {}
    for one in found:
        first.setdefault(one.headers["ce_id"], one.headers["ce_causationid"])
        assert first[one.headers["ce_id"]] == one.headers["ce_causationid"]
    for key in {one.key for one in found}:
        told = list(dict.fromkeys(one.value for one in found if one.key == key))
        assert told == sorted(told, key=lambda value: value or b"")
        assert len(told) == EVENTS // STREAMS


def test_control_a_target_that_says_taken_before_it_is_acknowledged_loses(
    tmp_path: Path, kafka: Shared, topic: MakeTopic
) -> None:
    name = topic(3)
    publish(tmp_path, kafka, name, "hasty")
    assert len({one.headers["ce_id"] for one in records(kafka.plain, name, 3)}) < EVENTS
