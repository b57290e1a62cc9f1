"""What was asked for is not there."""

from eventfold.errors.root import EventfoldError


class NotFound(EventfoldError, code="not-found", status=404, exit_code=4):
    """What was asked for is not there."""


class LogNotFound(NotFound, code="log-not-found"):
    """A place without an event store, where none is to be made."""


class StreamNotFound(NotFound, code="stream-not-found"):
    """A stream without events."""


class TableNotFound(NotFound, code="table-not-found"):
    """A table that the app does not define."""


class HandlerNotFound(NotFound, code="handler-not-found"):
    """A handler that the app does not have, or one that has not begun."""


class RowNotFound(NotFound, code="row-not-found"):
    """A key without a row."""


class PositionBeyondHead(NotFound, code="position-beyond-head", status=416):
    """A moment that the log has not reached."""


class TableBehind(NotFound, code="table-behind", status=504):
    """A table that has not reached the asked moment in time; what was written is safe."""
