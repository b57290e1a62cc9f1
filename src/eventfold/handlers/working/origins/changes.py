"""Changes of notes that wait for the next transaction."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from eventfold.feed.effects.port import NOTES, Name, Note

_RESERVED = 8
"""Of the notes of a transaction, for those that every one may write: progress, pauses, the last error."""


class Keep(Protocol):
    """Writes notes in one transaction."""

    def __call__(self, put: Sequence[Note], drop: Sequence[Name], *, ends: bool) -> None:
        """All or nothing; `ends` with the last of several."""


class Changes:
    """Notes to put and to drop; of one name the last word counts."""

    def __init__(self) -> None:
        self._waiting: dict[Name, Note | None] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, note: Note) -> None:
        """It is to be kept."""
        self._waiting[note.name] = note

    def drop(self, kind: str, key: str) -> None:
        """It is to be forgotten."""
        self._waiting[Name(kind, key)] = None

    def drops(self, kind: str, key: str) -> bool:
        """Whether it is to be forgotten, and may still be read."""
        name = Name(kind, key)
        return name in self._waiting and self._waiting[name] is None

    def over(self, others: Mapping[Name, Note | None]) -> dict[Name, Note | None]:
        """These after others."""
        return {**others, **self._waiting}

    def write(self, keep: "Keep", last: "Changes") -> None:
        """Writes all, in as many transactions as they need, `last` in the last; what is written is forgotten here."""
        most = NOTES - _RESERVED
        while True:
            part = dict(list(self._waiting.items())[:most])
            ends = len(part) == len(self._waiting)
            together = last.over(part) if ends else part
            puts = [note for note in together.values() if note is not None]
            keep(puts, [name for name, note in together.items() if note is None], ends=ends)
            for name in part:
                del self._waiting[name]
            if ends:
                return
