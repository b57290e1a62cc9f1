"""Eight processes on one log: one winner for each version, nothing lost or doubled, a history that could have been."""

import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from eventfold import NewEvent, WrongExpectedVersion, new_id, open_store
from eventfold.testing.linearizability import Operation, linearizable
from tests.trust.figures import record

ROOT = Path(__file__).parents[2]
PROCESSES, COOL = 8, 16
Append = Callable[[str, UUID, int], str | None]


def work(place: str, number: int, appends: int, append: Append, head: Callable[[str], int]) -> None:
    """One process: reads a head, appends what it expects, now and then again with the same id; prints what it saw."""
    dice = random.Random(number)
    for _ in range(appends):
        stream = "hot-1" if dice.random() < 0.5 else f"cool-{dice.randrange(COOL)}"
        called = time.monotonic_ns()
        version = head(stream)
        print(json.dumps([stream, called, time.monotonic_ns(), "read", 0, version, ""]))
        event_id = new_id()
        called = time.monotonic_ns()
        result = append(stream, event_id, version)
        if dice.random() < 0.1 and append(stream, event_id, version) != result:
            print(json.dumps(["a repeat was answered otherwise", 0, 0, "append", 0, None, ""]))
        print(json.dumps([stream, called, time.monotonic_ns(), "append", version, result, event_id.hex]))


def eventfold_work(place: str, number: int, appends: int) -> None:
    store = open_store(place)

    def append(stream: str, event_id: UUID, expected: int) -> str:
        try:
            store.append(stream, [NewEvent(event_id, "Noted", 1, "{}")], expected=expected)
        except WrongExpectedVersion:
            return "conflict"
        return "ok"

    work(place, number, appends, append, store.head)
    store.close()


def naive_work(place: str, number: int, appends: int) -> None:
    """Looks whether the version is still there, then inserts: what many stores written in an afternoon do."""
    db = sqlite3.connect(place, isolation_level=None, timeout=30)
    db.execute("CREATE TABLE IF NOT EXISTS events (stream TEXT, version INTEGER, id TEXT)")

    def head(stream: str) -> int:
        return int(db.execute("SELECT count(*) FROM events WHERE stream = ?", (stream,)).fetchone()[0])

    def append(stream: str, event_id: UUID, expected: int) -> str:
        if db.execute("SELECT 1 FROM events WHERE id = ?", (event_id.hex,)).fetchone():
            return "ok"
        if head(stream) != expected:
            return "conflict"
        db.execute("INSERT INTO events VALUES (?, ?, ?)", (stream, expected + 1, event_id.hex))
        return "ok"

    work(place, number, appends, append, head)
    db.close()


def contend(
    place: str, worker: str, appends: int, module: str = "tests.store.test_contention"
) -> dict[str, list[tuple[Operation, str]]]:
    """What all processes saw, by stream."""
    code = f"import sys; from {module} import *; {worker}(sys.argv[1], int(sys.argv[2]), {appends})"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, place, str(n)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(PROCESSES)
    ]
    seen: dict[str, list[tuple[Operation, str]]] = defaultdict(list)
    for process in running:
        out, _ = process.communicate(timeout=300)
        assert process.returncode == 0
        for line in out.splitlines():
            stream, called, returned, kind, expected, result, event_id = json.loads(line)
            seen[stream].append((Operation(called, returned, kind, expected, result), event_id))
    return seen


def judge(place: str, appends: int) -> None:
    seen = contend(place, "eventfold_work", appends)
    store = open_store(place)
    won = lost = 0
    for stream, operations in seen.items():
        winners = [(op, event_id) for op, event_id in operations if op.kind == "append" and op.result == "ok"]
        lost += sum(1 for op, _ in operations if op.result == "conflict")
        won += len(winners)
        stored = list(store.read(stream))
        assert [event.version for event in stored] == list(range(1, len(winners) + 1))
        assert sorted(op.expected + 1 for op, _ in winners) == [event.version for event in stored]
        by_version = {op.expected + 1: event_id for op, event_id in winners}
        assert [event.id.hex for event in stored] == [by_version[event.version] for event in stored]
        assert linearizable(op for op, _ in operations), stream
    assert won + lost == PROCESSES * appends
    assert lost > 0
    assert len(seen["hot-1"]) > appends
    store.close()


@pytest.mark.slow
def test_contention_has_one_winner_for_each_version(tmp_path: Path) -> None:
    judge(f"sqlite:///{tmp_path}/log.db", 60)


@pytest.mark.nightly
def test_four_thousand_contended_appends_have_one_winner_for_each_version(tmp_path: Path) -> None:
    judge(f"sqlite:///{tmp_path}/log.db", 500)
    record("contention", processes=PROCESSES, appends=PROCESSES * 500, without_one_winner=0)


@pytest.mark.slow
def test_a_store_that_looks_and_then_inserts_is_found_out(tmp_path: Path) -> None:
    naive_work(str(tmp_path / "naive.db"), 0, 0)
    seen = contend(str(tmp_path / "naive.db"), "naive_work", 250)
    verdicts = [linearizable(op for op, _ in operations) for operations in seen.values()]
    assert not all(verdicts)
