"""Events of any kind that a log can hold, and a message as it comes from a client."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from eventfold import limits
from eventfold.bus.messages.decoding import read_envelope
from eventfold.bus.messages.encoding import MessageEncoder
from eventfold.bus.messages.envelopes import EventEnvelope
from eventfold.bus.messages.form import Message
from eventfold.errors import EventfoldError
from eventfold.events.envelope import RecordedEvent
from eventfold.events.names import check_event_type
from eventfold.store.names import category_of

LOG = "01890a5d-ac96-774b-bcce-b302099a8057"
COUNT = 6
BINARY, STRUCTURED = MessageEncoder(LOG, COUNT), MessageEncoder(LOG, COUNT, is_structured=True)
HOSTILE = [
    "'; DROP TABLE x;--",
    'a"b',
    "审批",
    "naïve ☃",
    "%2F%20",
    "ce_id: 1",
    "$1 {x}",
    "\U0001f600",
    "a\uffffb",
]


def _accepts(check: Any, name: str) -> bool:
    try:
        check(name)
    except EventfoldError:
        return False
    return True


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
NAMES = st.sampled_from(HOSTILE) | TEXTS
STREAMS = NAMES.map("order-{}".format).filter(lambda name: _accepts(category_of, name))
TYPES = NAMES.map("T{}".format).filter(lambda name: _accepts(check_event_type, name))
NUMBERS = st.integers(limits.INT_MIN, limits.INT_MAX) | st.floats(allow_nan=False, allow_infinity=False)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False).map(str)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | DECIMALS | TEXTS,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(TEXTS, inside, max_size=3),
    max_leaves=8,
)
MAPS = st.dictionaries(TEXTS, VALUES, max_size=4)
TRACED = st.fixed_dictionaries(
    {}, optional={"correlationId": VALUES, "causationId": TEXTS, "traceparent": TEXTS, "actor": TEXTS}
)


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


TIMES = st.integers(limits.TIME_MIN_US, limits.TIME_MAX_US)
EVENTS = st.builds(
    RecordedEvent,
    position=st.integers(1, limits.INT_MAX),
    stream=STREAMS,
    version=st.integers(1, limits.INT_MAX),
    type=TYPES,
    schema_version=st.integers(1, 2**31),
    id_bytes=st.binary(min_size=16, max_size=16),
    recorded_us=TIMES,
    occurred_or_none_us=st.none() | TIMES,
    data=MAPS.map(_text)
    | st.sampled_from(['{"a":1.10,"b":1E+2,"c":1e-7}', '{"metadata":{"schemaVersion":9}}']),
    metadata=st.just("{}") | (TRACED | MAPS).map(_text),
    partition=st.sampled_from(["0", "05C1DFFFFFFFFC-FF", "région"]),
)
ONE = RecordedEvent(
    7, "order-1", 3, "Placed", 2, bytes(range(16)), 1_700_000_000_123_456, 1_600_000_000_000_001,
    '{"total":"12.50","n":9007199254740993}',
    '{"actor":"ann","correlationId":"c-1","causationId":"x-1","traceparent":"00-1-2-01"}', "p1",
)  # fmt: skip


def opened(message: Message) -> EventEnvelope:
    """The envelope of an event."""
    found = read_envelope(message.headers, message.value)
    assert isinstance(found, EventEnvelope)
    return found


def headers_of(message: Message) -> dict[str, bytes]:
    """Its headers, each of which is bytes."""
    assert all(isinstance(value, bytes) for _, value in message.headers)
    return {name: value for name, value in message.headers if isinstance(value, bytes)}


def changed(message: Message, **attributes: str | bytes | None) -> Message:
    """A message with other attributes in its headers; None takes one away."""
    headers: dict[str, str | bytes | None] = dict(message.headers)
    for name, value in attributes.items():
        if value is None:
            del headers[f"ce_{name}"]
        else:
            headers[f"ce_{name}"] = value.encode() if isinstance(value, str) else value
    return message._replace(headers=list(headers.items()))
