"""The generations of tables: those that are live, and those that were replaced and are kept."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.declaring.table import TableSpec


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """One generation of a table that a state has.

    Attributes:
        table: its name.
        number: counts rebuilds, from 1.
        fingerprint: of the layout its rows were folded with.
        definition: that they were folded by; None where an earlier release began it.
        kept_us: when it was replaced, microseconds since 1970, where it is kept; 0 = it is live.
    """

    table: str
    number: int
    fingerprint: str
    definition: TableSpec | None
    kept_us: int = 0


class Generations(Protocol):
    """What a state does with whole generations, whatever columns they have."""

    def generations(self) -> Sequence[Generation]:
        """The live generation of every table that was ever begun here, and those that are kept; nothing is made."""

    def size(self, generation: Generation) -> int:
        """How many bytes its rows take where they are kept; 0 where it is gone."""

    def retire(self, table: str, *, keep: bool) -> bool:
        """Takes a table that is no longer declared out of sight, and keeps its rows, or not; whether it was there."""

    def restore(self, layout: Layout, *, above: int = 0) -> int:
        """Makes the kept generation of a definition live again in one transaction, and keeps the one that was.

        It goes on from its cursor, under a new number, so that what was published meanwhile is older.

        Args:
            layout: of its rows.
            above: its number will be larger than this, and than that of every generation before.

        Returns:
            Its new number.

        Raises:
            RollbackRefused: the live rows are of that definition already; none are kept of it; or events were skipped
                since, which may be in them.
        """

    def drop(self, table: str) -> int:
        """Drops what is kept of a table; how many generations."""
