"""The corpora: one folder a release, with its app, what it stored, and what a reader must find."""

import importlib.util
import shutil
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

import eventfold as ef

FOLDER = Path(__file__).parent
RELEASES = sorted(path.parent.name for path in FOLDER.glob("*/expected.json"))


class Expected(msgspec.Struct):
    """What a reader of a corpus must find.

    Attributes:
        log: the id of the log.
        events: every event as a document, as it was stored, by position.
        current: the data of each, in the current schema version.
        state: the rows of each table, with what is not folded yet left out.
        parked: the parked streams of each table.
        moments: the rows of each table at every position.
        aggregates: the declared state of `stream@version`.
        cursor: of a follower in the middle of the log.
        follows: the ids of the events after it.
    """

    log: str
    events: list[dict[str, Any]]
    current: list[msgspec.Raw]
    state: dict[str, list[Any]]
    parked: dict[str, list[str]]
    moments: dict[str, list[list[Any]]]
    aggregates: dict[str, list[Any]]
    cursor: str
    follows: list[UUID]


def app_of(folder: Path) -> ef.App:
    """The app that wrote a corpus, from the source that lies beside it."""
    spec = importlib.util.spec_from_file_location(
        f"golden_{folder.name.replace('.', '_')}", folder / "app.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: ef.App = module.parcels
    return found


def expected_of(release: str) -> Expected:
    return msgspec.json.decode((FOLDER / release / "expected.json").read_bytes(), type=Expected)


def copied(release: str, to: Path) -> Path:
    """A copy of what a release stored, to be opened and written."""
    return Path(shutil.copytree(FOLDER / release / "data", to / "data"))


def read_all(data: Path) -> list[ef.RecordedEvent]:
    """Every event of a log, by position."""
    store = ef.open_store(f"sqlite:///{data}/log.db")
    try:
        found = [event for stream in store.streams() for event in store.read(stream.stream)]
        return sorted(found, key=lambda event: event.position)
    finally:
        store.close()


def rows_of(rows: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Rows as JSON says them, so that they compare with what was written down; only what users see."""
    plain = [
        {k: _told(v) for k, v in row.items() if not k.startswith("_") or k in {"_version", "_position"}}
        for row in rows
    ]
    found: list[Any] = msgspec.json.decode(msgspec.json.encode(plain, enc_hook=str))
    return found


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
