"""The input cannot be accepted as it is; nothing was written."""

from eventfold.errors.root import EventfoldError


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


class FilterInvalid(Refused, code="filter-invalid"):
    """A `where` of a search that is not of its grammar, or has no value of its column. Facts: position."""


class FilterFieldUnknown(FilterInvalid, code="filter-field-unknown"):
    """A `where` of a search that names what its table does not let anyone filter by. Facts: column, position."""


class RowInvalid(Refused, code="row-invalid", status=422):
    """A row of an imported file that is no event."""


class SignatureInvalid(Refused, code="signature-invalid", status=401):
    """A request whose sender cannot be told from its signature. Facts: reason."""


class BodyEmpty(Refused, code="body-empty"):
    """A request without a body where one belongs."""


class BodyTooLarge(Refused, code="body-too-large", status=413):
    """A request whose body is larger than is taken."""


class MediaTypeUnsupported(Refused, code="media-type-unsupported", status=415):
    """Content of a kind that is not taken."""


class MessageInvalid(Refused, code="message-invalid", status=422):
    """A message of a topic that is none of ours, or not whole. Facts: reason, field."""
