"""A log against a model of it, a dict of lists: any sequence of appends, repeats, reads, follows, restarts, splits.

Which log it is says a `Place`; what a store declares that it cannot do is asserted to be refused.
"""

from collections import Counter
from typing import Any, Protocol
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from eventfold import ANY, EXISTS, NewEvent, Store, Write, new_id
from eventfold.errors import CapabilityMissing, EventIdReused, PartialDuplicate, WrongExpectedVersion
from eventfold.feed.cursor import read_cursor
from eventfold.store.port import Snapshot
from eventfold.testing.making import make

STREAMS = st.sampled_from(["a-1", "a-2", "b-1", "b-2"])
COUNTS = st.integers(1, 3)
STEPS: Counter[str] = Counter()


QUICK = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)


class Place(Protocol):
    """A new log."""

    again: bool
    """Whether it can be opened again."""

    def open(self) -> Store: ...

    def split(self) -> bool:
        """Splits a partition of its feed; False where there is nothing to split."""

    def close(self) -> None: ...


class Log(RuleBasedStateMachine):
    """Each rule does something to the store and to the model, and compares the answers."""

    def place(self, durable: bool) -> Place:
        raise NotImplementedError

    @initialize(durable=st.booleans())
    def begin(self, durable: bool) -> None:
        self.at = self.place(durable)
        self.store = self.at.open()
        self.streams: dict[str, list[NewEvent]] = {}
        self.log: list[tuple[str, UUID]] = []
        self.appends: list[tuple[str, list[NewEvent], int]] = []
        self.snapshots: dict[str, dict[int, str]] = {}
        self.cursor = self.store.feed().start().to_json()
        self.followed: list[tuple[str, UUID]] = []
        self.number = 0

    def made(self, count: int) -> list[NewEvent]:
        self.number += count
        return [make(self.number + n) for n in range(count)]

    def keep(self, stream: str, events: list[NewEvent]) -> int:
        self.streams.setdefault(stream, []).extend(events)
        self.log += [(stream, event.id) for event in events]
        self.appends.append((stream, events, len(self.streams[stream])))
        return len(self.streams[stream])

    @rule(stream=STREAMS, count=COUNTS, offset=st.sampled_from([0, 0, 0, -1, 1]))
    def append(self, stream: str, count: int, offset: int) -> None:
        STEPS["append"] += 1
        version, events = len(self.streams.get(stream, [])), self.made(count)
        expected = max(0, version + offset)
        if expected == version:
            assert self.store.append(stream, events, expected=expected).version == self.keep(stream, events)
            return
        with pytest.raises(WrongExpectedVersion) as caught:
            self.store.append(stream, events, expected=expected)
        assert caught.value.facts == {"stream": stream, "expected": expected, "actual": version}

    @rule(stream=STREAMS, count=COUNTS, exists=st.booleans())
    def append_without_number(self, stream: str, count: int, exists: bool) -> None:
        STEPS["append without number"] += 1
        events = self.made(count)
        if exists and not self.streams.get(stream):
            with pytest.raises(WrongExpectedVersion):
                self.store.append(stream, events, expected=EXISTS)
            return
        answer = self.store.append(stream, events, expected=EXISTS if exists else ANY)
        assert answer.version == self.keep(stream, events)

    @rule(streams=st.lists(STREAMS, min_size=1, max_size=3, unique=True), wrong=st.booleans())
    def append_all(self, streams: list[str], wrong: bool) -> None:
        STEPS["append all"] += 1
        events = {stream: self.made(2) for stream in streams}
        writes = [Write(s, events[s], len(self.streams.get(s, []))) for s in streams]
        if not self.store.capabilities.atomic_over_streams:
            with pytest.raises(CapabilityMissing):
                self.store.append_all(writes)
            return
        if wrong:
            writes[-1] = writes[-1]._replace(expected=99)
            with pytest.raises(WrongExpectedVersion):
                self.store.append_all(writes)
            return
        answers = self.store.append_all(writes)
        assert [a.version for a in answers] == [self.keep(s, events[s]) for s in streams]

    @rule(data=st.data(), expected=st.sampled_from([0, 5, ANY, EXISTS]))
    def repeat(self, data: st.DataObject, expected: Any) -> None:
        STEPS["repeat"] += 1
        if self.appends:
            stream, events, version = data.draw(st.sampled_from(self.appends))
            answer = self.store.append(
                stream, events, expected=expected if expected != 0 else version - len(events)
            )
            assert (answer.version, answer.deduplicated) == (version, True)
            assert self.store.head(stream) == len(self.streams[stream])

    @rule(data=st.data(), stream=STREAMS)
    def reuse_an_id(self, data: st.DataObject, stream: str) -> None:
        STEPS["reuse an id"] += 1
        if self.appends:
            written, events, _ = data.draw(st.sampled_from(self.appends))
            where = stream if self.store.capabilities.event_ids_unique_in_log else written
            with pytest.raises(EventIdReused):
                self.store.append(where, [make(-1, event_id=events[0].id)], expected=ANY)

    @rule(data=st.data())
    def repeat_with_something_new(self, data: st.DataObject) -> None:
        STEPS["repeat with something new"] += 1
        if self.appends:
            stream, events, _ = data.draw(st.sampled_from(self.appends))
            with pytest.raises(PartialDuplicate):
                self.store.append(stream, [*events, *self.made(1)], expected=ANY)

    @rule(stream=STREAMS, after=st.integers(0, 4), span=st.integers(0, 4), backwards=st.booleans())
    def read(self, stream: str, after: int, span: int, backwards: bool) -> None:
        STEPS["read"] += 1
        found = list(self.store.read(stream, after=after, to=after + span, backwards=backwards))
        wanted = list(enumerate(self.streams.get(stream, []), 1))[after : after + span]
        wanted = wanted[::-1] if backwards else wanted
        assert [(e.version, e.id, e.data) for e in found] == [(v, e.id, e.data) for v, e in wanted]

    @rule(limit=st.integers(1, 6))
    def follow(self, limit: int) -> None:
        STEPS["follow"] += 1
        feed, before = self.store.feed(), read_cursor(self.cursor)
        page = feed.read(before, limit)
        assert feed.compare(before, page.cursor) in {"before", "equal"}
        self.followed += [(event.stream, event.id) for event in page.events]
        if self.store.capabilities.total_order:
            assert self.followed == self.log[: len(self.followed)]
            assert len(page.events) <= limit
            assert page.caught_up == (len(self.followed) == len(self.log))
        assert not page.caught_up or sorted(self.followed) == sorted(self.log)
        self.cursor = page.cursor.to_json()

    @rule()
    def split(self) -> None:
        STEPS["split"] += 1
        self.at.split()

    @invariant()
    def streams_are_followed_in_their_order_without_a_hole(self) -> None:
        for stream, events in getattr(self, "streams", {}).items():
            seen = [event_id for name, event_id in self.followed if name == stream]
            assert seen == [event.id for event in events[: len(seen)]]

    @rule(stream=STREAMS, version=st.integers(1, 5))
    def keep_a_snapshot(self, stream: str, version: int) -> None:
        STEPS["keep a snapshot"] += 1
        state = str(new_id())
        snapshot = Snapshot(
            log=self.store.log_id,
            stream=stream,
            version=version,
            category=stream[0],
            fingerprint="f",
            recorded_us=1,
            state=state,
        )
        self.store.snapshots().save(snapshot)
        self.snapshots.setdefault(stream, {})[version] = state

    @rule(stream=STREAMS, at_most=st.integers(1, 6))
    def load_a_snapshot(self, stream: str, at_most: int) -> None:
        STEPS["load a snapshot"] += 1
        found = self.store.snapshots().load(stream, at_most=at_most)
        fitting = {v: s for v, s in self.snapshots.get(stream, {}).items() if v <= at_most}
        assert (found.state if found else None) == (fitting[max(fitting)] if fitting else None)

    @rule()
    def open_again(self) -> None:
        STEPS["open again"] += 1
        if self.at.again:
            self.store.close()
            self.store = self.at.open()

    @invariant()
    def heads_are_the_numbers_of_events(self) -> None:
        if getattr(self, "streams", None) is not None:
            listed = {info.stream: info.version for info in self.store.streams()}
            assert listed == {stream: len(events) for stream, events in self.streams.items() if events}

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.at.close()


def assert_every_rule_was_tried() -> None:
    """One step in a hundred, at least, whatever the rule."""
    assert min(STEPS.values()) >= sum(STEPS.values()) / 100, STEPS
    assert len(STEPS) == 12
