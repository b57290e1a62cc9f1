"""What a reader is given of a topic, whatever comes twice, late or in pieces: the log, once and in its order."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from eventfold.bus.feed.place import read_standing
from eventfold.bus.feed.window import Window
from eventfold.bus.marks import Marks, Place
from eventfold.bus.messages.encoding import MessageEncoder
from eventfold.bus.messages.form import Message, Progress
from eventfold.bus.port import Ended, Run
from eventfold.errors import CursorExpired, FeedBroken
from eventfold.events.document import id_text
from eventfold.events.envelope import RecordedEvent
from eventfold.events.ids import new_id
from eventfold.feed.cursor import Cursor, Mark
from tests.bus.messages.making import LOG, ONE, Given


class Script:
    """A reader of messages that stand in a list each, in pieces; None is the marker of a transaction."""

    def __init__(self, topic: Sequence[Sequence[Message | None]], pieces: Sequence[int]) -> None:
        self._topic, self._pieces = topic, list(pieces)
        self._next: dict[int, int] = {}
        self.held = set[int]()

    def seek(self, offsets: Mapping[int, int]) -> None:
        self._next = dict(offsets)

    def hold(self, partitions: Collection[int]) -> None:
        self.held = set(partitions)

    def poll(self, limit: int, timeout: float) -> Iterator[Run | Ended]:
        for partition, messages in enumerate(self._topic):
            size = self._pieces.pop() if self._pieces else 1_000
            if partition in self.held:
                continue
            first = self._next[partition]
            self._next[partition] = min(first + size, len(messages))
            some = [
                (n, message) for n, message in enumerate(messages) if first <= n < first + size and message
            ]
            if some:
                yield Run(partition, [Given(n, message) for n, message in reversed(some)])

    def close(self) -> None:
        pass

    @property
    def is_read(self) -> bool:
        return all(self._next[n] == len(messages) for n, messages in enumerate(self._topic))


class Scene:
    """A log of some partitions, and what a relay makes of it that dies now and then."""

    def __init__(self, count: int, names: Sequence[str]) -> None:
        self.names = names
        self.log: list[RecordedEvent] = []
        self.topic: list[list[Message]] = [[] for _ in range(count)]
        self._encoder = MessageEncoder(LOG, count)
        self._sent = [Marks() for _ in range(count)]

    def happen(self, streams: Sequence[int]) -> list[RecordedEvent]:
        """An event in each of some streams."""
        new: list[RecordedEvent] = []
        for stream in streams:
            name = self.names[stream % len(self.names)]
            own = [event for event in self.log if event.partition == name]
            version = 1 + sum(event.stream == f"order-{stream}" for event in self.log)
            # two of one transaction share their position
            shares = bool(new) and new[-1].stream == f"order-{stream}" and version % 3 == 0
            position = (own[-1].position if own else 0) + (0 if shares else 1)
            place = {"partition": name, "position": position, "version": version}
            event = structs.replace(ONE, stream=f"order-{stream}", id_bytes=new_id().bytes, **place)
            self.log.append(event)
            new.append(event)
        return new

    def relay(self, events: Sequence[RecordedEvent], *, again: int) -> None:
        """One batch, after so many of the last messages came once more."""
        for messages in self.topic:
            messages.extend(messages[len(messages) - min(again, len(messages)) :])
        for event in events:
            message = self._encoder.event(event)
            assert message.partition is not None
            marks = self._sent[message.partition]
            self.topic[message.partition].append(self._encoder.event(event, marks.own(event.partition)))
            marks.add(event.partition, Place(event.position, event.version))
        cursor = self.cursor()
        for messages, sent in zip(self.topic, self._sent, strict=True):
            progress = Progress(cursor=cursor, sent=dict(sent.last))
            messages.append(self._encoder.progress(progress, new_id(), 1))

    def cursor(self) -> Cursor:
        """The end of the log."""
        last = {event.partition: event for event in self.log}
        marked = {name: Mark(event.position, event.id_bytes.hex()) for name, event in last.items()}
        return Cursor(LOG, {name: marked.get(name, Mark()) for name in self.names})


def rest(
    scene: Scene, cursor: Cursor, pieces: Sequence[int], limit: int, pages: int
) -> tuple[list[RecordedEvent], Cursor]:
    """What is read in some pages, and where that ends."""
    standings = [standing for mark in cursor.marks.values() if (standing := read_standing(mark))]
    count = len(scene.topic)
    at = [min(found) for found in zip(*(one.offsets for one in standings), strict=True)] or [0] * count
    script = Script(scene.topic, pieces)
    window = Window(script, "topic", "id", cursor, at, from_low=not standings)
    events: list[RecordedEvent] = []
    while pages:
        page = window.give(limit, None)
        events += page
        pages -= bool(page)
        if not page and not window.poll(0) and script.is_read:
            break
    return events, window.cursor


STREAMS = st.lists(st.integers(0, 5), max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 3),
    st.sampled_from([["0"], ["a", "b"]]),
    st.lists(st.tuples(STREAMS, st.integers(0, 8)), min_size=1, max_size=6),
    st.lists(st.integers(0, 7), max_size=12),
    st.integers(1, 9),
    st.integers(1, 6),
)
def test_the_log_is_given_once_and_in_its_order_by_readers_that_come_and_go(
    count: int,
    names: list[str],
    batches: list[tuple[list[int], int]],
    pieces: list[int],
    limit: int,
    pages: int,
) -> None:
    scene = Scene(count, names)
    for streams, again in batches:
        scene.relay(scene.happen(streams), again=again)
    cursor = Cursor(LOG, {name: Mark() for name in names})
    given: list[RecordedEvent] = []
    while True:
        some, cursor = rest(scene, cursor, pieces, limit, pages)
        if not some:
            break
        given += some
    for name in names:
        assert [e for e in given if e.partition == name] == [e for e in scene.log if e.partition == name]
    assert {name: mark.position for name, mark in cursor.marks.items()} == {
        name: max((e.position for e in scene.log if e.partition == name), default=0) for name in names
    }


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3), st.integers(0, 39), st.lists(st.integers(1, 7), max_size=12))
def test_an_event_that_is_not_there_is_a_hole_wherever_it_was(
    count: int, lost: int, pieces: list[int]
) -> None:
    scene = Scene(count, ["0"])
    for first in range(0, 40, 8):
        scene.relay(scene.happen([n % 5 for n in range(first, first + 8)]), again=0)
    key = b'"id":"' + id_text(scene.log[lost].id_bytes).encode()
    scene.topic = [[one for one in some if key not in one.value] for some in scene.topic]
    cursor, given = Cursor(LOG, {"0": Mark()}), list[RecordedEvent]()
    with pytest.raises((FeedBroken, CursorExpired), match=r"up to position|no longer holds"):
        while True:
            some, cursor = rest(scene, cursor, pieces, 3, 1)
            given += some
            assert some, "nothing was said of it"
    assert given == scene.log[: len(given)]
    assert len(given) <= lost


@pytest.mark.parametrize("marked", [True, False])
def test_a_marker_behind_what_was_read_is_the_end_and_anything_else_is_not(marked: bool) -> None:
    scene = Scene(2, ["0"])
    topic: list[list[Message | None]] = [[], []]
    for batch in ([0, 1, 2, 3], [3, 2, 1, 0]):
        scene.topic = [[], []]
        scene.relay(scene.happen(batch), again=0)
        for there, some in zip(topic, scene.topic, strict=True):
            there.extend([*some, *([None] if marked else [])])
    ends = [len(there) for there in topic]
    first = [there.index(None) + 1 if marked else 1 for there in topic]
    window = Window(Script(topic, first), "topic", "id", Cursor(LOG, {"0": Mark()}), [0, 0], from_low=True)
    window.poll(0)
    assert not window.is_at(ends)
    while window.poll(0):
        pass
    assert window.is_at(ends)
    assert not window.is_at([end + 1 for end in ends])
    topic[0].append(scene.topic[0][0])
    assert not window.is_at([len(there) for there in topic])
    assert window.give(100, None) == scene.log


class Deaf(Script):
    """Reads on, whatever it is told."""

    def hold(self, partitions: Collection[int]) -> None:
        """No."""


@pytest.mark.parametrize(("reader", "is_bounded"), [(Script, True), (Deaf, False)])
def test_a_partition_that_is_far_ahead_waits_for_the_others(
    reader: type[Script], is_bounded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one that does not is the control."""
    scene = Scene(2, ["p1"])
    for _ in range(60):
        scene.relay(scene.happen(range(12)), again=0)
    slow = min((0, 1), key=lambda n: len(scene.topic[n]))
    bytes_each = len(ONE.data) + 500
    monkeypatch.setattr("eventfold.bus.feed.window.WAITING_BYTES", 30 * bytes_each)
    pieces = [1, 25] if slow == 1 else [25, 1]
    script = reader(scene.topic, pieces * 2_000)
    window = Window(script, "topic", "id", Cursor(LOG, {"p1": Mark()}), [0, 0], from_low=True)
    events, most = list[RecordedEvent](), 0
    while not (script.is_read and not window.has_more()):
        window.poll(0)
        most = max(most, *(window.waiting(n) // bytes_each for n in (0, 1)))
        events += window.give(1_000, None)
    assert events == scene.log
    assert (most < 30 + 2 * 25) == is_bounded, most
