"""`WithHandlers`: the handlers of a live app."""

from collections.abc import Sequence
from datetime import datetime

from eventfold.app.handlers import LiveHandler
from eventfold.app.handling.done import Handled
from eventfold.app.handling.handling import Handling
from eventfold.app.parts.tables import WithTables
from eventfold.errors import HandlerNotFound
from eventfold.handlers.declaring.handler import Handler
from eventfold.store.lacking import expect_log


class WithHandlers(WithTables):
    """What of a live app is about its handlers."""

    _handling: Handling

    def handler(self, handler: Handler | str) -> LiveHandler:
        """One handler, by what its decorator made or by its name.

        Raises:
            HandlerNotFound: the app has no such handler.
            CapabilityMissing: it has commands to give, and a topic of the log is open, and not the log.
        """
        self._alive()
        name = handler if isinstance(handler, str) else str(getattr(handler, "name", handler))
        if name not in self.app.handlers:
            known = ", ".join(sorted(self.app.handlers)) or "none"
            raise HandlerNotFound(
                f"{self.app.name} has no handler {name!r:.60}; it has: {known}.", handler=name
            )
        if self.app.handlers[name].commands:
            expect_log(self.store, f"The handler {name} has commands to give, which")
        return LiveHandler(self.app.handlers[name], self.store)

    @property
    def handlers(self) -> Sequence[LiveHandler]:
        """All handlers, in the order of the definition."""
        self._alive()
        return [LiveHandler(handler, self.store) for handler in self.app.handlers.values()]

    def handle(self, *, timeout: float = 60.0, at: datetime | None = None) -> Handled:
        """Lets every handler take what is in the log now, once; what waits or is parked is told.

        Args:
            timeout: seconds after which what is left waits for the next time.
            at: an aware time: deadlines are done that are due by then, so that a test need not wait for them.
                Default: now.

        Raises:
            TimeInvalid: `at` has no time zone.
            ConfigInvalid: a handler names a target that the app was not opened with.
            SubscriptionDiffers: a handler takes other events than before; the others have done their work.
            CursorInvalid, LogMismatch: one begins at a cursor that is none of this log; the same.
        """
        self._alive()
        return self._handling.handle(timeout, at)
