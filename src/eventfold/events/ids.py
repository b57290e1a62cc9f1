"""Event ids: UUIDv7 for new facts, derived ids where a repeat must give the same id again."""

import os
import struct
import time
from uuid import NAMESPACE_URL, UUID, uuid5

_COMMANDS = uuid5(NAMESPACE_URL, "eventfold/command")
_ROWS = uuid5(NAMESPACE_URL, "eventfold/row")
_drawn: list[int] = []
if hasattr(os, "register_at_fork"):  # a child must not give the ids that its parent gives
    os.register_at_fork(after_in_child=_drawn.clear)
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


def command_event_id(command_id: str, stream: str, index: int) -> UUID:
    """The id of the `index`-th event (from 0) that the command wrote to `stream`: the same for every repeat."""
    return uuid5(_COMMANDS, f"{command_id}\n{stream}\n{index}")


def row_event_id(source: str, stream: str, row: str, repeat: int) -> UUID:
    """The id of an imported row: the same however often, and from whichever line, the row is read.

    Args:
        source: the name of the log it comes from.
        stream: the stream the row belongs to.
        row: the row in a canonical form.
        repeat: 0 for the first such row of the stream, 1 for an equal second one, and so on.
    """
    return uuid5(_ROWS, f"{source}\n{stream}\n{repeat}\n{row}")
