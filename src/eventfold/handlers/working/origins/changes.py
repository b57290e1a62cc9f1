"""Changes of notes that wait for the next transaction."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from eventfold.feed.effects.port import NOTES, NOTES_BYTES, VALUE_BYTES, Name, Note, size_of

_RESERVED = 8
"""Of the notes of a transaction, for those that every one may write: progress, pauses, the last error."""
_ROOM = NOTES_BYTES - 3 * VALUE_BYTES
"""Bytes of the others: of those that every one may write, none but progress is large."""


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
        while True:
            part = self._part()
            ends = len(part) == len(self._waiting)
            together = last.over(part) if ends else part
            puts = [note for note in together.values() if note is not None]
            keep(puts, [name for name, note in together.items() if note is None], ends=ends)
            for name in part:
                del self._waiting[name]
            if ends:
                return

    def _part(self) -> dict[Name, Note | None]:
        """The first of them, as many as one transaction takes."""
        part: dict[Name, Note | None] = {}
        room = _ROOM
        for name, note in self._waiting.items():
            room -= size_of(note) if note else 0
            if len(part) == NOTES - _RESERVED or (room < 0 and part):
                break
            part[name] = note
        return part
