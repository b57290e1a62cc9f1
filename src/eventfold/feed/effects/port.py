"""The port of effects: what handlers must never lose stands with the log, not with the disposable state of tables.

A handler is a reader with leases, one for each partition of its feed, and with notes: small records of what it has done
beyond its checkpoint, of what waits, and of what people decided.

A lease is the checkpoint of one partition together with its owner. It is changed as a whole, and only by who knows its
last form, and notes change with it in one transaction. So a worker that was thought dead can neither move a checkpoint
nor write a note nor split a partition once its lease has passed on.
"""

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

import msgspec

from eventfold.errors import BackendLimit, RangeInvalid
from eventfold.feed.cursor import Cursor

NOTES = 90
"""Notes that one transaction puts and drops, at most: Cosmos DB takes 100 operations, and leases are among them."""
VALUE_BYTES = 64 * 1024
"""Of the value of a note, as UTF-8, at most."""
NOTES_BYTES = 768 * 1024
"""Of the values of all notes of one transaction: Cosmos DB takes 2 MB, in which quotes count twice."""
HELD = "held"
"""The kind of notes that keep a reader from going on: who has taken a lease handles nothing while there is one."""
_KIND = re.compile(r"[a-z]{1,32}", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """One partition in the hands of one worker.

    Attributes:
        reader: the name of what reads, shared by its workers.
        partition: of the feed.
        cursor: how far the reader has come in it, as a cursor with this one partition.
        owner: the worker that holds it; empty where nobody does.
        epoch: raised each time it changes hands; who writes elsewhere too can be fenced by it.
        renewal: raised by every change; a lease whose renewal stands still has lost its worker.
        wanted: the worker that asks for it; empty where none does.
        tag: its last form, for who changes it; only the place that keeps it can read it.
    """

    reader: str
    partition: str
    cursor: Cursor
    owner: str = ""
    epoch: int = 0
    renewal: int = 0
    wanted: str = ""
    tag: str = ""


class Name(NamedTuple):
    """Which note of a handler: its kind, and what tells it from others of that kind."""

    kind: str
    key: str


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a handler must not lose.

    Attributes:
        kind: what it is about: up to 32 small letters.
        key: tells it from others of its kind, and orders them: up to 128 of A-Z, a-z, 0-9 and `._:-`.
        value: what it says, 64 KiB of text at most.
    """

    kind: str
    key: str
    value: str

    @property
    def name(self) -> Name:
        """Its kind and key."""
        return Name(self.kind, self.key)


class Effects(Protocol):
    """Keeps leases and notes of handlers. The contract suite in `eventfold.testing` asserts each sentence.

    Of a note that is put and dropped at once, what stays is the one that is put. To drop what is not there is no error.
    """

    def begin(self, reader: str, cursor: Cursor) -> None:
        """Makes a free lease for each partition of the cursor, all or none; nothing where the reader has begun.

        Args:
            reader: the name of what reads.
            cursor: where it begins.

        Raises:
            BackendLimit: more partitions than can be begun in one transaction.
            StorageError: nothing was written, or `OutcomeUnknown`: repeat it, which settles it.
        """

    def readers(self) -> Sequence[str]:
        """The names of all that have begun, in order.

        Raises:
            StorageError: they could not be read.
        """

    def all(self, reader: str) -> Sequence[Lease]:
        """The leases of a reader; none where it has not begun.

        Raises:
            ForeignCursor: they were written for another log.
            StorageError: they could not be read.
        """

    def keep(
        self, old: Lease, new: Sequence[Lease], put: Sequence[Note] = (), drop: Collection[Name] = ()
    ) -> Sequence[Lease] | None:
        """Puts new leases in the place of one, and changes notes in the same transaction, or nothing of it.

        Args:
            old: as it was read or last written.
            new: the same partition in another form, or, where it was split, those that came of it; none, where other
                leases cover it.
            put: notes of its reader; they take the place of those of the same kind and key.
            drop: notes that are forgotten.

        Returns:
            The new leases with their tags; None, with nothing changed, where the lease has changed since it was read.

        Raises:
            RangeInvalid: a kind, a key or a value that cannot be kept.
            BackendLimit: more notes than one transaction takes.
            StorageError: nothing was written, or `OutcomeUnknown`: read again, which settles it.
        """

    def note(self, reader: str, put: Sequence[Note] = (), drop: Collection[Name] = ()) -> None:
        """Changes notes without a lease: what people decide. Whatever a worker writes, it does by `keep`.

        Raises:
            RangeInvalid, BackendLimit: as `keep`.
            StorageError: nothing was written, or `OutcomeUnknown`: repeat it, which settles it.
        """

    def notes(
        self, reader: str, kind: str, *, after: str = "", below: str = "", limit: int = 1_000
    ) -> Sequence[Note]:
        """The notes of one kind by key, as ASCII orders them.

        Args:
            reader: the handler.
            kind: of the notes.
            after: only those with a key above this one.
            below: only those with a key under this one; empty = all.
            limit: how many, at least 1.

        Raises:
            RangeInvalid: a limit below 1, or a kind that no note has.
            StorageError: they could not be read.
        """


def handlers_in(effects: Effects) -> list[str]:
    """The readers that are handlers, in order: other readers, as the relay to a topic, have a colon in their names.

    Raises:
        StorageError: they could not be read.
    """
    return [name for name in effects.readers() if ":" not in name]


def check_notes(put: Sequence[Note], drop: Collection[Name]) -> None:
    """Refuses what not every store can keep.

    Raises:
        RangeInvalid: a kind, a key or a value that cannot be kept; the same note put twice.
        BackendLimit: more notes than one transaction takes, or larger ones.
    """
    size = 0
    for name in (*(note.name for note in put), *drop):
        check_kind(name.kind)
        if not _KEY.fullmatch(name.key):
            raise RangeInvalid(
                f"{name.key!r:.60} is no key of a note: take up to 128 of A-Z, a-z, 0-9 and ._:-", field="key"
            )
    for note in put:
        size += (own := size_of(note))
        if own > VALUE_BYTES or not _is_text(note.value):
            raise RangeInvalid(
                f"The note {note.kind} {note.key} says what cannot be kept: {VALUE_BYTES:,} bytes of UTF-8 at most,"
                " without U+0000.",
                field="value",
            )
    if len({note.name for note in put}) < len(put):
        raise RangeInvalid("A note is put twice in one transaction.", field="put")
    if len(put) + len(drop) > NOTES:
        raise BackendLimit(
            f"{len(put) + len(drop)} notes are more than the {NOTES} of one transaction: change them in parts.",
            limit=NOTES,
        )
    if size > NOTES_BYTES:
        raise BackendLimit(
            f"The notes say {size:,} bytes, more than the {NOTES_BYTES:,} of one transaction: change them in parts.",
            limit=NOTES_BYTES,
        )


def size_of(note: Note) -> int:
    """Bytes of the value of a note."""
    return len(note.value.encode(errors="replace"))


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value


def check_kind(kind: str) -> None:
    """Whether notes can have this kind.

    Raises:
        RangeInvalid: they cannot.
    """
    if not _KIND.fullmatch(kind):
        raise RangeInvalid(f"{kind!r:.60} is no kind of notes: take up to 32 small letters.", field="kind")


def check_limit(limit: int) -> None:
    """Whether so many can be asked for.

    Raises:
        RangeInvalid: below 1.
    """
    if limit < 1:
        raise RangeInvalid(f"A limit is at least 1, not {limit}.", field="limit")
