"""One event could not be handled: it is parked, or stops the table; or the place where effects go does not answer."""

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


class EffectRefused(HandlingError, code="effect-refused"):
    """A target that will not take an effect as it is, however often it is tried. Facts: target, status."""


class HandlerFailed(HandlingError, code="handler-failed"):
    """The function of a handler raised. Facts: handler, stream, version."""


class HandlerCrashed(HandlingError, code="handler-crashed"):
    """An event whose handling ended the process, each time it was tried."""


class CausationTooLong(HandlingError, code="causation-too-long"):
    """A reaction at the end of a chain of reactions that leads nowhere."""


class TargetUnavailable(HandlingError, code="target-unavailable", status=503):
    """A target that did not answer, or asked to come again later. Facts: target, retry_after (seconds, or None)."""


class TargetForbidden(HandlingError, code="target-forbidden", status=400):
    """A target at an address that effects may not go to. Facts: target."""


class PublicEventInvalid(HandlingError, code="public-event-invalid"):
    """A public event of others that could not be read, or does not fit its class. Facts: handler, source, type."""
