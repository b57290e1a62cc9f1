"""What a relay keeps beside the log: how far all of it was acknowledged, and of which topic.

It is not believed where the topic says more. It says what a topic cannot: where a relay began, and how far it had come
where the topic has forgotten everything since.
"""

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from eventfold.errors import FormatUnknown
from eventfold.feed.cursor import Cursor, Mark
from eventfold.feed.effects.port import Effects, Name, Note

_MARK, _TOPIC = "mark", "topic"
_LAST = "last"
_PAGE = 1_000


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The topic that a relay sends to.

    Attributes:
        topic: its identity as the broker tells it; empty where it does not.
        count: its partitions.
    """

    kind: ClassVar[str] = _TOPIC
    topic: str
    count: int


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Everything up to the cursor was acknowledged by the topic."""

    target: Target
    cursor: Cursor

    def notes(self, before: "Checkpoint | None") -> tuple[Sequence[Note], Sequence[Name]]:
        """What is put and what is dropped to keep it in the place of another one."""
        old = before.cursor.marks if before else {}
        put = [
            Note(kind=_MARK, key=name, value=msgspec.json.encode(mark).decode())
            for name, mark in self.cursor.marks.items()
            if old.get(name) != mark
        ]
        if before is None or before.target != self.target:
            put.append(Note(kind=_TOPIC, key=_LAST, value=msgspec.json.encode(self.target).decode()))
        return put, [Name(_MARK, name) for name in old.keys() - self.cursor.marks.keys()]


def read_checkpoint(effects: Effects, reader: str, log: str) -> Checkpoint | None:
    """What a relay has kept; None where it has not begun.

    Raises:
        FormatUnknown: something else, as a later release may write.
    """
    targets = effects.notes(reader, _TOPIC, limit=1)
    if not targets:
        return None
    try:
        marks = {
            note.key: msgspec.json.decode(note.value, type=Mark)
            for note in effects.notes(reader, _MARK, limit=_PAGE)
        }
        target = msgspec.json.decode(targets[0].value, type=Target)
    except msgspec.MsgspecError as error:
        raise FormatUnknown(
            f"The checkpoint of {reader} is not what this release writes ({error}): install the release that wrote it."
        ) from None
    return Checkpoint(target=target, cursor=Cursor(log, marks))
