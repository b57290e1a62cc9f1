"""Where a reader stands in a topic, as the token of a mark keeps it.

The mark itself says what it says in the log: everything at or below its position has been read. Beyond that position a
reader has come differently far in the partitions of the topic, and only offsets can tell how far.
"""

from collections.abc import Sequence

import msgspec

from eventfold.bus.marks import Place
from eventfold.errors import CursorInvalid
from eventfold.feed.cursor import Mark

_FORM = "topic:"


class At(msgspec.Struct, frozen=True, array_like=True):
    """One partition of the topic.

    Attributes:
        offset: of the next message.
        last: partition of the log -> position and version of the last event that was read here.
        told: position up to which everything that belongs here was read.
    """

    offset: int
    last: dict[str, Place] = {}
    told: int = 0


class Standing(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the token of a mark holds.

    Attributes:
        at: by partition of the topic.
        own: the token that the log's own feed has at that position.
        level: whether all up to there was read, and nothing beyond.
    """

    at: Sequence[At]
    own: str = ""
    level: bool = False


def read_standing(mark: Mark) -> Standing | None:
    """What the token of a mark holds; None for a mark of the log's own feed.

    Raises:
        CursorInvalid: it is damaged.
    """
    if not mark.token.startswith(_FORM):
        return None
    try:
        return _decode(mark.token[len(_FORM) :])
    except msgspec.MsgspecError as error:
        raise CursorInvalid(f"This is not a place in a topic: {error}.") from None


def to_token(standing: Standing) -> str:
    """It as a token."""
    return _FORM + _encode(standing).decode()


_decode = msgspec.json.Decoder(Standing).decode
_encode = msgspec.json.Encoder().encode
