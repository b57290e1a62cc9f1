"""What is compared with a message that was taken is read as that was, and nothing is read that would be refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventfold import limits
from eventfold.bus.marks import Place
from eventfold.bus.messages.alike import Alike
from eventfold.bus.messages.decoding import read_envelope
from eventfold.bus.messages.envelopes import EventEnvelope
from eventfold.bus.messages.form import Message
from eventfold.bus.port import Raw
from eventfold.errors import EventfoldError
from eventfold.events.document import id_text
from eventfold.events.envelope import RecordedEvent
from tests.bus.messages.making import (
    BAD_NUMBERS,
    BINARY,
    COUNT,
    EVENTS,
    HARMS,
    LOG,
    PLAIN,
    STRUCTURED,
    USUAL,
    Given,
    changed,
    harmed,
    opened,
)


class Lane:
    """Takes what it is given."""

    def __init__(self) -> None:
        self.taken: list[tuple[RecordedEvent, bytes, bytes]] = []

    def take(self, event: RecordedEvent, offset: int, before: bytes, place: bytes) -> bool:
        self.taken.append((event, place, before))
        return True


class Lanes(dict[str, Lane]):
    def __missing__(self, name: str) -> Lane:
        return self.setdefault(name, Lane())


def compared(alike: Alike, message: Message) -> tuple[RecordedEvent, bytes, bytes] | None:
    """An event, its place and that of the one before it, as they are told to who takes it; None where none was."""
    lanes, messages = Lanes(), list[Raw]([Given(7, message)])
    alike.read(messages, lanes)
    taken = [one for lane in lanes.values() for one in lane.taken]
    assert bool(messages) is not bool(taken)
    return taken[0] if taken else None


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
    assert compared(learned(), message) == (event, b"7.3", b"5.2")


@given(EVENTS)
def test_what_is_compared_is_what_is_read(event: RecordedEvent) -> None:
    message = BINARY.event(event)
    found = compared(learned(), message)
    assert found is None or found[0] == read(message) == event


@given(st.sampled_from(USUAL), HARMS)
def test_what_was_harmed_is_not_read_as_anything_else(event: RecordedEvent, harm: tuple[Any, ...]) -> None:
    message = harmed(BINARY.event(event, Place(5, 2)), harm)
    found = compared(learned(), message)
    # what names another event before it is not taken by this: see `Lane.take`
    assert found is None or found[2] != b"5.2" or found[0] == read(message)


@pytest.mark.parametrize(
    "given",
    [([], b""), (None, b"x"), ({}, b"x"), (BINARY.event(PLAIN).headers, None), (BINARY.event(PLAIN).headers, "x")],
)  # fmt: skip
def test_what_no_relay_writes_is_left_to_the_reader_of_all(given: tuple[Any, Any]) -> None:
    headers, body = given
    message = Message(0, b"", body, headers)
    assert compared(learned(), message) is None


def test_another_log_another_topic_and_another_mode_are_no_model() -> None:
    message, structured = BINARY.event(PLAIN), STRUCTURED.event(PLAIN)
    assert compared(learned("another"), message) is None
    assert compared(learned(count=7), message) is None
    alike = Alike(LOG, COUNT)
    assert compared(alike, message) is None
    alike.learn(opened(structured), structured.headers)
    assert compared(alike, structured) is None
    mixed = message._replace(headers=[*message.headers[:5], *structured.headers, *message.headers[6:]])
    assert compared(learned(), mixed) is None


OTHER_IDS = [
    b"0001020304050607-0809-0a0b-0c0d-0e0f",
    b"00010203-0405-0607-0809-0a0b0c0d0e-f",
    b"00010203-0405-0607-0809-0a0b0c0d0e0f-",
]


@pytest.mark.parametrize("position", [number for number in BAD_NUMBERS if number != b"01"])
def test_a_position_that_is_none_is_left_to_who_says_so(position: bytes) -> None:
    assert compared(learned(), changed(BINARY.event(PLAIN), logposition=position)) is None


@pytest.mark.parametrize("event_id", OTHER_IDS)
def test_an_id_of_another_form_is_left_to_who_says_so_though_headers_and_body_agree(event_id: bytes) -> None:
    message = changed(BINARY.event(PLAIN), id=event_id)
    message = message._replace(value=message.value.replace(id_text(PLAIN.id_bytes).encode(), event_id))
    assert compared(learned(), message) is None


def test_what_is_too_large_or_no_text_is_left_to_who_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    alike, message = learned(), BINARY.event(PLAIN)
    assert compared(alike, message) is not None
    assert compared(alike, message._replace(headers=[*message.headers, ("ce_more", b"\xff")])) is None
    monkeypatch.setattr(limits, "BODY_BYTES", len(message.value) - 1)
    assert compared(alike, message) is None
