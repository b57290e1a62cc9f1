"""What is stored contradicts what was asked; nothing was written."""

from eventfold.errors.root import EventfoldError


class Conflict(EventfoldError, code="conflict", status=409, exit_code=5):
    """What is stored contradicts what was asked."""


class WrongExpectedVersion(Conflict, code="wrong-expected-version"):
    """The stream is not at the version that the writer decided on. Facts: stream, expected, actual."""


class EventIdReused(Conflict, code="event-id-reused"):
    """An event id that already stands for other content or, where the store can tell, in another stream."""


class PartialDuplicate(Conflict, code="partial-duplicate"):
    """Some events of the batch are stored already and some are not."""


class InvalidOperation(Conflict, code="invalid-operation"):
    """A command that the rules of the domain refuse."""


class StaleCursor(Conflict, code="stale-cursor"):
    """The state has moved on since it was read: another worker committed first."""


class OwnerFenced(Conflict, code="owner-fenced"):
    """A commit by a worker whose lease has passed to another."""


class EngineFenced(Conflict, code="engine-fenced"):
    """A published table that another engine, or another state, has taken over. Facts: table, engine, epoch."""


class RollbackRefused(Conflict, code="rollback-refused"):
    """A rollback of a table to rows that are not those of the code that runs, or not right any more. Facts: table."""


class HandlersBegun(Conflict, code="handlers-begun"):
    """A restore into a log whose handlers have begun: they would take it for news. Facts: handlers."""


class HandlerHeld(Conflict, code="handler-held"):
    """A handler that a move or a restore left held: it goes on from a place that somebody says."""


class SchemaBroken(Conflict, code="schema-broken"):
    """A changed program that could not read, or would read otherwise, what the schema file records."""


class SchemaUnrecorded(Conflict, code="schema-unrecorded"):
    """Something new that the schema file does not record yet."""


class SubscriptionDiffers(Conflict, code="subscription-differs"):
    """A handler that follows other events than its checkpoint speaks of. Facts: handler."""


class RelayFenced(Conflict, code="relay-fenced"):
    """Another relay sends to the topic; what this one had begun is settled by that one."""
