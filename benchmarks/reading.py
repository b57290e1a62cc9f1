"""Reads: one long stream, the whole feed, the feed into a table's state."""

import threading
import time
from pathlib import Path

import apsw

import eventfold as ef
from benchmarks import peer
from benchmarks.log import APP, EVENT, REGISTRY, Notes, NotesTable, RawAppender, decode, fill, raw_log
from benchmarks.measure import Case

LONG = 10_000
FEED = 100_000


def _long_stream(folder: Path) -> str:
    url = f"sqlite:///{folder}/log.db"
    if not (folder / "log.db").exists():
        store = ef.open_store(url)
        store.append("note-0", [REGISTRY.encode(EVENT) for _ in range(LONG)], expected=0)
        store.close()
        RawAppender(raw_log(folder / "raw.db")).append(0, LONG)
    return url


def load_long(folder: Path) -> float:
    """Milliseconds to fold 10,000 events into an aggregate, without snapshot."""
    store = ef.open_store(_long_stream(folder))
    notes = ef.Repository(store, REGISTRY, Notes, warm=0)
    began = time.perf_counter()
    assert notes.load("note-0").count == LONG
    seconds = time.perf_counter() - began
    store.close()
    return seconds * 1e3


def load_snapshot(folder: Path) -> float:
    """The same with a snapshot at hand."""
    store = ef.open_store(_long_stream(folder))
    notes = ef.Repository(store, REGISTRY, Notes, warm=0)
    notes.execute("note-0", Notes.note, 1)
    for _ in range(99):
        notes.execute("note-0", Notes.note, 1)
    assert notes.flush()
    began = time.perf_counter()
    assert notes.load("note-0").count == LONG + 100
    seconds = time.perf_counter() - began
    store.close()
    return seconds * 1e3


def load_long_raw(folder: Path) -> float:
    _long_stream(folder)
    connection = apsw.Connection(str(folder / "raw.db"))
    total = count = 0
    began = time.perf_counter()
    rows = connection.execute("SELECT data FROM events WHERE stream = 0 AND version > 0 ORDER BY version")
    for (data,) in rows:
        event = decode(data)
        total += event.number
        count += 1
    seconds = time.perf_counter() - began
    connection.close()
    assert count == LONG
    return seconds * 1e3


def _feed_log(folder: Path) -> str:
    url = f"sqlite:///{folder}/log.db"
    if not (folder / "log.db").exists():
        fill(url, FEED // 10, 10)
        appender = RawAppender(raw_log(folder / "raw.db"), FEED // 10)
        for stream in range(FEED // 10):
            appender.append(stream, 10)
        appender.connection.close()
    return url


def read_feed(folder: Path) -> float:
    store = ef.open_store(_feed_log(folder))
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
    connection = apsw.Connection(str(folder / "raw.db"))
    began = time.perf_counter()
    count = 0
    for row in connection.execute("SELECT * FROM events ORDER BY position"):
        decode(str(row[8]))
        count += 1
    seconds = time.perf_counter() - began
    connection.close()
    return count / seconds


def project(folder: Path) -> float:
    """The feed folded into the state, page by page, committed durably."""
    _feed_log(folder)
    with APP.open(f"sqlite:///{folder}/log.db") as live:
        began = time.perf_counter()
        live.catch_up()
        return FEED / (time.perf_counter() - began)


def project_raw(folder: Path) -> float:
    """A dict loop over the raw rows, its rows written at the end of every 2,000 events in one commit."""
    connection = apsw.Connection(str(folder / "raw.db"))
    target = apsw.Connection(str(folder / "rows.db"))
    target.execute("PRAGMA journal_mode=WAL").fetchall()
    target.execute("PRAGMA synchronous=FULL")
    target.execute(
        "CREATE TABLE rows (stream INTEGER PRIMARY KEY, total INT, latest INT, count INT, at INT) STRICT"
    )
    rows: dict[int, tuple[int, int, int, int]] = {}
    began = time.perf_counter()
    touched: set[int] = set()
    count = 0
    for count, (stream, at, data) in enumerate(
        connection.execute("SELECT stream, recorded_us, data FROM events ORDER BY position"), 1
    ):
        number = decode(data).number
        total, _, events, _ = rows.get(stream, (0, 0, 0, 0))
        rows[stream] = (total + number, number, events + 1, at)
        touched.add(stream)
        if count % 2_000 == 0:
            _write(target, rows, touched)
    _write(target, rows, touched)
    seconds = time.perf_counter() - began
    connection.close()
    target.close()
    return count / seconds


def _write(target: apsw.Connection, rows: dict[int, tuple[int, int, int, int]], touched: set[int]) -> None:
    target.execute("BEGIN IMMEDIATE")
    target.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?)", [(s, *rows[s]) for s in touched])
    target.execute("COMMIT")
    touched.clear()


def visible(folder: Path) -> float:
    """Milliseconds from append to the row in the state, the 99th percentile of 300."""
    stop = threading.Event()
    with APP.open(f"sqlite:///{folder}/log.db") as live:
        worker = threading.Thread(target=live.run, args=(stop,))
        worker.start()
        table, found = live.table(NotesTable), []
        for n in range(300):
            began = time.perf_counter()
            answer = live.store.append(f"note-{n % 10}", [REGISTRY.encode(EVENT)], expected=ef.ANY)
            table.wait(answer.token)
            found.append(time.perf_counter() - began)
        stop.set()
        worker.join()
    return sorted(found)[-3] * 1e3


CASES = [
    Case(
        name="fold a stream of 10,000 events",
        unit="ms",
        ours=load_long,
        floor=load_long_raw,
        peer=lambda f: peer.load_long(f, LONG),
        target=3.0,
        at_most=True,
        repeats=5,
    ),
    Case(
        name="the same with a snapshot",
        unit="ms",
        ours=load_snapshot,
        floor=load_long_raw,
        target=0.1,
        at_most=True,
        repeats=5,
    ),
    Case(
        name="read the feed as typed events",
        unit="events/s",
        ours=read_feed,
        floor=read_feed_raw,
        peer=lambda f: peer.read_feed(f, FEED // 10),
        target=0.5,
    ),
    Case(
        name="fold the feed into the state",
        unit="events/s",
        ours=project,
        floor=project_raw,
        peer=lambda f: peer.project(f, FEED // 50),
        target=0.7,
    ),
    Case(
        name="append to visible in state, p99; floor: 50 ms",
        unit="ms",
        ours=visible,
        floor=50.0,
        target=1.0,
        at_most=True,
        repeats=1,
    ),
]
