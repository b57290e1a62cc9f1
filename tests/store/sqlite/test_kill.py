"""What was acknowledged survives kill -9, nothing is torn, and the check itself can fail."""

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import apsw
import pytest

from eventfold import open_store
from tests.trust.figures import record

WRITER = """
import sys
from eventfold import ANY, Write, open_store
from eventfold.testing.making import make_many
store = open_store(sys.argv[1])
while True:
    writes = [Write("order-1", make_many(2), ANY), Write("cart-1", make_many(3), ANY)]
    store.append_all(writes)
    print(" ".join(e.id.hex for w in writes for e in w.events), flush=True)
"""


def lost_or_torn(acknowledged: list[list[str]], stored: set[str], written: int) -> list[str]:
    """What is wrong with a log: acknowledged appends that are missing, and a number of events no whole appends give."""
    lost = [one for batch in acknowledged for one in batch if one not in stored]
    return lost + (["torn"] if written % 5 else [])


def killed_writer(url: str, after: float) -> list[list[str]]:
    """Runs a writer, kills it, and returns what it acknowledged."""
    with subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        threading.Timer(after, lambda: os.kill(process.pid, signal.SIGKILL)).start()
        lines = [first, *process.stdout]
    return [line.split() for line in lines if line.endswith("\n")]


def kill_rounds(tmp_path: Path, rounds: int) -> int:
    """Judges the log after each kill; returns how many appends were acknowledged."""
    dice = random.Random(5)
    url = f"sqlite:///{tmp_path}/log.db"
    acknowledged: list[list[str]] = []
    for _ in range(rounds):
        acknowledged += killed_writer(url, dice.uniform(0, 0.03))
        store = open_store(url)
        orders, carts = list(store.read("order-1")), list(store.read("cart-1"))
        store.close()
        stored = {e.id.hex for e in [*orders, *carts]}
        assert lost_or_torn(acknowledged, stored, len(orders) + len(carts)) == []
        assert [e.version for e in orders] == list(range(1, len(orders) + 1))
        assert len(orders) * 3 == len(carts) * 2
        check = apsw.Connection(f"{tmp_path}/log.db")
        assert check.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        check.close()
    assert len(acknowledged) >= rounds
    return len(acknowledged)


def test_a_killed_writer_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    kill_rounds(tmp_path, 8)


@pytest.mark.nightly
def test_five_hundred_killed_writers_lose_nothing(tmp_path: Path) -> None:
    acknowledged = kill_rounds(tmp_path, 500)
    record("kills", rounds=500, acknowledged=acknowledged, lost=0, torn=0)


def test_control_a_lost_or_torn_append_is_noticed() -> None:
    assert lost_or_torn([["a", "b"]], {"a"}, 5) == ["b"]
    assert lost_or_torn([["a"]], {"a"}, 4) == ["torn"]
