"""Events of any kind that a log can hold, and a message as it comes from a client."""

from typing import Any, NamedTuple

import msgspec
from hypothesis import strategies as st
from msgspec import structs

from eventfold import limits
from eventfold.bus.messages.decoding import read_envelope
from eventfold.bus.messages.encoding import MessageEncoder
from eventfold.bus.messages.envelopes import EventEnvelope
from eventfold.bus.messages.form import PROGRESS, Message
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

PLAIN = structs.replace(ONE, metadata="{}", occurred_or_none_us=None)
USUAL = [
    ONE,
    PLAIN,
    structs.replace(PLAIN, metadata='{"correlationId":"c-1"}'),
    structs.replace(PLAIN, occurred_or_none_us=1_600_000_000_000_001),
    structs.replace(PLAIN, stream="order-审批", type='a"b', partition="05C1DFFFFFFFFC-FF"),
]


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


class Given(NamedTuple):
    """A message as a client has it."""

    at: int
    message: Message

    def offset(self) -> int:
        return self.at

    def key(self) -> Any:
        return self.message.key

    def headers(self) -> Any:
        return self.message.headers

    def value(self) -> Any:
        return self.message.value


def _names() -> st.SearchStrategy[str]:
    return st.sampled_from([name.removeprefix("ce_") for name in headers_of(BINARY.event(ONE))]).filter(
        lambda name: name != "content-type"
    )


BAD_NUMBERS = [b"0", b"01", b"-1", b"7_0", b" 7", b"9" * 30, "\N{ARABIC-INDIC DIGIT THREE}".encode()]
BAD_TIMES = [b"2023-11-14", b"2023-11-14T22:13:20.123456+00:00", b"2023-11-14T22:13:20.123457Z"]
BAD = st.binary(max_size=3) | st.sampled_from(
    [*BAD_NUMBERS, *BAD_TIMES, b"\xff", b"a\x00", b'"', b"x" * 3_000]
)
HARMS = st.one_of(
    st.tuples(st.just("header"), _names(), BAD),
    st.tuples(st.just("body"), st.integers(0, 400), st.binary(min_size=1, max_size=1)),
    st.tuples(st.sampled_from(["without", "twice", "last"]), _names()),
    st.tuples(st.just("called"), st.sampled_from([PROGRESS, "Another"])),
    st.tuples(st.just("spliced"), st.sampled_from([b',"metadata":{}', b"}", b" ", b',"exact":{}', b"{" * 2_000])),
)  # fmt: skip


def harmed(message: Message, harm: tuple[Any, ...]) -> Message:
    kind, *rest = harm
    headers, value = list(message.headers), message.value
    match kind, rest:
        case "header", (name, content):
            return changed(message, **{name: content})
        case "body", (at, byte):
            return message._replace(value=value[:at] + byte + value[at + 1 :])
        case "called", (name,):
            was = headers_of(message).get("ce_type", b"none")
            body = value.replace(b'"eventType":"%b"' % was, b'"eventType":"%b"' % name.encode())
            return changed(message, type=name)._replace(value=body)
        case "spliced", (text,):
            return message._replace(value=value.replace(b',"metadata"', text + b',"metadata"'))
    one = next((pair for pair in headers if pair[0] == f"ce_{rest[0]}"), headers[-1])
    if kind != "twice":
        headers.remove(one)
    return message._replace(headers=[*headers, *([one] if kind != "without" else [])])
