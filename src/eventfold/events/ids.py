"""Event ids: UUIDv7 for new facts, derived ids where a repeat must give the same id again."""

import os
import struct
import time
from hashlib import blake2b
from uuid import NAMESPACE_URL, UUID, uuid5

from eventfold.errors import EncodingInvalid, PayloadInvalid

_COMMANDS = uuid5(NAMESPACE_URL, "eventfold/command")
_ROWS = uuid5(NAMESPACE_URL, "eventfold/row")
_CUSTOM, _BY_NAME = 8, 5
"""Versions of UUIDs."""
_FORMS = 0x3
_FREE = ((1 << 128) - 1) & ~((0xF << 76) | (0xC3 << 56))
SAYING, KEYED = 0, 1
"""How an imported row is told from others: by all that it says, or by a part of it."""
_drawn: list[int] = []
if hasattr(os, "register_at_fork"):  # a child must not give the ids that its parent gives
    os.register_at_fork(after_in_child=_drawn.clear)
EMPTY = frozenset({0, 2**128 - 1})
"""The nil and the max UUID as numbers: what programs write where they have no id, many events the same."""
_VERSION_AND_VARIANT = (0x7 << 76) | (0x2 << 62)


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562, method 3): milliseconds, then the fraction of the millisecond, then 62 random bits.

    The random bits come from the operating system, for many ids at a time.
    """
    ms, rest = divmod(time.time_ns(), 1_000_000)
    fraction = (rest << 12) // 1_000_000
    return UUID(int=(ms & (2**48 - 1)) << 80 | fraction << 64 | _random() | _VERSION_AND_VARIANT)


def _random() -> int:
    """62 bits that no other id gets."""
    while True:
        try:
            return _drawn.pop()  # atomic: two threads never get the same
        except IndexError:
            _drawn.extend(value & (2**62 - 1) for value in struct.unpack("=256Q", os.urandom(2048)))


def check_id(event_id: object) -> UUID:
    """Returns what may be looked for as an event id.

    Raises:
        PayloadInvalid: it is no UUID.
    """
    if not isinstance(event_id, UUID):
        raise PayloadInvalid(
            f"{event_id!r:.60} is no event id: give a uuid.UUID, not {type(event_id).__name__}.", field="id"
        )
    return event_id


def check_new_id(event_id: object) -> None:
    """Refuses what no new event can be known by: what is no UUID, and the nil and the max UUID.

    Raises:
        PayloadInvalid: it is one of these.
    """
    if check_id(event_id).int in EMPTY:
        raise PayloadInvalid(
            f"{event_id} is the UUID of nothing, which many events would share: leave it out, or give each its own.",
            field="id",
        )


def check_command_id(command_id: object) -> None:
    """Refuses what no repeat of a command could be known by.

    Raises:
        PayloadInvalid: it is no text (nor a UUID), or empty.
    """
    if not isinstance(command_id, str | UUID) or command_id == "":
        raise PayloadInvalid(
            f"{command_id!r:.60} is no command id: give a text that every repeat of the command gives again.",
            field="command_id",
        )


def command_event_id(command_id: str, stream: str, index: int) -> UUID:
    """The id of the `index`-th event (from 0) that the command wrote to `stream`: the same for every repeat.

    Raises:
        PayloadInvalid: as `check_command_id`.
        EncodingInvalid: a command id that cannot be written as UTF-8.
    """
    check_command_id(command_id)
    try:
        return uuid5(_COMMANDS, f"{command_id}\n{stream}\n{index}")
    except UnicodeEncodeError:
        raise EncodingInvalid("The command id contains a lone surrogate.", field="command_id") from None


def row_id(stream: str, row: str, repeat: int = 0) -> UUID:
    """The id of an imported row: the same however often, from whichever line and file, the row is read.

    Args:
        stream: the stream the row belongs to.
        row: the row in a canonical form.
        repeat: 0 for the first such row of the stream, 1 for an equal second one, and so on.
    """
    return _of_row(SAYING, f"{stream}\n{repeat}\n{row}")


def keyed_row_id(stream: str, key: str) -> UUID:
    """The id of an imported row that is told from others by a part of it, in a canonical form."""
    return _of_row(KEYED, f"{stream}\n{key}")


def of_source(row: UUID, source: str) -> UUID:
    """The id of a row that equals one of another source."""
    return _of_row(row_form(row), f"{row.hex}\n{source}")


def row_form(event_id: UUID) -> int | None:
    """SAYING or KEYED, of the id of an imported row."""
    return event_id.clock_seq_hi_variant & _FORMS if event_id.version == _CUSTOM else None


def is_former_row_id(event_id: UUID) -> bool:
    """Whether an earlier release may have made it for an imported row."""
    return event_id.version == _BY_NAME


def _of_row(form: int | None, text: str) -> UUID:
    """A UUIDv8 whose first free bits after the variant say the form."""
    drawn = int.from_bytes(blake2b(text.encode(), digest_size=16, person=b"eventfold/row").digest())
    return UUID(int=(drawn & _FREE) | (_CUSTOM << 76) | (0x2 << 62) | ((form or 0) << 56))


def row_event_id(source: str, stream: str, row: str, repeat: int) -> UUID:
    """The id that earlier releases gave to an imported row.

    Args:
        source: the name of the log it comes from.
        stream: the stream the row belongs to.
        row: the row in a canonical form.
        repeat: 0 for the first such row of the stream, 1 for an equal second one, and so on.
    """
    return uuid5(_ROWS, f"{source}\n{stream}\n{repeat}\n{row}")
