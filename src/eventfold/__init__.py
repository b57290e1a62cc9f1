"""eventfold: event sourcing for Python data platforms. Import it as `ef`."""

from eventfold.aggregates.aggregate import Aggregate
from eventfold.aggregates.repository import Executed, Repository
from eventfold.errors import EventfoldError, InvalidOperation, WrongExpectedVersion
from eventfold.events.envelope import NewEvent, RecordedEvent
from eventfold.events.event import Event, upcast
from eventfold.events.ids import new_id
from eventfold.events.metadata import context
from eventfold.events.registry import Registry, Untyped
from eventfold.store.open import open_store
from eventfold.store.port import ANY, EXISTS, Appended, Expected, Store, Write

__all__ = [
    "ANY",
    "EXISTS",
    "Aggregate",
    "Appended",
    "Event",
    "EventfoldError",
    "Executed",
    "Expected",
    "InvalidOperation",
    "NewEvent",
    "RecordedEvent",
    "Registry",
    "Repository",
    "Store",
    "Untyped",
    "Write",
    "WrongExpectedVersion",
    "context",
    "new_id",
    "open_store",
    "upcast",
]
