"""What is compared with a message that was taken is read as that was, and nothing is read that would be refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from eventfold.bus.marks import Place
from eventfold.bus.messages.alike import Alike
from eventfold.bus.messages.decoding import read_envelope
from eventfold.bus.messages.envelopes import EventEnvelope
from eventfold.bus.messages.form import Message
from eventfold.errors import EventfoldError
from eventfold.events.envelope import RecordedEvent
from tests.bus.messages.making import BINARY, COUNT, EVENTS, LOG, ONE, STRUCTURED, changed, headers_of, opened

PLAIN = structs.replace(ONE, metadata="{}", occurred_or_none_us=None)
USUAL = [
    ONE,
    PLAIN,
    structs.replace(PLAIN, metadata='{"correlationId":"c-1"}'),
    structs.replace(PLAIN, occurred_or_none_us=1_600_000_000_000_001),
    structs.replace(PLAIN, stream="order-审批", type='a"b', partition="05C1DFFFFFFFFC-FF"),
]


def learned(log: str = LOG, count: int = COUNT) -> Alike:
    alike, message = Alike(log, count), BINARY.event(PLAIN)
    alike.learn(opened(message), message.headers)
    return alike


def read(message: Message) -> RecordedEvent | EventfoldError:
    """As it is read without a model."""
    try:
        found = read_envelope(message.headers, message.value)
        assert isinstance(found, EventEnvelope)
        return found.event()
    except EventfoldError as error:
        return error


@pytest.mark.parametrize("event", USUAL)
def test_what_a_relay_writes_is_compared_and_not_taken_apart(event: RecordedEvent) -> None:
    message = BINARY.event(event, Place(5, 2))
    assert learned().read(message.headers, message.value) == (event, b"7.3", b"5.2")


@given(EVENTS)
def test_what_is_compared_is_what_is_read(event: RecordedEvent) -> None:
    message = BINARY.event(event)
    found = learned().read(message.headers, message.value)
    assert found is None or found[0] == read(message) == event


def _names() -> st.SearchStrategy[str]:
    return st.sampled_from([name.removeprefix("ce_") for name in headers_of(BINARY.event(ONE))]).filter(
        lambda name: name != "content-type"
    )


NUMBERS = [b"0", b"01", b"-1", b"7_0", b" 7", b"9" * 30, "\N{ARABIC-INDIC DIGIT THREE}".encode()]
TIMES = [b"2023-11-14", b"2023-11-14T22:13:20.123456+00:00", b"2023-11-14T22:13:20.123457Z"]
BAD = st.binary(max_size=3) | st.sampled_from([*NUMBERS, *TIMES, b"\xff", b"a\x00", b'"', b"x" * 3_000])
HARMS = st.one_of(
    st.tuples(st.just("header"), _names(), BAD),
    st.tuples(st.just("body"), st.integers(0, 400), st.binary(min_size=1, max_size=1)),
    st.tuples(st.sampled_from(["without", "twice", "last"]), _names()),
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
        case "spliced", (text,):
            return message._replace(value=value.replace(b',"metadata"', text + b',"metadata"'))
    one = next((pair for pair in headers if pair[0] == f"ce_{rest[0]}"), headers[-1])
    if kind != "twice":
        headers.remove(one)
    return message._replace(headers=[*headers, *([one] if kind != "without" else [])])


@given(st.sampled_from(USUAL), HARMS)
def test_what_was_harmed_is_not_read_as_anything_else(event: RecordedEvent, harm: tuple[Any, ...]) -> None:
    message = harmed(BINARY.event(event, Place(5, 2)), harm)
    found = learned().read(message.headers, message.value)
    # what names another event before it is not taken by this: see `Lane.goes_on`
    assert found is None or found[2] != b"5.2" or found[0] == read(message)


@pytest.mark.parametrize(
    "given",
    [([], b""), (None, b"x"), ({}, b"x"), (BINARY.event(PLAIN).headers, None), (BINARY.event(PLAIN).headers, "x")],
)  # fmt: skip
def test_what_no_relay_writes_is_left_to_the_reader_of_all(given: tuple[Any, Any]) -> None:
    assert learned().read(*given) is None


def test_another_log_another_topic_and_another_mode_are_no_model() -> None:
    message, structured = BINARY.event(PLAIN), STRUCTURED.event(PLAIN)
    assert learned("another").read(message.headers, message.value) is None
    assert learned(count=7).read(message.headers, message.value) is None
    alike = Alike(LOG, COUNT)
    assert alike.read(message.headers, message.value) is None
    alike.learn(opened(structured), structured.headers)
    assert alike.read(structured.headers, structured.value) is None
    mixed = message._replace(headers=[*message.headers[:5], *structured.headers, *message.headers[6:]])
    assert learned().read(mixed.headers, mixed.value) is None
