"""`eventfold relay` sends what is there, says how much, and names what keeps it from doing so."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import structs

import eventfold as ef
from eventfold.bus.feed.feed import BusFeed
from eventfold.bus.open import open_topic
from eventfold.bus.relay.bringing import Relayed
from eventfold.errors import CapabilityMissing, LogNotFound, StorageBusy
from eventfold.feed.leases.owner import new_owner
from eventfold.store.open import open_store
from tests.bus.conftest import MakeTopic
from tests.bus.relay.making import fill
from tests.bus.sharing import Shared
from tests.doors.calling import eventfold

MAIN = (sys.executable, "-c", "from eventfold.doors.cli.main import main; main()")


def test_it_sends_what_is_there_once(tmp_path: Path, kafka: Shared, topic: MakeTopic) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    with open_store(url) as store:
        fill(store, 25)
    bus = f"kafka://{kafka.plain['bootstrap.servers']}/{topic(3)}"
    first = eventfold("-s", url, "--bus", bus, "relay", "--once")
    again = eventfold("-s", url, "--bus", bus, "--json", "relay", "--once")
    assert "25 events sent." in first.err
    assert json.loads(again.out) == {
        "topic": bus.rpartition("/")[2],
        "sent": 0,
        "known": 0,
        "stands_by": False,
    }


def test_from_now_leaves_out_what_was_there(tmp_path: Path, kafka: Shared, topic: MakeTopic) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    with open_store(url) as store:
        fill(store, 25)
        bus = f"kafka://{kafka.plain['bootstrap.servers']}/{topic(3)}"
        assert "0 events sent" in eventfold("-s", url, "--bus", bus, "relay", "--once", "--from-now").err
        fill(store, 5)
        assert "5 events sent." in eventfold("-s", url, "--bus", bus, "relay", "--once").err


def test_a_function_does_what_the_command_does(tmp_path: Path, kafka: Shared, topic: MakeTopic) -> None:
    url, stop = f"sqlite:///{tmp_path}/log.db", threading.Event()
    bus = f"kafka://{kafka.plain['bootstrap.servers']}/{topic(3)}"
    with open_store(url) as store:
        fill(store, 25)
        assert ef.relay(url, bus) == (25, 0, False)
        fill(store, 5)
        found: list[Relayed] = []
        running = threading.Thread(target=lambda: found.append(ef.relay(url, bus, stop=stop)))
        running.start()
        with closing(BusFeed(open_topic(bus), store.log_id)) as feed:
            while feed.compare(feed.end(), store.feed().end()) != "equal":
                assert running.is_alive()
            with pytest.raises(StorageBusy, match="Another relay sends to"):
                ef.relay(url, bus)
        stop.set()
        running.join(20)
        assert found == [(5, 0, False)]
    with pytest.raises(CapabilityMissing, match="needs the log itself"):
        ef.relay(bus, bus)
    with pytest.raises(LogNotFound):
        ef.relay(f"sqlite:///{tmp_path}/none.db", bus)


def test_without_a_topic_it_says_how_to_name_one(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    open_store(url).close()
    answer = eventfold("-s", url, "relay", "--once")
    assert "--bus kafka://HOST:PORT/TOPIC" in answer.err


def test_a_relay_whose_lease_has_passed_on_says_so_and_leaves_in_order(
    tmp_path: Path, kafka: Shared, topic: MakeTopic
) -> None:
    """It stands by then, and is told to end by SIGTERM."""
    url, name = f"sqlite:///{tmp_path}/log.db", topic(1)
    bus = f"kafka://{kafka.plain['bootstrap.servers']}/{name}"
    with open_store(url) as store:
        fill(store, 5)
        command = [*MAIN, "-s", url, "--bus", bus, "relay"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
            assert running.stderr is not None
            assert "are sent to" in running.stderr.readline()
            effects = store.effects()
            for _ in range(50):  # beside its own signs of life
                (lease,) = effects.all(f"relay:{name}")
                another = structs.replace(
                    lease, owner=new_owner(), epoch=lease.epoch + 1, renewal=lease.renewal + 1
                )
                if lease.owner and effects.keep(lease, [another]):
                    break
            fill(store, 5)
            lines = [running.stderr.readline() for _ in range(2)]
            running.send_signal(signal.SIGTERM)
            _, rest = running.communicate(timeout=30)
    assert f"Sending to {name} has passed to another worker" in lines[0]
    assert f"Another relay sends to {name}; this one takes over" in lines[1]
    assert (running.returncode, "Traceback" in rest) == (0, False)


@pytest.mark.parametrize("command", ["run", "relay"])
def test_told_to_end_while_the_broker_is_dead_it_leaves_with_0(tmp_path: Path, command: str) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    open_store(url).close()
    with socket.create_server(("127.0.0.1", 0)) as dead:
        place = f"kafka://127.0.0.1:{dead.getsockname()[1]}/shop"
        app = ["-a", "tests.bus.feed.test_app:shop"] if command == "run" else []
        line = [*MAIN, *app, "-s", url, "--bus", place, command]
        targets = {f"EVENTFOLD_TARGET_{name}": f"file:{tmp_path}/{name}.jsonl" for name in ("DESK", "OUT")}
        with subprocess.Popen(line, stderr=subprocess.PIPE, text=True, env=os.environ | targets) as running:
            dead.settimeout(60)
            taken, _ = dead.accept()
            running.send_signal(signal.SIGTERM)
            _, err = running.communicate(timeout=30)
        taken.close()
    assert (running.returncode, "Traceback" in err) == (0, False), err
