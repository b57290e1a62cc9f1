"""Examines a log in a SQLite file. Changes nothing."""

import time
from collections.abc import Iterator
from pathlib import Path

from eventfold.sqlite.connect import fetch, place_of_url
from eventfold.store.findings import Finding
from eventfold.store.sqlite.statements import SQL
from eventfold.store.sqlite.store import OPTIONS, open_url

_AHEAD_US = 5_000_000


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
        if last and (ahead := last[1] - time.time_ns() // 1000) > _AHEAD_US:
            yield Finding(
                "warning",
                "clock",
                f"the last event was recorded {ahead / 1e6:.0f} s ahead of this machine: recorded times stand still"
                " until it has caught up",
            )
    finally:
        store.close()
