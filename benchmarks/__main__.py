"""`./dev bench`: each path beside its raw floor, the same work by the same libraries, in the same run."""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import apsw
import msgspec

import eventfold as ef

SINGLE, BATCHES, SIZE, REPEATS = 2_000, 30, 1_000, 3
SCHEMA = """
PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
CREATE TABLE events (position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, version INTEGER NOT NULL,
  type INTEGER NOT NULL, schema_version INTEGER NOT NULL, event_id BLOB NOT NULL UNIQUE,
  recorded_us INTEGER NOT NULL, occurred_us INTEGER,
  data TEXT NOT NULL, metadata TEXT NOT NULL, UNIQUE (stream, version)) STRICT;
"""
INSERT = "INSERT INTO events VALUES (?, ?, ?, 1, 1, ?, ?, NULL, ?, '{}')"


class Noted(ef.Event):
    text: str
    number: int


REGISTRY = ef.Registry([Noted])
EVENT = Noted(text="x" * 170, number=1)


def append(folder: Path, commits: int, size: int) -> float:
    store = ef.open_store(f"sqlite:///{folder / f'log-{size}.db'}")
    began = time.perf_counter()
    for n in range(commits):
        events = [REGISTRY.encode(EVENT) for _ in range(size)]
        store.append(f"note-{n % 50}", events, expected=ef.ANY)
    seconds = time.perf_counter() - began
    store.close()
    return commits * size / seconds


def append_raw(folder: Path, commits: int, size: int) -> float:
    connection = apsw.Connection(str(folder / f"raw-{size}.db"))
    connection.execute(SCHEMA).fetchall()  # a PRAGMA gives a row; what follows it waits until it is read
    versions = [0] * 50
    position = 0
    encode = msgspec.json.Encoder().encode
    began = time.perf_counter()
    for n in range(commits):
        rows = []
        for _ in range(size):
            position += 1
            versions[n % 50] += 1
            data = encode(EVENT).decode()
            rows.append((position, n % 50, versions[n % 50], ef.new_id().bytes, time.time_ns() // 1000, data))
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(INSERT, rows)
        connection.execute("COMMIT")
    seconds = time.perf_counter() - began
    connection.close()
    return commits * size / seconds


def read_feed(folder: Path) -> float:
    store = ef.open_store(f"sqlite:///{folder / f'log-{SIZE}.db'}")
    feed = store.feed()
    cursor, count, caught_up = feed.start(), 0, False
    began = time.perf_counter()
    while not caught_up:
        page = feed.read(cursor, 5_000)
        count += len([REGISTRY.decode(event) for event in page.events])
        cursor, caught_up = page.cursor, page.caught_up
    seconds = time.perf_counter() - began
    store.close()
    return count / seconds


def read_feed_raw(folder: Path) -> float:
    connection = apsw.Connection(str(folder / f"raw-{SIZE}.db"))
    decode = msgspec.json.Decoder(Noted).decode
    began = time.perf_counter()
    count = 0
    for row in connection.execute("SELECT * FROM events ORDER BY position"):
        decode(str(row[8]))
        count += 1
    seconds = time.perf_counter() - began
    connection.close()
    return count / seconds


def main() -> int:
    paths: list[tuple[str, float, Callable[[Path], float], Callable[[Path], float]]] = [
        (
            "append, one event a commit",
            0.8,
            lambda f: append(f, SINGLE, 1),
            lambda f: append_raw(f, SINGLE, 1),
        ),
        (
            "append, 1,000 a commit",
            0.8,
            lambda f: append(f, BATCHES, SIZE),
            lambda f: append_raw(f, BATCHES, SIZE),
        ),
        ("read the feed as typed events", 0.5, read_feed, read_feed_raw),
    ]
    found = {}
    print(f"{'path':32} {'events/s':>12} {'floor':>12} {'ratio':>7} {'target':>7}")
    folders = [tempfile.TemporaryDirectory() for _ in range(REPEATS)]
    for name, target, ours, floor in paths:
        pairs = [(ours(Path(f.name)), floor(Path(f.name))) for f in folders]
        rate, raw = (statistics.median(p[i] for p in pairs) for i in (0, 1))
        ratio = statistics.median(a / b for a, b in pairs)
        found[name] = {"events_per_second": rate, "floor": raw, "ratio": ratio, "target": target}
        print(f"{name:32} {rate:12,.0f} {raw:12,.0f} {ratio:7.2f} {target:7.2f}")
    for folder in folders:
        folder.cleanup()
    results = Path("benchmarks/results")
    results.mkdir(parents=True, exist_ok=True)
    (results / "latest.json").write_text(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
