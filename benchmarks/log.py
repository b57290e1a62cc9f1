"""The events that are measured with, and the plain table that is the floor's log."""

import time
from pathlib import Path
from uuid import uuid4

import apsw
import msgspec

import eventfold as ef

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


class Notes(ef.Aggregate[Noted], category="note"):
    total: int = 0
    count: int = 0

    def note(self, number: int) -> None:
        self.raise_event(Noted(text="x" * 170, number=number))

    def apply(self, event: Noted) -> None:
        self.total += event.number
        self.count += 1


class NotesTable(ef.Table, category="note", name="notes"):
    note = ef.key()
    total = ef.sum(Noted.number)
    latest = ef.last(Noted.number)
    count = ef.count(Noted)
    changed_at = ef.last(ef.recorded_at)


APP = ef.App("bench", aggregates=[Notes], tables=[NotesTable])
REGISTRY = APP.registry
EVENT = Noted(text="x" * 170, number=1)
encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Noted).decode


def raw_log(path: Path) -> apsw.Connection:
    """An empty plain table in a file."""
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(10_000)
    connection.execute(SCHEMA).fetchall()  # a PRAGMA gives a row; what follows it waits until it is read
    return connection


class RawAppender:
    """Appends to the plain table; versions and positions are kept in memory, as a lone writer may."""

    def __init__(self, connection: apsw.Connection, streams: int = 50) -> None:
        self.connection = connection
        self._versions = [0] * streams
        self._position = 0

    def append(self, stream: int, size: int) -> None:
        """One commit."""
        rows = []
        for _ in range(size):
            self._position += 1
            self._versions[stream] += 1
            now = time.time_ns() // 1000
            data = encode(EVENT).decode()
            rows.append((self._position, stream, self._versions[stream], uuid4().bytes, now, data))
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.executemany(INSERT, rows)
        self.connection.execute("COMMIT")


def fill(url: str, streams: int, each: int, *, batch: int = 2_000) -> None:
    """A log of `streams` streams with `each` events, written in large transactions."""
    store = ef.open_store(url)
    done = 0
    while done < streams:
        some = range(done, min(streams, done + batch // each + 1))
        store.append_all(
            [ef.Write(f"note-{n}", [REGISTRY.encode(EVENT) for _ in range(each)], 0) for n in some]
        )
        done = some.stop
    store.close()
