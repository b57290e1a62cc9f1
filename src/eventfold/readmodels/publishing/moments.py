"""The port of published moments: a name in the lake under which a table stands as it was."""

from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import msgspec

from eventfold.feed.cursor import Cursor

if TYPE_CHECKING:
    import pyarrow as pa


class MomentStamp(msgspec.Struct, frozen=True, kw_only=True):
    """What a published moment contains.

    Attributes:
        log: the id of the log.
        table: the name of the table that it is of.
        fingerprint: of the definition.
        time: the moment that was asked for.
        clock: which time that means.
        cursor: the events that were looked at.
        parked_count: how many streams are left out, because an event of theirs could not be folded.
    """

    log: str
    table: str
    fingerprint: str
    time: datetime
    clock: Literal["recorded", "occurred"]
    cursor: Cursor
    parked_count: int = 0

    def to_json(self) -> str:
        """The stamp as text."""
        return msgspec.json.encode(self, order="sorted").decode()


_decode = msgspec.json.Decoder(MomentStamp).decode


def read_moment(text: str | bytes | None) -> MomentStamp | None:
    """The stamp that was written as this text; None where it is none."""
    try:
        return None if text is None else _decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


class Kept(NamedTuple):
    """What stands under a name.

    Attributes:
        stamp: of the moment; None where something else stands there.
        rows: of it, in the order in which they were written; None where they cannot be read.
    """

    stamp: MomentStamp | None
    rows: "pa.Table | None"


class MomentPlace(Protocol):
    """A name in the lake."""

    def kept(self) -> Kept | None:
        """What stands there; None where nothing does."""

    def keep(self, rows: "pa.Table", stamp: MomentStamp) -> bool:
        """Writes the rows, whole or not at all; False where something came to stand there first.

        Raises:
            StorageError: it cannot be written.
        """
