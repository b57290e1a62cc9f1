"""`Finding`: one difference between what is recorded and what a program says, and what it means."""

from typing import Literal

import msgspec

Level = Literal["refused", "unrecorded", "added", "note"]


class Finding(msgspec.Struct, frozen=True):
    """One difference.

    Attributes:
        level: `refused`: stored events could no longer be read, or would mean something else; `unrecorded`: new, to be
            accepted by an explicit word; `added`: let through; `note`: good to know.
        kind: what happened, for example `field-removed`.
        name: the stored name it concerns: of an event type, a category or a table.
        where: the place, for example `OrderCreated@2.items[].quantity`.
        what: a sentence that says what happened and what to do.
    """

    level: Level
    kind: str
    name: str
    where: str
    what: str
