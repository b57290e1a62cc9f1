"""State in SQLite: one file beside the log, so that folding never waits for appends."""

from eventfold.readmodels.sqlite.state import SqliteState, open_url

__all__ = ["SqliteState", "open_url"]
