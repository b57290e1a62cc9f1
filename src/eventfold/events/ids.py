"""Event ids: UUIDv7 for new facts, derived ids where a repeat must give the same id again."""

import os
import time
from uuid import NAMESPACE_URL, UUID, uuid5

_COMMANDS = uuid5(NAMESPACE_URL, "eventfold/command")
_ROWS = uuid5(NAMESPACE_URL, "eventfold/row")
_VERSION_AND_VARIANT = (0x7 << 76) | (0x2 << 62)


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562, method 3): milliseconds, then the fraction of the millisecond, then 62 random bits.

    The random bits come from the operating system for every id: a generator seeded once would repeat itself in a
    forked process.
    """
    ms, rest = divmod(time.time_ns(), 1_000_000)
    fraction = (rest << 12) // 1_000_000
    rand = int.from_bytes(os.urandom(8), "big") & (2**62 - 1)
    return UUID(int=(ms & (2**48 - 1)) << 80 | fraction << 64 | rand | _VERSION_AND_VARIANT)


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
