"""Appends: one at a time, in batches, by many threads; commands; bytes."""

import time
from pathlib import Path
from threading import Thread
from unittest.mock import patch

import eventfold as ef
from benchmarks import peer
from benchmarks.log import APP, EVENT, REGISTRY, Notes, RawAppender, decode, encode, raw_log
from benchmarks.measure import Case
from eventfold.errors import EventfoldError
from eventfold.store.sqlite.names import Interning
from eventfold.store.sqlite.writer import Writer

THREADS = 8
SYNC_SECONDS = 0.002


def append(folder: Path, commits: int, size: int) -> float:
    store = ef.open_store(f"sqlite:///{folder}/log.db")
    began = time.perf_counter()
    for n in range(commits):
        events = [REGISTRY.encode(EVENT) for _ in range(size)]
        store.append(f"note-{n % 50}", events, expected=ef.ANY)
    seconds = time.perf_counter() - began
    store.close()
    return commits * size / seconds


def append_raw(folder: Path, commits: int, size: int) -> float:
    appender = RawAppender(raw_log(folder / "raw.db"))
    began = time.perf_counter()
    for n in range(commits):
        appender.append(n % 50, size)
    seconds = time.perf_counter() - began
    appender.connection.close()
    return commits * size / seconds


def threads(folder: Path, each: int) -> float:
    store = ef.open_store(f"sqlite:///{folder}/log.db")

    def work(number: int) -> None:
        for _ in range(each):
            store.append(f"note-{number}", [REGISTRY.encode(EVENT)], expected=ef.ANY)

    running = [Thread(target=work, args=(n,)) for n in range(THREADS)]
    began = time.perf_counter()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    seconds = time.perf_counter() - began
    store.close()
    return THREADS * each / seconds


def threads_slow(folder: Path, each: int) -> float:
    """The same where each sync takes 2 ms more, as on managed disks."""
    commit = Writer._commit  # noqa: SLF001 - where an append waits for the disk

    def slow(self: Writer, names: Interning) -> EventfoldError | None:
        time.sleep(SYNC_SECONDS)
        return commit(self, names)

    with patch.object(Writer, "_commit", slow):
        return threads(folder, each)


def append_raw_slow(folder: Path, commits: int) -> float:
    appender = RawAppender(raw_log(folder / "raw.db"))
    began = time.perf_counter()
    for n in range(commits):
        time.sleep(SYNC_SECONDS)
        appender.append(n % 50, 1)
    seconds = time.perf_counter() - began
    appender.connection.close()
    return commits / seconds


def commands(folder: Path, count: int) -> float:
    store = ef.open_store(f"sqlite:///{folder}/log.db")
    notes = ef.Repository(store, REGISTRY, Notes)
    for n in range(50):
        notes.execute(f"note-{n}", Notes.note, 1)
    began = time.perf_counter()
    for n in range(count):
        notes.execute(f"note-{n % 50}", Notes.note, n)
    seconds = time.perf_counter() - began
    notes.flush()
    store.close()
    return count / seconds


def commands_raw(folder: Path, count: int) -> float:
    """The same without eventfold: states in memory, read what is new, apply it, decide, append."""
    appender = RawAppender(raw_log(folder / "raw.db"))
    state = {n: [0, 0] for n in range(50)}
    select = "SELECT version, data FROM events WHERE stream = ? AND version > ? ORDER BY version"
    began = time.perf_counter()
    for n in range(count):
        kept = state[n % 50]
        for version, data in appender.connection.execute(select, (n % 50, kept[0])):
            kept[0], kept[1] = version, kept[1] + decode(data).number
        appender.append(n % 50, 1)
    seconds = time.perf_counter() - began
    appender.connection.close()
    return count / seconds


def stored_bytes(folder: Path, count: int = 20_000) -> float:
    store = ef.open_store(f"sqlite:///{folder}/log.db")
    for n in range(count // 1_000):
        store.append(f"note-{n}", [REGISTRY.encode(EVENT) for _ in range(1_000)], expected=0)
    store.close()
    return (folder / "log.db").stat().st_size / count


def stored_bytes_raw(folder: Path, count: int = 20_000) -> float:
    appender = RawAppender(raw_log(folder / "raw.db"))
    for n in range(count // 1_000):
        appender.append(n, 1_000)
    appender.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    appender.connection.close()
    return (folder / "raw.db").stat().st_size / count


assert decode(encode(EVENT)) == EVENT
assert APP.registry is REGISTRY

CASES = [
    Case(
        name="append, one event a commit",
        unit="events/s",
        ours=lambda f: append(f, 2_000, 1),
        floor=lambda f: append_raw(f, 2_000, 1),
        target=0.8,
        peer=lambda f: peer.append(f, 2_000, 1),
    ),
    Case(
        name="append, 3 a commit",
        unit="events/s",
        ours=lambda f: append(f, 2_000, 3),
        floor=lambda f: append_raw(f, 2_000, 3),
        target=0.8,
        peer=lambda f: peer.append(f, 2_000, 3),
    ),
    Case(
        name="append, 1,000 a commit",
        unit="events/s",
        ours=lambda f: append(f, 60, 1_000),
        floor=lambda f: append_raw(f, 60, 1_000),
        target=0.8,
        peer=lambda f: peer.append(f, 60, 1_000),
    ),
    Case(
        name="append, 8 threads; floor: one thread",
        unit="events/s",
        ours=lambda f: threads(f, 600),
        floor=lambda f: append_raw(f, 2_000, 1),
        target=2.0,
    ),
    Case(
        name="the same, where a sync takes 2 ms more",
        unit="events/s",
        ours=lambda f: threads_slow(f, 200),
        floor=lambda f: append_raw_slow(f, 500),
        target=2.0,
    ),
    Case(
        name="load, decide, append one command, warm",
        unit="commands/s",
        ours=lambda f: commands(f, 2_000),
        floor=lambda f: commands_raw(f, 2_000),
        target=0.7,
        peer=lambda f: peer.commands(f, 2_000),
    ),
    Case(
        name="bytes of a stored event",
        unit="bytes",
        ours=stored_bytes,
        floor=stored_bytes_raw,
        peer=lambda f: peer.stored_bytes(f, 20_000),
        target=1.15,
        at_most=True,
        repeats=1,
    ),
]
