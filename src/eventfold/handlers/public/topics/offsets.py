"""How far the topic of a source was read: it stands with the log, as what was read does."""

from collections.abc import Mapping, Sequence

import msgspec

from eventfold.errors import FormatUnknown
from eventfold.feed.effects.port import Effects, Note

PREFIX = "receive:"
"""Begins the name of a receiver among the readers of a log; the source follows, a colon, and the topic."""
_OFFSETS, _TOPIC, _ENDS = "offsets", "topic", "ends"
_LAST = "last"
_TOGETHER = 500
"""Partitions of one note."""


class Offsets(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in front of these offsets is in the log, or was passed over by somebody's decision.

    Attributes:
        topic: its identity as the broker tells it; empty where it does not.
        next: partition of the topic -> the next record.
    """

    topic: str
    next: Mapping[int, int]

    def notes(self, before: "Offsets | None") -> Sequence[Note]:
        """What is put to keep them in the place of others."""
        found = [] if before and before.topic == self.topic else [_note(_TOPIC, _LAST, self.topic)]
        old = _parts(before.next) if before else {}
        return [
            *found,
            *(_note(_OFFSETS, key, part) for key, part in _parts(self.next).items() if old.get(key) != part),
        ]


class Ends(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at the ends of the topic has said.

    Attributes:
        at_us: when that was, microseconds since 1970.
        behind: offsets that had not been read.
    """

    at_us: int
    behind: int

    def note(self) -> Note:
        """What is put to keep it in the place of another."""
        return Note(kind=_ENDS, key=_LAST, value=msgspec.json.encode(self).decode())


def read_ends(effects: Effects, reader: str) -> Ends | None:
    """The last look; None where there was none. Errors as `read_offsets`."""
    notes = effects.notes(reader, _ENDS, limit=1)
    try:
        return msgspec.json.decode(notes[0].value, type=Ends) if notes else None
    except msgspec.MsgspecError as error:
        raise _of_a_later(reader, error) from None


def read_offsets(effects: Effects, reader: str) -> Offsets | None:
    """What was kept; None where nothing was read yet.

    Raises:
        FormatUnknown: something else, as a later release may write.
        StorageError: it could not be read.
    """
    topics = effects.notes(reader, _TOPIC, limit=1)
    if not topics:
        return None
    found: dict[int, int] = {}
    try:
        for note in effects.notes(reader, _OFFSETS):
            found |= msgspec.json.decode(note.value, type=dict[int, int])
        topic = msgspec.json.decode(topics[0].value, type=str)
    except msgspec.MsgspecError as error:
        raise _of_a_later(reader, error) from None
    return Offsets(topic=topic, next=found)


def _of_a_later(reader: str, error: Exception) -> FormatUnknown:
    return FormatUnknown(
        f"The offsets of {reader} are not what this release writes ({error}): install the release that wrote them."
    )


def _parts(offsets: Mapping[int, int]) -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = {}
    for partition, offset in sorted(offsets.items()):
        found.setdefault(f"{partition // _TOGETHER:06d}", {})[partition] = offset
    return found


def _note(kind: str, key: str, value: object) -> Note:
    return Note(kind=kind, key=key, value=msgspec.json.encode(value).decode())
