"""A log that was imported: its events occurred years ago, and were recorded now."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import eventfold as ef
from eventfold.events.envelope import to_us
from tests.doors.calling import Told, eventfold

APP = """
import eventfold as ef

STATES = {"Filed": "filed", "Assessed": "assessed", "Paid": "paid"}


class Claims(ef.Table, category="claim"):
    claim = ef.key()
    told_last = ef.last(STATES)
    status = ef.last(STATES, by=ef.occurred_at)
    paid = ef.sum(ef.field("Paid", "n"), "int64")


class Owners(ef.Table, category="claim", events=["Filed"]):
    owner = ef.key(ef.field("Filed", "owner"), absent="skip")
    claims = ef.count()


class Notes(ef.Table, category="claim"):
    claim = ef.key()
    note = ef.last(ef.field("Paid", "note"), "int64")


app = ef.App("claims", tables=[Claims, Owners, Notes], untyped=True)
"""
MARCH = datetime(2025, 3, 1, tzinfo=UTC)
ROWS = [
    ("claim-1", "Filed", 2, '{"owner":"ada"}'),
    ("claim-1", "Paid", 20, '{"n":5,"note":"no number"}'),
    ("claim-2", "Filed", 4, '{"owner":"ada"}'),
    ("claim-1", "Assessed", 10, "{}"),
]
"""Stream, type, day of March, data; the last row comes late."""


def place_with_app(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """A folder with the app of the claims, and an empty log."""
    (folder / "times_app.py").write_text(APP)
    patch.syspath_prepend(str(folder))
    with closing(ef.open_store(url(folder))):
        return folder


def fill(folder: Path) -> None:
    """The rows of a file that was imported."""
    with closing(ef.open_store(url(folder))) as store:
        for stream, event_type, day, data in ROWS:
            occurred = to_us(MARCH + timedelta(days=day - 1))
            event = ef.NewEvent(ef.new_id(), event_type, 1, data, occurred_us=occurred)
            store.append(stream, [event], expected=ef.ANY)


def url(folder: Path) -> str:
    """Of the log in it."""
    return f"sqlite:///{folder}/claims.db"


def call(folder: Path, *arguments: str) -> Told:
    """What the command line answers about it."""
    return eventfold("-a", "times_app:app", "-s", url(folder), *arguments)
