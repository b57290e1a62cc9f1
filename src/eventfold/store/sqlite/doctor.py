"""Examines a log in a SQLite file. Changes nothing."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from eventfold.errors import LogMismatch, StorageError
from eventfold.events.envelope import RecordedEvent
from eventfold.sqlite.connect import fetch, place_of_url
from eventfold.store.findings import Finding
from eventfold.store.irregular import counted, told
from eventfold.store.sqlite.statements import SQL
from eventfold.store.sqlite.store import OPTIONS, SqliteStore, open_url

_AHEAD_US = 5_000_000
_PAGE = 2_000


def examine(url: str) -> Iterator[Finding]:
    """Everything that was looked at, in the order of file, durability, log."""
    place, _ = place_of_url(url, OPTIONS)
    store = open_url(url, create=False)
    try:
        with store.reading() as connection:
            said = [row[0] for row in fetch(connection, "PRAGMA quick_check(5)")]
            last = connection.execute(SQL["log_head"]).fetchone()
        if said == ["ok"]:
            yield Finding("ok", "file", f"{Path(place.path).name or 'memory'} reads as it was written")
        else:
            yield Finding("problem", "file", f"it is damaged: {'; '.join(said)}. Restore a backup.")
        if store.capabilities.durable:
            yield Finding("ok", "durability", "what was acknowledged survives a power loss")
        else:
            yield Finding(
                "warning", "durability", "relaxed: a power loss may take acknowledged events with it"
            )
        yield Finding("ok", "log", f"{store.log_id}, {last[0] if last else 0:,} events")
        try:
            found = counted(event for page in _pages(store) for event in page)
        except (LogMismatch, StorageError) as error:
            yield Finding("problem", "events", f"they do not read back: {error.message}")
        else:
            if found:
                yield Finding("warning", "events", told(found))
        if last and (ahead := last[1] - time.time_ns() // 1000) > _AHEAD_US:
            yield Finding(
                "warning",
                "clock",
                f"the last event was recorded {ahead / 1e6:.0f} s ahead of this machine: recorded times stand still"
                " until it has caught up",
            )
    finally:
        store.close()


def _pages(store: SqliteStore) -> Iterator[Sequence[RecordedEvent]]:
    feed = store.feed()
    cursor, caught_up = feed.start(), False
    while not caught_up:
        page = feed.read(cursor, _PAGE)
        cursor, caught_up = page.cursor, page.caught_up
        yield page.events
