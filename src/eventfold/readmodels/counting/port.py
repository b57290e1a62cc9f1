"""The port of the ledger, which is kept beside the tables: see `readmodels.port` for where their rows are."""

from collections.abc import Sequence
from typing import Protocol

from eventfold.feed.cursor import Cursor
from eventfold.readmodels.counting.tally import Counted, Tally
from eventfold.readmodels.counting.typecounts import TypeCounts
from eventfold.readmodels.counting.unknown import Sought


class Ledger(Protocol):
    """What the events of the log said when the tables first passed them."""

    def cursor(self) -> Cursor:
        """How far it has been kept."""

    def counted(self) -> Counted:
        """The tallies by content, and between which cursors."""

    def record(
        self, tallies: Sequence[Tally], types: TypeCounts | None = None, *, read: Cursor, then: Cursor
    ) -> bool:
        """Adds the events between two cursors in one commit.

        Args:
            tallies: of them, by content.
            types: how many of each type; taken in the same commit if what is counted by type stands at `read` too.
            read: the stored cursor.
            then: the one after it.

        Returns:
            Whether the counts by type were taken.

        Raises:
            StaleCursor: the stored cursor no longer equals `read`.
        """

    def restart(self, at: Cursor) -> None:
        """Forgets what events said and begins after a cursor; counts by type have a cursor of their own."""

    def counted_to(self) -> Cursor | None:
        """Up to where every event of the log is counted by type; None where that was not begun."""

    def count(self, types: TypeCounts, *, read: Cursor | None, then: Cursor, anew: bool = False) -> None:
        """Adds counts by type in one commit with their cursor, whatever else the ledger holds.

        Args:
            types: how many events of each type.
            read: up to where they were counted.
            then: up to where they are counted now.
            anew: the counts are of the whole log, and take the place of all others.

        Raises:
            StaleCursor: the stored cursor no longer equals `read`.
        """

    def unknown(self, sought: Sought) -> Sequence[tuple[str, int]]:
        """The types that an app would miss for one of its tables, by name, each with how many events were counted."""
