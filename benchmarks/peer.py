"""The same operations by the PyPI package `eventsourcing`, its SQLite module as it comes: WAL, synchronous FULL.

It keeps aggregates in a cache and asks for newer events at each load, as a repository of ours does. Its projections are
written by the user; the one here keeps its rows and its place in one transaction, an event at a time, which is the way
of its documentation.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.sqlite import SQLiteDatastore, SQLiteTrackingRecorder

TEXT = "x" * 170
STREAMS = 50
PAGE = 5_000


class Note(Aggregate):
    def __init__(self) -> None:
        self.total = 0
        self.count = 0

    @event("Noted")
    def note(self, text: str, number: int) -> None:
        self.total += number
        self.count += 1


@contextmanager
def opened(folder: Path, *, cache: bool = True) -> Iterator[Application[UUID]]:
    environment = {
        "PERSISTENCE_MODULE": "eventsourcing.sqlite",
        "SQLITE_DBNAME": str(folder / "peer.db"),
        "AGGREGATE_CACHE_MAXSIZE": "1000" if cache else "0",
    }
    application = Application[UUID](env=environment)
    try:
        yield application
    finally:
        application.close()


def append(folder: Path, commits: int, size: int) -> float:
    with opened(folder) as application:
        notes = [Note() for _ in range(STREAMS)]
        application.save(*notes)
        began = time.perf_counter()
        for n in range(commits):
            note = notes[n % STREAMS]
            for _ in range(size):
                note.note(TEXT, 1)
            application.save(note)
        return commits * size / (time.perf_counter() - began)


def commands(folder: Path, count: int) -> float:
    with opened(folder) as application:
        notes = [Note() for _ in range(STREAMS)]
        application.save(*notes)
        began = time.perf_counter()
        for n in range(count):
            note: Note = application.repository.get(notes[n % STREAMS].id)
            note.note(TEXT, n)
            application.save(note)
        return count / (time.perf_counter() - began)


def stored_bytes(folder: Path, count: int) -> float:
    with opened(folder) as application:
        for _ in range(count // 1_000):
            note = Note()
            for _ in range(999):
                note.note(TEXT, 1)
            application.save(note)
    connection = sqlite3.connect(folder / "peer.db")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()
    return (folder / "peer.db").stat().st_size / count


def load_long(folder: Path, count: int) -> float:
    """Milliseconds to fold a long stream into an aggregate, without snapshot."""
    with opened(folder, cache=False) as application:
        note = Note()
        for _ in range(count):
            note.note(TEXT, 1)
        application.save(note)
        began = time.perf_counter()
        found: Note = application.repository.get(note.id)
        milliseconds = (time.perf_counter() - began) * 1e3
        assert found.count == count
        return milliseconds


def _fill(application: Application[UUID], count: int) -> None:
    for _ in range(count // 1_000):
        notes = [Note() for _ in range(100)]
        for note in notes:
            for _ in range(9):
                note.note(TEXT, 1)
        application.save(*notes)


def read_feed(folder: Path, count: int) -> float:
    """The notifications, page by page, as typed events."""
    with opened(folder) as application:
        _fill(application, count)
        began = time.perf_counter()
        found, start = 0, 1
        while page := application.recorder.select_notifications(start, PAGE):
            found += len([application.mapper.to_domain_event(one) for one in page])
            start = page[-1].id + 1
        assert found == count
        return count / (time.perf_counter() - began)


class Rows(SQLiteTrackingRecorder):
    """One row per aggregate, and the place in the log, in one transaction."""

    def __init__(self, datastore: SQLiteDatastore) -> None:
        super().__init__(datastore)
        self.create_table_statements.append(
            "CREATE TABLE IF NOT EXISTS rows (id TEXT PRIMARY KEY, total INT, latest INT, count INT, at TEXT)"
        )
        self.create_table()

    def take(self, note: UUID, number: int, at: str, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(
                "INSERT INTO rows VALUES (?, ?, ?, 1, ?) ON CONFLICT (id) DO UPDATE SET"
                " total = total + excluded.total, latest = excluded.latest, count = count + 1, at = excluded.at",
                (note.hex, number, number, at),
            )
            self._insert_tracking(cursor, tracking)


def project(folder: Path, count: int) -> float:
    """The notifications folded into rows."""
    with opened(folder) as application:
        _fill(application, count)
        rows = Rows(SQLiteDatastore(db_name=str(folder / "peer-rows.db")))
        began = time.perf_counter()
        done, start = 0, 1
        while page := application.recorder.select_notifications(start, PAGE):
            for notification in page:
                found = application.mapper.to_domain_event(notification)
                number = getattr(found, "number", None)
                if number is not None:
                    tracking = Tracking(application.name, notification.id)
                    rows.take(found.originator_id, number, str(getattr(found, "timestamp", "")), tracking)
                done += 1
            start = page[-1].id + 1
        seconds = time.perf_counter() - began
        rows.datastore.close()
        return done / seconds
