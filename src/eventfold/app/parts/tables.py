"""`WithTables`: the tables of a live app, and the ledger beside them."""

from collections.abc import Sequence
from contextlib import suppress

from eventfold.app.definition import Definition
from eventfold.app.tables import LiveTable
from eventfold.errors import LogMismatch, StorageFailed
from eventfold.readmodels.counting.port import Ledger
from eventfold.readmodels.counting.unknown import UnknownType
from eventfold.readmodels.declaring.table import Table
from eventfold.readmodels.following.ledger import is_counted
from eventfold.readmodels.port import State
from eventfold.store.port import Store


class WithTables:
    """What of a live app is about its tables."""

    app: Definition
    store: Store
    _state: State
    _tables: dict[str, LiveTable]

    def table(self, table: type[Table] | str) -> LiveTable:
        """One table, by its class or its name.

        Raises:
            TableNotFound: the app has no such table.
        """
        self._alive()
        name = table if isinstance(table, str) else str(getattr(getattr(table, "spec", table), "name", table))
        return self._tables[self.app.table(name).name]

    @property
    def tables(self) -> Sequence[LiveTable]:
        """All tables, in the order of the definition."""
        self._alive()
        return list(self._tables.values())

    def unknown(self) -> list[UnknownType] | None:
        """The events that tables miss, because the app does not know their types and does not ignore them.

        They are counted by who follows the log, beside its tables. A log that was followed before that was done is
        counted by the next `catch_up`, `run`, `verify` or rebuild of a table: until then the answer is None.
        """
        self._alive()
        if not self._tables:
            return []
        try:
            ledger = self._ledger()
        except StorageFailed:
            return None  # it was never begun, and who may only read cannot
        if not is_counted(ledger, self.store.feed()):
            return None
        return [one for table in self.tables for one in table.unknown(ledger)]

    def _ledger(self) -> Ledger:
        """Begun where the table stands that has come least far: what it has yet to pass is recorded."""
        feed = self.store.feed()
        cursors = [table.live().head().cursor for table in self.tables]
        with suppress(LogMismatch):
            for cursor in cursors[1:]:
                if feed.compare(cursor, cursors[0]) == "before":
                    cursors[0] = cursor
        return self._state.ledger(cursors[0])

    def _alive(self) -> None:
        self.store.feed()  # says so where it is closed
