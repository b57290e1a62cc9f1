"""`eventfold receive --from`: a topic instead of a port; killed at any moment, and told to end while a broker hangs."""

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from confluent_kafka import Producer

import eventfold as ef
from tests.bus.conftest import MakeTopic
from tests.bus.public.test_receiver import event, send, told, url
from tests.bus.sharing import Shared
from tests.doors.calling import eventfold

KEYS = 50
MAIN = [sys.executable, "-c", "from eventfold.doors.cli import main; main()"]


@pytest.fixture
def log(tmp_path: Path) -> str:
    found = f"sqlite:///{tmp_path}/log.db"
    ef.open_store(found).close()
    return found


def test_it_receives_what_is_there_and_says_how_much(kafka: Shared, topic: MakeTopic, log: str) -> None:
    name = topic()
    send(kafka, name, event("a", 1), event("a", 2), b"?")
    command = ("receive", "--source", "shipments", "--from", url(kafka, name), "--once")
    first = eventfold("-s", log, *command)
    again = eventfold("-s", log, "--json", *command)
    assert "3 events received, 0 known." in first.err
    assert "1 record could not be read: kept with their bytes" in first.err
    assert json.loads(again.out) == {"received": 0, "known": 0, "unreadable": 0}
    send(kafka, name, event("a", 3))
    (reader,) = json.loads(eventfold("-s", log, "--bus", url(kafka, name), "--json", "bus").out)["readers"]
    assert (reader["reader"], reader["behind"]) == (f"receive:shipments:{name}", 1)
    (source,) = json.loads(eventfold("-s", log, "--json", "status").out)["sources"]
    assert (source["name"], source["topic"], source["state"], source["lag"]) == (
        "shipments",
        name,
        "stands",
        0,
    )
    assert f"shipments   {name}   stands     0" in eventfold("-s", log, "status").out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--once",), "for a topic: name it by --from"),
        (("--begin", "now"), "for a topic: name it by --from"),
        (("--past-gap",), "for a topic: name it by --from"),
        (("--from", "kafka://h/t", "--port", "1"), "start one of each"),
        (("--from", "amqp://h/t"), "No bus is known"),
        (("--from", "kafka://h/t?user=me"), "EVENTFOLD_KAFKA_PASSWORD"),
    ],
)
def test_what_cannot_be_is_refused(log: str, arguments: tuple[str, ...], says: str) -> None:
    answer = eventfold("-s", log, "receive", "--source", "shipments", *arguments)
    assert (answer.code, says in answer.err) == (2, True)


def test_killed_while_it_receives_it_goes_on_and_loses_and_doubles_nothing(
    kafka: Shared, topic: MakeTopic, log: str
) -> None:
    name = topic(3)
    command = [*MAIN, "-s", log, "receive", "--source", "shipments", "--from", url(kafka, name)]
    producer = Producer({**kafka.plain, "partitioner": "murmur2_random"})
    sent = 0
    for _ in range(2):
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as running, ef.open_store(log) as store:
            before = store.feed().end()
            until = time.monotonic() + 60
            while store.feed().end() == before and time.monotonic() < until:
                for _ in range(40):
                    sent += 1
                    key = f"k{sent % KEYS}"
                    producer.produce(name, event(key, sent), key.encode())
                producer.flush(30)
            running.send_signal(signal.SIGKILL)
    answer = eventfold("-s", log, *command[5:], "--once")
    assert answer.code == 0, answer.err
    with ef.open_store(log) as store:
        found = told(store)
    numbers = range(1, sent + 1)
    assert found == {f"k{k}": [n for n in numbers if n % KEYS == k] for k in {n % KEYS for n in numbers}}


@pytest.mark.slow
def test_it_leaves_when_it_is_told_though_the_broker_hangs(log: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"kafka://127.0.0.1:{silent.getsockname()[1]}/shipments"
        command = [*MAIN, "-s", log, "receive", "--source", "shipments", "--from", place]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
            silent.settimeout(30)
            taken, _ = silent.accept()
            running.send_signal(signal.SIGTERM)
            _, err = running.communicate(timeout=20)
        taken.close()
    assert (running.returncode, "Traceback" in err) == (0, False)
