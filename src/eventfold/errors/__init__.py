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
    |   +-- ExpectedVersionInvalid, RangeInvalid, CursorInvalid, QueryInvalid, RowInvalid, SignatureInvalid,
    |   |                           BodyEmpty, BodyTooLarge, MediaTypeUnsupported, MessageInvalid
    |   +-- FilterInvalid           FilterFieldUnknown
    +-- NotFound               LogNotFound, StreamNotFound, TableNotFound, RowNotFound, PositionBeyondHead, TableBehind,
    |                           HandlerNotFound
    +-- Conflict                 what is stored contradicts what was asked; nothing was written
    |   +-- WrongExpectedVersion, EventIdReused, PartialDuplicate, InvalidOperation
    |   +-- StaleCursor, OwnerFenced, EngineFenced, SchemaBroken, SchemaUnrecorded, SubscriptionDiffers,
    |                           RollbackRefused, HandlersBegun, HandlerHeld, RelayFenced
    +-- LogMismatch              a cursor and a log (or table) that do not belong together
    |   +-- ForeignCursor, CheckpointBeyondHead, CursorExpired, CursorLost, FeedRebased, FeedBroken, TopicRepartitioned
    +-- AuditFailed              log, ledger, state and published rows do not say the same
    +-- StorageError             the storage did not do its work; never a statement about versions
    |   +-- StorageBusy, StorageFull, StorageFailed, StoreFenced, StoreClosed, FormatUnknown,
    |   |                           MemoryExhausted, BusUnavailable
    |   +-- OutcomeUnknown          the answer was lost: the write may or may not have happened
    +-- DefinitionError          the program is wrong, found when it starts
    |   +-- UpcasterMissing, TableInvalid, UnsupportedUrl, ExtraMissing, ConfigInvalid, SchemaFileInvalid,
    |       CapabilityMissing, TopicUnfit
    +-- HandlingError            one event could not be handled: it is parked, or stops the table
        +-- UpcasterFailed, ValueUnfit, FoldFailed, TableStopped, EffectRefused, HandlerFailed, HandlerCrashed,
            CausationTooLong, TargetUnavailable, TargetForbidden, PublicEventInvalid
"""

from eventfold.errors.absent import (
    HandlerNotFound,
    LogNotFound,
    NotFound,
    PositionBeyondHead,
    RowNotFound,
    StreamNotFound,
    TableBehind,
    TableNotFound,
)
from eventfold.errors.conflicts import (
    Conflict,
    EngineFenced,
    EventIdReused,
    HandlerHeld,
    HandlersBegun,
    InvalidOperation,
    OwnerFenced,
    PartialDuplicate,
    RelayFenced,
    RollbackRefused,
    SchemaBroken,
    SchemaUnrecorded,
    StaleCursor,
    SubscriptionDiffers,
    WrongExpectedVersion,
)
from eventfold.errors.definitions import (
    CapabilityMissing,
    ConfigInvalid,
    DefinitionError,
    ExtraMissing,
    SchemaFileInvalid,
    TableInvalid,
    TopicUnfit,
    UnsupportedUrl,
    UpcasterMissing,
)
from eventfold.errors.handling import (
    CausationTooLong,
    EffectRefused,
    FoldFailed,
    HandlerCrashed,
    HandlerFailed,
    HandlingError,
    PublicEventInvalid,
    TableStopped,
    TargetForbidden,
    TargetUnavailable,
    UpcasterFailed,
    ValueUnfit,
)
from eventfold.errors.logs import (
    AuditFailed,
    CheckpointBeyondHead,
    CursorExpired,
    CursorLost,
    FeedBroken,
    FeedRebased,
    ForeignCursor,
    LogMismatch,
    TopicRepartitioned,
)
from eventfold.errors.refused import (
    BackendLimit,
    BatchEmpty,
    BatchTooLarge,
    BodyEmpty,
    BodyTooLarge,
    CategoryMismatch,
    CursorInvalid,
    DecimalAsStringRequired,
    EncodingInvalid,
    EventIdDuplicated,
    EventTooLarge,
    EventTypeInvalid,
    EventTypeUnknown,
    ExpectedVersionInvalid,
    FilterFieldUnknown,
    FilterInvalid,
    IntegerOutOfRange,
    InvalidBatch,
    InvalidEvent,
    InvalidJson,
    InvalidStream,
    JsonDuplicateKey,
    JsonTooDeep,
    MediaTypeUnsupported,
    MessageInvalid,
    MetadataInvalid,
    MetadataReserved,
    NumberNotFinite,
    NumberTooLarge,
    ObjectExpected,
    PayloadInvalid,
    QueryInvalid,
    RangeInvalid,
    Refused,
    RowInvalid,
    SchemaVersionUnknown,
    SignatureInvalid,
    StreamNameTooLong,
    StreamReserved,
    TextHasNul,
    TimeInvalid,
)
from eventfold.errors.root import EventfoldError, Outcome
from eventfold.errors.storage import (
    BusUnavailable,
    FormatUnknown,
    MemoryExhausted,
    OutcomeUnknown,
    StorageBusy,
    StorageError,
    StorageFailed,
    StorageFull,
    StoreClosed,
    StoreFenced,
)

__all__ = [
    "AuditFailed",
    "BackendLimit",
    "BatchEmpty",
    "BatchTooLarge",
    "BodyEmpty",
    "BodyTooLarge",
    "BusUnavailable",
    "CapabilityMissing",
    "CategoryMismatch",
    "CausationTooLong",
    "CheckpointBeyondHead",
    "ConfigInvalid",
    "Conflict",
    "CursorExpired",
    "CursorInvalid",
    "CursorLost",
    "DecimalAsStringRequired",
    "DefinitionError",
    "EffectRefused",
    "EncodingInvalid",
    "EngineFenced",
    "EventIdDuplicated",
    "EventIdReused",
    "EventTooLarge",
    "EventTypeInvalid",
    "EventTypeUnknown",
    "EventfoldError",
    "ExpectedVersionInvalid",
    "ExtraMissing",
    "FeedBroken",
    "FeedRebased",
    "FilterFieldUnknown",
    "FilterInvalid",
    "FoldFailed",
    "ForeignCursor",
    "FormatUnknown",
    "HandlerCrashed",
    "HandlerFailed",
    "HandlerHeld",
    "HandlerNotFound",
    "HandlersBegun",
    "HandlingError",
    "IntegerOutOfRange",
    "InvalidBatch",
    "InvalidEvent",
    "InvalidJson",
    "InvalidOperation",
    "InvalidStream",
    "JsonDuplicateKey",
    "JsonTooDeep",
    "LogMismatch",
    "LogNotFound",
    "MediaTypeUnsupported",
    "MemoryExhausted",
    "MessageInvalid",
    "MetadataInvalid",
    "MetadataReserved",
    "NotFound",
    "NumberNotFinite",
    "NumberTooLarge",
    "ObjectExpected",
    "Outcome",
    "OutcomeUnknown",
    "OwnerFenced",
    "PartialDuplicate",
    "PayloadInvalid",
    "PositionBeyondHead",
    "PublicEventInvalid",
    "QueryInvalid",
    "RangeInvalid",
    "Refused",
    "RelayFenced",
    "RollbackRefused",
    "RowInvalid",
    "RowNotFound",
    "SchemaBroken",
    "SchemaFileInvalid",
    "SchemaUnrecorded",
    "SchemaVersionUnknown",
    "SignatureInvalid",
    "StaleCursor",
    "StorageBusy",
    "StorageError",
    "StorageFailed",
    "StorageFull",
    "StoreClosed",
    "StoreFenced",
    "StreamNameTooLong",
    "StreamNotFound",
    "StreamReserved",
    "SubscriptionDiffers",
    "TableBehind",
    "TableInvalid",
    "TableNotFound",
    "TableStopped",
    "TargetForbidden",
    "TargetUnavailable",
    "TextHasNul",
    "TimeInvalid",
    "TopicRepartitioned",
    "TopicUnfit",
    "UnsupportedUrl",
    "UpcasterFailed",
    "UpcasterMissing",
    "ValueUnfit",
    "WrongExpectedVersion",
    "table",
]

_BRANCHES = (
    Refused,
    NotFound,
    Conflict,
    LogMismatch,
    AuditFailed,
    StorageError,
    DefinitionError,
    HandlingError,
)


def table() -> list[tuple[str, int, int, str]]:
    """Every error as (code, HTTP status, exit code, class name), root first, in the order of the tree."""
    rows: list[tuple[str, int, int, str]] = []
    stack: list[type[EventfoldError]] = [*reversed(_BRANCHES), EventfoldError]
    while stack:
        cls = stack.pop()
        rows.append((cls.code, cls.status, cls.exit_code, cls.__name__))
        if cls is not EventfoldError:  # its branches have their order
            stack.extend(reversed(cls.__subclasses__()))
    return rows
