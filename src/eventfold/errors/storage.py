"""The storage did not do its work; never a statement about versions."""

from eventfold.errors.root import EventfoldError, Outcome


class StorageError(EventfoldError, code="storage-error", status=503, exit_code=7):
    """The storage did not do its work."""


class StorageBusy(StorageError, code="storage-busy"):
    """Another writer held the store for too long; nothing was written, repeat."""


class StorageFull(StorageError, code="storage-full", status=507):
    """No space is left."""


class MemoryExhausted(StorageError, code="memory-exhausted", status=507):
    """What was asked for does not fit into the memory that it may take."""


class StorageFailed(StorageError, code="storage-failed"):
    """The storage reported an error."""


class StoreFenced(StorageError, code="store-fenced"):
    """The store refuses appends after an I/O error until it is opened again."""


class StoreClosed(StorageError, code="store-closed"):
    """The store was closed."""


class FormatUnknown(StorageError, code="format-unknown"):
    """A file that is not ours, or was written by a later release."""


class OutcomeUnknown(StorageError, code="outcome-unknown", exit_code=8):
    """The answer was lost: repeat with the same event ids, which settles it."""

    outcome: Outcome = "unknown"


class BusUnavailable(StorageError, code="bus-unavailable"):
    """The broker did not answer; what was sent may or may not have arrived, and the relay looks before it goes on."""
