"""Everything that can go wrong, as one tree.

Catch the branch you mean; `code` is stable and may be stored or compared, the sentence may not.

    EventfoldError
    +-- Refused                  the input cannot be accepted as it is; nothing was written
    |   +-- InvalidEvent            EventTypeInvalid, EventTypeUnknown, SchemaVersionUnknown, PayloadInvalid,
    |   |                           DecimalAsStringRequired, IntegerOutOfRange, TimeInvalid, NumberNotFinite,
    |   |                           TextHasNul, MetadataInvalid, MetadataReserved, EventTooLarge, EventIdDuplicated
    |   +-- InvalidJson             JsonTooDeep, JsonDuplicateKey, NumberTooLarge, EncodingInvalid, ObjectExpected
    |   +-- InvalidStream           StreamNameTooLong, StreamReserved, CategoryMismatch
    |   +-- InvalidBatch            BatchEmpty, BatchTooLarge, BackendLimit
    |   +-- ExpectedVersionInvalid, RangeInvalid, CursorInvalid, QueryInvalid, RowInvalid
    +-- NotFound               LogNotFound, StreamNotFound, TableNotFound, RowNotFound, PositionBeyondHead, TableBehind
    +-- Conflict                 what is stored contradicts what was asked; nothing was written
    |   +-- WrongExpectedVersion, EventIdReused, PartialDuplicate, InvalidOperation
    |   +-- StaleCursor, OwnerFenced, SchemaBroken, SchemaUnrecorded
    +-- LogMismatch              a cursor and a log (or table) that do not belong together
    |   +-- ForeignCursor, CheckpointBeyondHead, CursorExpired, CursorLost, FeedRebased, FeedBroken
    +-- AuditFailed              log, ledger, state and published rows do not say the same
    +-- StorageError             the storage did not do its work; never a statement about versions
    |   +-- StorageBusy, StorageFull, StorageFailed, StoreFenced, StoreClosed, FormatUnknown,
    |   |                           MemoryExhausted
    |   +-- OutcomeUnknown          the answer was lost: the write may or may not have happened
    +-- DefinitionError          the program is wrong, found when it starts
    |   +-- UpcasterMissing, TableInvalid, UnsupportedUrl, ExtraMissing, ConfigInvalid, SchemaFileInvalid,
    |       CapabilityMissing
    +-- HandlingError            one event could not be handled: it is parked, or stops the table
        +-- UpcasterFailed, ValueUnfit, FoldFailed, TableStopped
"""

from typing import Any, ClassVar, Literal

Outcome = Literal["not_applied", "applied", "unknown"]


class EventfoldError(Exception):
    """The root: a sentence that says what, where and what to do, and the facts behind it.

    Args:
        message: one or two plain sentences.
        facts: the values the sentence speaks of, by name, as they may appear in JSON.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    outcome: Outcome = "not_applied"

    def __init_subclass__(cls, *, code: str = "", status: int = 0, exit_code: int = 0, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        cls.code = code or cls.code
        cls.status = status or cls.status
        cls.exit_code = exit_code or cls.exit_code

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts

    def as_dict(self) -> dict[str, object]:
        """The error as a JSON-ready map: code, message, outcome and the facts as text or numbers."""
        facts = {
            k: v if isinstance(v, int | float | bool | None) else _text(v) for k, v in self.facts.items()
        }
        return {"code": self.code, "message": _text(self.message), "outcome": self.outcome, **facts}


def _text(fact: object) -> str:
    # bytes of an argument that are no UTF-8 arrive as lone surrogates, which JSON cannot hold
    return str(fact).encode(errors="backslashreplace").decode()


class Refused(EventfoldError, code="refused", status=400, exit_code=3):
    """The input cannot be accepted as it is."""


class InvalidEvent(Refused, code="event-invalid", status=422):
    """An event that cannot be stored or read as it stands."""


class EventTypeInvalid(InvalidEvent, code="event-type-invalid", status=400):
    """A type name outside the allowed characters or longer than 128."""


class EventTypeUnknown(InvalidEvent, code="event-type-unknown"):
    """A stored name that this app has not registered."""


class SchemaVersionUnknown(InvalidEvent, code="schema-version-unknown"):
    """A schema version newer than this program knows: written by a later release."""


class PayloadInvalid(InvalidEvent, code="payload-invalid"):
    """Data that does not have the shape of its type."""


class DecimalAsStringRequired(PayloadInvalid, code="decimal-as-string-required"):
    """A decimal given as a float, which has already lost its exact value."""


class IntegerOutOfRange(PayloadInvalid, code="integer-out-of-range"):
    """An integer outside 64 bits."""


class TimeInvalid(PayloadInvalid, code="time-invalid"):
    """A naive, impossible or ambiguous time."""


class NumberNotFinite(InvalidEvent, code="number-not-finite", status=400):
    """NaN or an infinity."""


class TextHasNul(InvalidEvent, code="text-has-nul", status=400):
    """Text that contains U+0000, which not every store can keep."""


class MetadataInvalid(InvalidEvent, code="metadata-invalid", status=400):
    """Metadata that is not an object of at most 64 KiB."""


class MetadataReserved(MetadataInvalid, code="metadata-reserved"):
    """Metadata that sets a name which the system itself writes."""


class EventTooLarge(InvalidEvent, code="event-too-large", status=413):
    """One stored event above the size limit."""


class EventIdDuplicated(InvalidEvent, code="event-id-duplicated", status=400):
    """The same event id twice in one batch."""


class InvalidJson(Refused, code="json-invalid"):
    """Text that is not JSON."""


class JsonTooDeep(InvalidJson, code="json-too-deep"):
    """JSON nested deeper than the limit."""


class JsonDuplicateKey(InvalidJson, code="json-duplicate-key"):
    """An object that names one key twice."""


class NumberTooLarge(InvalidJson, code="number-too-large"):
    """A number with more digits than any column can hold."""


class EncodingInvalid(InvalidJson, code="encoding-invalid"):
    """Bytes that are not UTF-8, or carry a byte order mark."""


class ObjectExpected(InvalidJson, code="object-expected"):
    """A JSON array, text or null where an object belongs."""


class InvalidStream(Refused, code="stream-name-invalid"):
    """A stream name outside the allowed form `category-id`."""


class StreamNameTooLong(InvalidStream, code="stream-name-too-long"):
    """A stream name above 255 bytes of UTF-8."""


class StreamReserved(InvalidStream, code="stream-reserved", status=403):
    """A stream name that belongs to the system."""


class CategoryMismatch(InvalidStream, code="category-mismatch"):
    """A stream of another category than the repository's aggregate."""


class InvalidBatch(Refused, code="batch-invalid"):
    """A set of events that cannot be appended together."""


class BatchEmpty(InvalidBatch, code="batch-empty"):
    """An append without events."""


class BatchTooLarge(InvalidBatch, code="batch-too-large", status=413):
    """More events in one append than the store takes."""


class BackendLimit(BatchTooLarge, code="backend-limit"):
    """More in one append than this kind of store takes; the sentence names its limit."""


class ExpectedVersionInvalid(Refused, code="expected-version-invalid"):
    """An expected version that is neither a count of events, ANY nor EXISTS."""


class RangeInvalid(Refused, code="range-invalid"):
    """A range whose bounds are negative or reversed."""


class CursorInvalid(Refused, code="cursor-invalid"):
    """A cursor that is damaged or of another form."""


class QueryInvalid(Refused, code="query-invalid"):
    """A question that cannot be answered as it is put."""


class RowInvalid(Refused, code="row-invalid", status=422):
    """A row of an imported file that is no event."""


class NotFound(EventfoldError, code="not-found", status=404, exit_code=4):
    """What was asked for is not there."""


class LogNotFound(NotFound, code="log-not-found"):
    """A place without an event store, where none is to be made."""


class StreamNotFound(NotFound, code="stream-not-found"):
    """A stream without events."""


class TableNotFound(NotFound, code="table-not-found"):
    """A table that the app does not define."""


class RowNotFound(NotFound, code="row-not-found"):
    """A key without a row."""


class PositionBeyondHead(NotFound, code="position-beyond-head", status=416):
    """A moment that the log has not reached."""


class TableBehind(NotFound, code="table-behind", status=504):
    """A table that has not reached the asked moment in time; what was written is safe."""


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


class SchemaBroken(Conflict, code="schema-broken"):
    """A changed program that could not read, or would read otherwise, what the schema file records."""


class SchemaUnrecorded(Conflict, code="schema-unrecorded"):
    """Something new that the schema file does not record yet."""


class LogMismatch(EventfoldError, code="log-mismatch", status=409, exit_code=6):
    """A cursor and a log that do not belong together."""


class ForeignCursor(LogMismatch, code="foreign-cursor"):
    """A cursor of another log, or of a log that was restored, cut or swapped since."""


class CheckpointBeyondHead(LogMismatch, code="checkpoint-beyond-head"):
    """A cursor beyond the end of the log: the log was restored from an older copy."""


class CursorExpired(LogMismatch, code="cursor-expired", status=410):
    """A cursor that needs events which the feed no longer holds."""


class CursorLost(LogMismatch, code="cursor-lost"):
    """A published table without any stamp that says which events it contains."""


class FeedRebased(LogMismatch, code="feed-rebased"):
    """The feed counts its places anew (partitions merged, the store restored): what follows it is rebuilt."""


class FeedBroken(LogMismatch, code="feed-broken"):
    """The feed gave a stream with a hole in it; nothing of it was handled."""


class AuditFailed(EventfoldError, code="audit-failed", status=409, exit_code=10):
    """What an audit compared differs; its report says where."""


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


class DefinitionError(EventfoldError, code="definition-invalid", exit_code=2):
    """The program or its configuration is wrong."""


class UpcasterMissing(DefinitionError, code="upcaster-missing"):
    """A schema version from which no chain of upcasters reaches the current one."""


class TableInvalid(DefinitionError, code="table-invalid"):
    """A table definition that cannot keep its promise."""


class UnsupportedUrl(DefinitionError, code="url-unsupported"):
    """A URL of no known kind."""


class ExtraMissing(DefinitionError, code="extra-missing"):
    """A part that needs a package which is not installed."""


class ConfigInvalid(DefinitionError, code="config-invalid"):
    """A setting that cannot be used."""


class SchemaFileInvalid(DefinitionError, code="schema-file-invalid"):
    """A schema file that is missing, damaged or of a later release."""


class CapabilityMissing(DefinitionError, code="capability-missing", status=501):
    """A request for something this store or feed declares that it cannot do."""


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


def table(root: type[EventfoldError] = EventfoldError) -> list[tuple[str, int, int, str]]:
    """Every error as (code, HTTP status, exit code, class name), root first, in the order of the tree."""
    below = (row for child in root.__subclasses__() for row in table(child))
    return [(root.code, root.status, root.exit_code, root.__name__), *below]
