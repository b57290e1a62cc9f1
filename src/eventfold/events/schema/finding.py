"""`Finding`: one difference between what is recorded and what a program says, and what it means."""

from typing import Literal

import msgspec

Level = Literal["refused", "added", "note"]


class Finding(msgspec.Struct, frozen=True):
    """One difference.

    Attributes:
        level: `refused`: stored events could no longer be read, or would mean something else; `added`: new, lets
            everything be read, and is recorded by an explicit word; `note`: good to know.
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
