"""The port of lake copies: a table that only grows, each commit stamped with the events that it has brought."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from eventfold.feed.cursor import Cursor
from eventfold.readmodels.publishing.publication import EMBEDDED

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.fs import FileSystem

TABLE = "events"
"""What the copy is called in the lake, as queries call the events of the log: no table's name."""


class CopyStamp(msgspec.Struct, frozen=True, kw_only=True):
    """What the copy contains from a commit on: every event of the log up to a cursor, once.

    Attributes:
        log: the id of the log.
        commit: counts the commits of the copy; 0 makes it, without an event.
        cursor: the events that it contains, a cursor of the log's own feed: a border.
        events: how many the commit has brought.
        total: how many the copy has.
        digest: of the events that the commit has brought, in the order of the log.
        chain: of this digest and the chain before it.
        total_order: whether positions order all events of the log.
        engine: what wrote it.
    """

    log: str
    commit: int
    cursor: Cursor
    events: int
    total: int
    digest: str
    chain: str
    total_order: bool = False
    engine: str = EMBEDDED

    @property
    def position(self) -> int:
        """Where it stands, in a log with one partition."""
        return max((mark.position for mark in self.cursor.marks.values()), default=0)

    def to_json(self) -> str:
        """The stamp as text, in the form in which every engine writes it."""
        return msgspec.json.encode(self, order="sorted").decode()


_decode = msgspec.json.Decoder(CopyStamp).decode


def read_copy_stamp(text: str | bytes | None) -> CopyStamp | None:
    """The stamp that was written as this text; None where it is none, as after damage or in commits of others."""
    try:
        return None if text is None else _decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


class Border(NamedTuple):
    """A version of the copy and what it contains."""

    number: int
    stamp: CopyStamp


class Size(NamedTuple):
    """How large a copy is: its live files, and their bytes."""

    files: int
    bytes: int


class CopyTable(Protocol):
    """One copy of one log in one place. Every commit carries a stamp and is fenced against any other writer."""

    @property
    def log_id(self) -> str:
        """The id of the log that is copied."""

    def head(self) -> Border | None:
        """The newest version of ours; None where there is no copy.

        Raises:
            CursorLost: it cannot be told which events it contains: no stamp, a damaged one, or rows of others.
            ForeignCursor: it is the copy of another log.
        """

    def create(self, stamp: CopyStamp) -> Border:
        """Makes the table, without an event.

        Raises:
            StaleCursor: somebody else made it in the same moment.
        """

    def append(self, on: Border, rows: "pa.Table", stamp: CopyStamp) -> Border:
        """Adds rows in one commit.

        Args:
            on: the version that was looked at; where another of ours has come since, nothing is written.
            rows: in the form of `columns.SCHEMA`.
            stamp: what the copy contains then.

        Raises:
            StaleCursor: another writer was quicker; nothing was written.
            StorageFailed: look at `head` before anything else.
        """

    def borders(self) -> Sequence[CopyStamp]:
        """The stamps of all commits, from 0 on, none missing.

        Raises:
            CursorLost, ForeignCursor: as `head`; or a stamp between is missing.
        """

    @property
    def filesystem(self) -> "FileSystem | None":
        """What reads `files`; None: they are full paths on this machine."""

    def files(self, first: int, last: int) -> Sequence[str]:
        """The Parquet files that may have rows of some commits, both ends included.

        Raises:
            StorageFailed: one is no longer there.
        """

    def size(self) -> Size:
        """How large the newest version is."""

    def grown(self, commit: int) -> bool:
        """Whether a commit after this one is there; costs next to nothing."""
