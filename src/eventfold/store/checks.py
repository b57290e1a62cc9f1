"""What every store checks before it writes anything: names, sizes, expectations. The same words on every store."""

from collections.abc import Callable, Sequence

from eventfold import limits
from eventfold.errors import (
    BackendLimit,
    BatchEmpty,
    BatchTooLarge,
    EncodingInvalid,
    EventfoldError,
    EventIdDuplicated,
    EventTooLarge,
    ExpectedVersionInvalid,
    InvalidStream,
    MetadataInvalid,
    ObjectExpected,
    PayloadInvalid,
    RangeInvalid,
    TextHasNul,
    TimeInvalid,
)
from eventfold.events.envelope import NewEvent, from_us
from eventfold.events.ids import EMPTY, check_id, check_new_id
from eventfold.events.metadata import check_metadata_keys, check_metadata_size
from eventfold.events.names import check_event_type, check_new_event_type, unfit, unknown_in
from eventfold.events.storable import check_storable
from eventfold.store.names import category_of
from eventfold.store.port import Capabilities, Expected, StreamState

_NUL = "\\u0000"
_FEW = 8
"""Fewer events are checked one by one sooner than together."""


def check_append(stream: str, events: Sequence[NewEvent], expected: Expected, can: Capabilities) -> None:
    """Refuses an append that no store could keep; errors as `Store.append`."""
    category_of(stream)
    check_expected(expected)
    if not isinstance(events, Sequence):
        raise PayloadInvalid(
            f"An append takes a list of events, not {type(events).__name__}.", field="events"
        )
    if not events:
        raise BatchEmpty(f"An append to {stream} without events writes nothing; leave it out.", stream=stream)
    if len(events) > can.max_batch:
        refusal = BatchTooLarge if len(events) > limits.BATCH_EVENTS else BackendLimit
        raise refusal(
            f"{len(events)} events are too many for one append; at most {can.max_batch} fit.",
            limit=can.max_batch,
        )
    _check_kinds(events)
    _check_ids(stream, events)
    if len(events) < _FEW or not _plain(events, can):
        for event in events:
            check_event(event, can)
    if can.max_append_bytes is not None:
        _check_bytes(events, can.max_append_bytes)
    _check_json(events)


def _check_json(events: Sequence[NewEvent]) -> None:
    """Refuses data and metadata that are no JSON object; last, because the cheaper checks say more where they apply."""
    seen = "{}"
    for event in events:
        if event.checked is not event.data:
            _check_text(event, event.data)
        if event.metadata != seen and not is_restored(event):
            _check_text(event, event.metadata)
            seen = event.metadata


def is_restored(event: NewEvent) -> bool:
    """Whether another log holds the event, so that it is taken back as it is, whatever an append takes today."""
    return event.checked is event.data and event.recorded_us is not None


def _check_text(event: NewEvent, text: str) -> None:
    try:
        check_storable(text)
    except EventfoldError as error:
        if text is event.data:
            raise type(error)(f"The data of the event {event.type}: {error.message}", **error.facts) from None
        refusal = MetadataInvalid if isinstance(error, ObjectExpected) else type(error)
        raise refusal(f"The metadata of the event {event.type}: {error.message}", **error.facts) from None


def _check_kinds(events: Sequence[NewEvent]) -> None:
    """Refuses what no type checker would have let pass, before it fails somewhere without a word."""
    for event in events:
        if not isinstance(event, NewEvent):
            raise PayloadInvalid(
                f"An append takes NewEvents, as `Registry.encode` makes of events, not {type(event).__name__}.",
                field="events",
            )
        if not (type(event.type) is type(event.data) is type(event.metadata) is str):
            name = next(n for n in ("type", "data", "metadata") if type(getattr(event, n)) is not str)
            raise _other_kind(event, name, "text")
        for name, us in (("occurred_us", event.occurred_us), ("recorded_us", event.recorded_us)):
            if us is not None and type(us) is not int:
                raise _other_kind(event, name, "a whole number of microseconds")


def _other_kind(event: NewEvent, name: str, wanted: str) -> PayloadInvalid:
    found = type(getattr(event, name)).__name__
    return PayloadInvalid(f"The {name} of a NewEvent is {wanted}, not {found}.", field=name)


def check_new_stream(stream: str, events: Sequence[NewEvent], head: Callable[[str], int]) -> None:
    """Refuses to make a stream whose name people cannot see whole; one that is there, or is restored, goes on.

    Args:
        stream: a name that `check_append` took.
        events: to be appended.
        head: tells the version of a stream; asked only where the name has such a character.

    Raises:
        InvalidStream: the name has a character that no new name can have; see `eventfold.events.names`.
    """
    if stream.isascii() or not (found := unfit(stream) or unknown_in(stream)):
        return
    if not all(map(is_restored, events)) and not head(stream):
        raise InvalidStream(
            f"'{stream.encode('ascii', 'backslashreplace').decode()[:100]}' cannot be the name of a new stream:"
            f" {found}. Leave it out.",
            stream=stream[:60],
        )


def _check_ids(stream: str, events: Sequence[NewEvent]) -> None:
    try:
        ids = {event.id.int for event in events}
    except AttributeError:
        for event in events:
            check_id(event.id)
        raise
    if len(ids) < len(events):
        raise EventIdDuplicated(f"Two events of one append to {stream} have the same id.", stream=stream)
    if not EMPTY.isdisjoint(ids):
        for event in events:
            if not is_restored(event):
                check_new_id(event.id)


def _check_bytes(events: Sequence[NewEvent], limit: int) -> None:
    size = sum(len(event.data.encode()) + len(event.metadata.encode()) for event in events)
    if size > limit:
        raise BackendLimit(
            f"One append of {len(events)} events has {size} bytes; at most {limit} fit. Make it several appends.",
            bytes=size,
            limit=limit,
        )


def _plain(events: Sequence[NewEvent], can: Capabilities) -> bool:
    """Whether nothing about a batch is remarkable: seen at once for all of it, because most batches are so."""
    for name in {event.type for event in events}:
        check_event_type(name)
        if unknown_in(name):
            return False
    data, metadata = [event.data for event in events], {event.metadata for event in events}
    if (max(map(len, data)) + max(map(len, metadata))) * 4 > min(can.max_event_bytes, limits.METADATA_BYTES):
        return False
    for one in metadata:
        check_metadata_keys(one)
    text = "".join(data) + "".join(metadata)
    if not text.isascii() or "\0" in text or _NUL in text or "\n" in text:
        return False
    versions = [event.schema_version for event in events]
    times = [us for event in events for us in (event.occurred_us, event.recorded_us) if us is not None] or [0]
    return (
        set(map(type, versions)) == {int}
        and min(versions) >= 1
        and max(versions) <= limits.INT_MAX
        and min(times) >= limits.TIME_MIN_US
        and max(times) <= limits.TIME_MAX_US
    )


def check_event(event: NewEvent, can: Capabilities) -> None:
    """Refuses an event that is too large, or that no store can keep."""
    (check_event_type if is_restored(event) else check_new_event_type)(event.type)
    characters = len(event.data) + len(event.metadata)
    # every character has at most 4 bytes in UTF-8, so that most events need not be encoded to be measured
    if characters * 4 > can.max_event_bytes:
        size = len(event.data.encode()) + len(event.metadata.encode())
        if size > can.max_event_bytes:
            raise EventTooLarge(
                f"The event {event.type} has {size} bytes; at most {can.max_event_bytes} can be stored. Keep large"
                " content elsewhere and store a reference to it.",
                bytes=size,
                limit=can.max_event_bytes,
            )
    if type(event.schema_version) is not int or not 1 <= event.schema_version <= limits.INT_MAX:
        raise PayloadInvalid(
            f"The event {event.type} has the schema version {event.schema_version!r}; it counts from 1."
        )
    for us, what in ((event.occurred_us, "occurred"), (event.recorded_us, "was recorded")):
        if us is not None and not limits.TIME_MIN_US <= us <= limits.TIME_MAX_US:
            raise TimeInvalid(f"The event {event.type} {what} outside the years 1 to 9999 in UTC.")
    for text in (event.data, event.metadata):
        if "\0" in text or (_NUL in text and _has_nul(text)):
            raise TextHasNul(f"The event {event.type} contains NUL, which not every store can keep.")
        if "\n" in text:
            raise PayloadInvalid(
                f"The JSON of the event {event.type} has line feeds between its values: write it compactly."
            )
    if not (event.data.isascii() and event.metadata.isascii()):
        try:
            (event.data + event.metadata).encode()
        except UnicodeEncodeError:
            raise EncodingInvalid(f"The event {event.type} contains a lone surrogate.") from None
    check_metadata_size(event.metadata)
    check_metadata_keys(event.metadata)


def _has_nul(text: str) -> bool:
    """Whether JSON text says NUL by an escape; after an escaped backslash the same letters mean nothing."""
    return _NUL in text.replace("\\\\", "")


def check_recorded(stream: str, times: Sequence[int], last_us: int) -> None:
    """Refuses recorded times that decrease.

    Args:
        stream: the stream.
        times: of the events, microseconds since 1970.
        last_us: of the event before them.
    """
    for us in times:
        if us < last_us:
            raise TimeInvalid(
                f"An event of {stream} was recorded at {from_us(us).isoformat()}, before the event that stands before"
                f" it here ({from_us(last_us).isoformat()}): restore into an empty log, or import it with --documents.",
                stream=stream,
            )
        last_us = us


def check_expected(expected: Expected) -> None:
    """Refuses what is no expected version."""
    if isinstance(expected, StreamState):
        return
    if type(expected) is not int or expected < 0:
        raise ExpectedVersionInvalid(
            f"{expected!r} is no expected version: give the number of events (0 = the stream is new), ANY or EXISTS.",
            expected=expected,
        )


def check_range(after: int, to: int | None, limit: int | None) -> None:
    """Refuses a range of versions with negative or reversed bounds."""
    for name, value in (("after", after), ("to", to), ("limit", limit)):
        if (value is not None or name == "after") and (type(value) is not int or value < 0):
            raise RangeInvalid(f"{name} = {value!r}: a bound is a whole number from 0.", field=name)
    if to is not None and after > to:
        raise RangeInvalid(f"The range is reversed: after = {after} lies above to = {to}.", field="after")
    if max(after, to or 0, limit or 0) > limits.INT_MAX:
        raise RangeInvalid("A bound does not fit 64 bits.")
