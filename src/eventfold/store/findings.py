"""What an examination of a store finds: the words that `doctor` shows, the same for every store."""

from typing import Literal, NamedTuple

Level = Literal["ok", "warning", "problem", "unseen"]


class Finding(NamedTuple):
    """One thing that was looked at.

    Attributes:
        level: `ok`; `warning`, which a person should know; `problem`, with which a log cannot keep its promises;
            `unseen`, which the caller may not look at.
        what: what was looked at.
        found: what is so, and what to do about it.
    """

    level: Level
    what: str
    found: str
