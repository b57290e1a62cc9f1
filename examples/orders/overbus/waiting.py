"""Waits until everything has come through: to the topic, to the tables, to the handlers."""

import time
from collections.abc import Callable

from rich.console import Console

import eventfold as ef
from eventfold.app.live import Live
from eventfold.feed.cursor import Cursor
from examples.orders.overbus.shop import HANDLERS
from examples.orders.overbus.workers import DemoFailed, Workers

PATIENCE = 300.0
"""Seconds in which that happens."""
_PAUSE = 0.5
"""Seconds between two looks, which cost what is waited for some time too."""


class Waiting:
    """Knows the places where something may be on its way.

    Args:
        console: shows what is waited for.
        crew: the processes that carry it.
        live: the shop, as it follows the topic.
        log: what is true.
    """

    def __init__(self, console: Console, crew: Workers, live: Live, log: ef.Store) -> None:
        self._console = console
        self._crew = crew
        self._live = live
        self._log = log.feed()

    def until_sent(self, what: str) -> None:
        """Until a relay has brought events to the topic; errors as `until_through`."""
        feed = self._live.store.feed()
        # a relay may have come somewhere before the first event, as a change feed has places where none stands
        self._until(what, lambda: bool(feed.read(feed.start(), 1).events))

    def until_led(self, what: str, topic: str) -> None:
        """Until a relay has the lease by which others stand by; errors as `until_through`."""
        effects = self._live.store.effects()
        self._until(what, lambda: any(lease.owner for lease in effects.all(f"relay:{topic}")))

    def until_through(self, what: str, *, tables: bool = True, handlers: bool = False) -> None:
        """Until the topic has all of the log, and the tables and handlers all of the topic.

        Args:
            what: is waited for, in words.
            tables: whether for them.
            handlers: whether for them, and for what they append.

        Raises:
            DemoFailed: it does not come, or a process has ended.
        """
        self._until(what, lambda: self._is_through(tables=tables, handlers=handlers))

    def _until(self, what: str, is_so: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE
        with self._console.status(f"{what} ..."):
            while not is_so():
                self._crew.check()
                if time.monotonic() > until:
                    raise DemoFailed(f"{what}: after {PATIENCE:.0f} s still not.")
                time.sleep(_PAUSE)

    def _is_through(self, *, tables: bool, handlers: bool) -> bool:
        end = self._log.end()
        if not self._has(self._live.store.feed().end(), end):
            return False
        if tables and not all(self._has(table.live().head().cursor, end) for table in self._live.tables):
            return False
        if handlers and any(self._live.handler(one).status().state != "caught up" for one in HANDLERS):
            return False
        return not handlers or self._log.end() == end

    def _has(self, cursor: Cursor, end: Cursor) -> bool:
        return self._live.store.feed().compare(cursor, end) in {"equal", "after"}
