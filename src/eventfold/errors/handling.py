"""One event could not be handled: it is parked, or stops the table."""

from eventfold.errors.root import EventfoldError


class HandlingError(EventfoldError, code="handling-failed", status=422, exit_code=9):
    """One event could not be handled."""


class UpcasterFailed(HandlingError, code="upcaster-failed"):
    """An upcaster raised, or returned what is not data."""


class ValueUnfit(HandlingError, code="value-unfit"):
    """A value that does not fit the type of its column."""


class FoldFailed(HandlingError, code="fold-failed"):
    """A Python fold raised."""


class TableStopped(HandlingError, code="table-stopped"):
    """A table that is to stop at an event that it cannot fold. Facts: table, stream, version, reason."""
