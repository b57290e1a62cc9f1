"""A reader that compares messages gives what one gives that takes every message apart, and says the same of others."""

from collections.abc import Sequence
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from eventfold.bus.feed.window import Window
from eventfold.bus.messages.alike import Alike
from eventfold.bus.messages.form import Message
from eventfold.bus.messages.leftout import LeftOut
from eventfold.errors import EventfoldError
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor, Mark
from tests.bus.feed.test_window import Scene, Script
from tests.bus.messages.making import HARMS, LOG, USUAL, harmed

COUNT = 2


def outcome(topic: Sequence[Sequence[Message | None]], names: Sequence[str], pieces: Sequence[int]) -> Any:
    """What is given page by page, or why nothing more is, and what is left out."""
    script, told = Script(topic, pieces), list[tuple[int, int, str]]()
    window = Window(
        script, "topic", "id", Cursor(LOG, {name: Mark() for name in names}), [0] * len(topic), from_low=True
    )
    pages: list[tuple[list[RecordedEvent], Cursor]] = []
    error = None
    with mock.patch.object(LeftOut, "note", lambda _, *what: told.append((*what[:2], str(what[2])))):
        try:
            while not script.is_read:
                window.poll(0)
                pages.append((window.give(3, None), window.cursor))
            while events := window.give(3, None):
                pages.append((events, window.cursor))
        except EventfoldError as found:
            error = type(found), found.message, found.facts
    return pages, error, told


class Seen(Alike):
    """Counts what it took."""

    taken = 0

    def read(self, messages: Any, takers: Any) -> None:
        before = len(messages)
        super().read(messages, takers)
        Seen.taken += before - len(messages)


def both(topic: Sequence[Sequence[Message | None]], names: Sequence[str], pieces: Sequence[int]) -> Any:
    with mock.patch("eventfold.bus.feed.window.Alike", Seen):
        compared = outcome(topic, names, pieces)
    with mock.patch.object(Alike, "learn"):
        assert outcome(topic, names, pieces) == compared
    return compared


def relayed(names: Sequence[str], batches: Sequence[tuple[list[int], int]], kinds: Sequence[int]) -> Scene:
    scene, more = Scene(COUNT, names), list(kinds)
    for streams, again in batches:
        events = scene.happen(streams)
        for at, event in enumerate(events):
            usual = USUAL[more.pop() if more else 1]
            kept = ("metadata", "occurred_or_none_us", "type", "data")
            changed = structs.replace(event, **{name: getattr(usual, name) for name in kept})
            scene.log[len(scene.log) - len(events) + at] = events[at] = changed
        scene.relay(events, again=again)
    return scene


BATCHES = st.lists(
    st.tuples(st.lists(st.integers(0, 5), max_size=12), st.integers(0, 4)), min_size=1, max_size=5
)
KINDS = st.lists(st.integers(0, len(USUAL) - 1), max_size=24)
PIECES = st.lists(st.integers(0, 9), max_size=12)
NAMES = st.sampled_from([["0"], ["a", "b"]])
HARMED = st.lists(st.tuples(st.integers(0, COUNT - 1), st.integers(0, 40), HARMS), max_size=3)


@settings(max_examples=100, deadline=None)
@given(NAMES, BATCHES, KINDS, PIECES, HARMED)
def test_what_is_compared_and_what_is_taken_apart_is_the_same_or_is_refused_in_the_same_words(
    names: list[str],
    batches: list[tuple[list[int], int]],
    kinds: list[int],
    pieces: list[int],
    harms: list[tuple[int, int, Any]],
) -> None:
    topic = relayed(names, batches, kinds).topic
    for partition, at, harm in harms:
        if messages := topic[partition]:
            messages[at % len(messages)] = harmed(messages[at % len(messages)], harm)
    both(topic, names, pieces)


@pytest.mark.parametrize("names", [["0"], ["a", "b"]])
def test_nearly_all_of_what_a_relay_brings_is_compared(names: list[str]) -> None:
    scene = relayed(names, [([*range(6)] * 10, 0)] * 3, [n % len(USUAL) for n in range(90)])
    Seen.taken = 0
    pages, error, told = both(scene.topic, names, ())
    given = [event for page, _ in pages for event in page]
    for name in names:
        assert [e for e in given if e.partition == name] == [e for e in scene.log if e.partition == name]
    assert (error, told) == (None, [])
    assert Seen.taken == len(scene.log) - COUNT * len(names)
