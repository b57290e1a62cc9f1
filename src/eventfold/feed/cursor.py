"""Cursors: how far a reader has come in a feed, as JSON that proves which log it belongs to."""

import json
from typing import Literal, Self

import msgspec

from eventfold.errors import CursorInvalid

Order = Literal["before", "equal", "after", "mixed"]


class Mark(msgspec.Struct, frozen=True):
    """A place in one partition.

    Attributes:
        position: comparable inside the partition; 0 = before its first event.
        event: the id of the event that stands there (hex), the witness; empty where no event has been read yet.
        token: what only the feed interprets; empty where the position says it all.
    """

    position: int = 0
    event: str = ""
    token: str = ""


class Cursor(msgspec.Struct, frozen=True):
    """Everything at or below the mark of each partition has been read.

    Attributes:
        log: the id of the log.
        marks: partition -> mark.
    """

    log: str
    marks: dict[str, Mark]

    def to_json(self) -> str:
        """The cursor as text, to be stored with what it describes."""
        return _encoder.encode(self).decode()

    def with_marks(self, marks: dict[str, Mark]) -> "Cursor":
        """The same cursor with other marks for some partitions."""
        return Cursor(self.log, {**self.marks, **marks})


class Token(msgspec.Struct, frozen=True):
    """What an append answers: a feed at or beyond these positions has delivered the events.

    Attributes:
        log: the id of the log.
        positions: partition -> position.
        opaque: stream -> what only the store's own feed interprets, where an append does not know its position.
    """

    log: str
    positions: dict[str, int]
    opaque: dict[str, str] = {}

    def to_json(self) -> str:
        """The token as ASCII text, for a client that gives it back with its next question."""
        return json.dumps(msgspec.to_builtins(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The token that `to_json` gave.

        Raises:
            CursorInvalid: damaged, or something else.
        """
        try:
            found = msgspec.json.decode(text, type=cls)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise CursorInvalid(f"This is not a token: {error}. Give it as the write answered it.") from None
        if any(position < 0 for position in found.positions.values()):
            raise CursorInvalid("A token's position cannot be negative.")
        return found


_encoder = msgspec.json.Encoder(order="sorted")


def read_cursor(text: str | bytes) -> Cursor:
    """The cursor that was written as this text.

    Raises:
        CursorInvalid: damaged, or of another form.
    """
    try:
        cursor = msgspec.json.decode(text, type=Cursor)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CursorInvalid(f"This is not a cursor: {error}.") from None
    if any(mark.position < 0 for mark in cursor.marks.values()):
        raise CursorInvalid("A cursor's position cannot be negative.")
    return cursor


def compare_marks(a: Cursor, b: Cursor) -> Order:
    """How two cursors of one log with the same partitions stand to each other, partition by partition."""
    signs: set[int] = set()
    for name in a.marks.keys() | b.marks.keys():
        left, right = a.marks.get(name, Mark()).position, b.marks.get(name, Mark()).position
        signs.add((left > right) - (left < right))
    signs.discard(0)
    if not signs:
        return "equal"
    if len(signs) == 2:
        return "mixed"
    return "before" if signs == {-1} else "after"
