"""The view `events` of a query: every event of the log, read only as far as the question needs it."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from eventfold.readmodels.eventview.columns import SCHEMA
from eventfold.readmodels.eventview.dataset import Events
from eventfold.readmodels.eventview.said import SAID
from eventfold.store.port import Store

_VIEW = f"""
CREATE VIEW events AS
SELECT position, stream, category, version, type, recorded_at, occurred_at,
  {SAID["actor"]} AS actor, {SAID["correlation_id"]} AS correlation_id, data, metadata
FROM events__log
"""  # noqa: S608 - words of ours only
_OUTLINE = """
CREATE TABLE events__empty AS FROM events;
DROP VIEW events;
ALTER TABLE events__empty RENAME TO events;
"""


def show_events(db: duckdb.DuckDBPyConnection, store: Store) -> Events:
    """Makes the view over a log; returns what it reads."""
    events = Events(store)
    db.register("events__log", events)
    db.execute(_VIEW)
    return events


def outline_events(db: duckdb.DuckDBPyConnection) -> None:
    """Makes an empty table in its place, for a statement that lists tables or their columns."""
    db.register("events__log", SCHEMA.empty_table())
    db.execute(_VIEW)
    db.execute(_OUTLINE)
    db.unregister("events__log")


@contextmanager
def whole(events: Events | None) -> Iterator[None]:
    """Raises what ended a reading of the log, as it was said there: DuckDB quotes it at best."""
    try:
        yield
    finally:
        if events is not None and events.failed is not None:
            raise events.failed from None
