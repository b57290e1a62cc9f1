"""What a stand-in with a folder keeps: a journal, one line of JSON for one change, read again at the next start.

Lines are handed to the operating system before a request is answered, so a killed process loses nothing; a machine
that loses power may. A last line that was cut is left out. Nothing is ever rewritten.
"""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from eventfold.testing.door.wire import dumps

Entry = dict[str, Any]


class Notes(Protocol):
    """Where changes are noted."""

    def note(self, entry: Entry) -> None:
        """Keeps a change."""


class Forgetful:
    """Notes nothing: everything is in memory."""

    def note(self, entry: Entry) -> None:
        """Does nothing."""


class Journal:
    """Notes in a file.

    Args:
        folder: where it lies; it is made.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "journal.jsonl"
        self._lock = threading.Lock()
        self._reading = True
        whole = self._path.read_bytes().rfind(b"\n") + 1 if self._path.exists() else 0
        self._file = self._path.open("ab")
        self._file.truncate(whole)  # a line that was cut was not answered either

    def entries(self) -> Iterator[Entry]:
        """What was noted before; while it is read nothing is noted."""
        with self._path.open("rb") as file:
            for line in file:
                yield json.loads(line)
        self._reading = False

    def note(self, entry: Entry) -> None:
        """Keeps a change."""
        if self._reading:
            return
        with self._lock:
            self._file.write(dumps(entry) + b"\n")
            self._file.flush()

    def close(self) -> None:
        """Ends it."""
        self._file.close()
