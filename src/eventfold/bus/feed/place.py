"""Where a reader stands in a topic, as the token of a mark keeps it.

The mark itself says what it says in the log: everything at or below its position has been read, and nothing beyond.
The offsets beside it only say from where messages are to be read again; what stands there and is not beyond the
position is left out.
"""

from collections.abc import Sequence

import msgspec

from eventfold.errors import CursorInvalid
from eventfold.feed.cursor import Mark

_FORM = "topic:"


class Standing(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the token of a mark holds.

    Attributes:
        topic: the identity of the topic.
        offsets: by partition of the topic, the first message that may hold something beyond the position; none where
            that is not known.
        own: the token that the log's own feed has at the position; empty where it has none, or is not known.
    """

    topic: str
    offsets: Sequence[int] = ()
    own: str = ""


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
