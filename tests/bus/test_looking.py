"""A look at a topic says what stands at its ends and whose it is, and reads no more than it says."""

from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from eventfold.bus.backwards import read_back
from eventfold.bus.looking import MOST, look
from eventfold.bus.marks import NOWHERE
from eventfold.bus.messages.encoding import MessageEncoder
from eventfold.bus.messages.form import Message, Progress
from eventfold.bus.port import Bounds, Publisher, Reader, Received, Sender
from eventfold.errors import ForeignCursor, TopicRepartitioned
from eventfold.feed.cursor import Cursor, Mark
from tests.bus.messages.making import LOG, ONE, changed

OURS = MessageEncoder(LOG, 1)
NOW_US = 1_760_000_000_000_000


class Shelf:
    """A topic in memory; a message that is None is a record of the broker's own."""

    name = "shelf"

    def __init__(self, *partitions: Sequence[Message | None], low: int = 0) -> None:
        self.partitions = partitions
        self.low = low
        self.read = 0

    def count(self) -> int:
        return len(self.partitions)

    def partition_count(self) -> int:
        return len(self.partitions)

    def bounds(self, partition: int) -> Bounds:
        return Bounds(self.low, self.low + len(self.partitions[partition]))

    def ends(self, count: int) -> Sequence[int]:
        raise AssertionError("a look asks for each partition")

    def scan(self, parts: Mapping[int, Bounds]) -> Generator[Received, None, None]:
        for number, part in parts.items():
            for offset in range(part.low, part.end):
                message = self.partitions[number][offset - self.low]
                self.read += 1
                if message is not None:
                    yield Received(number, offset, message.key, message.value, message.headers)

    def identity(self) -> str:
        return ""

    def reader(self) -> Reader:
        raise AssertionError("a look follows nothing")

    def sender(self) -> Sender:
        raise AssertionError("a look sends nothing")

    def publisher(self, timeout: float) -> Publisher:
        raise AssertionError("a look publishes nothing")

    def heed(self, stop: Callable[[], bool]) -> None: ...

    def close(self) -> None: ...


def event(position: int, maker: MessageEncoder = OURS) -> Message:
    return maker.event(structs.replace(ONE, position=position, version=position), NOWHERE)


def progress(position: int, maker: MessageEncoder = OURS, log: str = LOG) -> Message:
    told = Progress(cursor=Cursor(log, {"p1": Mark(position)}), sent={})
    return maker.progress(told, UUID(int=position), NOW_US)


def test_each_partition_says_its_last_progress_and_its_last_events() -> None:
    seen = look(Shelf([event(1), progress(1), None, event(2), event(3), None]), last=2)
    (one,) = seen.partitions
    assert (seen.log, one.low, one.end) == (LOG, 0, 6)
    assert one.progress is not None
    assert (one.progress.offset, one.progress.cursor.marks["p1"].position) == (1, 1)
    assert one.progress.time == datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)
    assert [(found.offset, found.position, found.type) for found in one.events] == [
        (3, 2, "Placed"),
        (4, 3, "Placed"),
    ]
    assert one.events[0].time == datetime.fromtimestamp(1_700_000_000.123456, UTC)
    assert seen.unfit is None


def test_what_was_forgotten_and_what_is_empty_is_seen() -> None:
    (one,) = look(Shelf([progress(9)], low=100)).partitions
    assert (one.low, one.end, one.progress is not None, one.events) == (100, 101, True, [])
    (empty,) = look(Shelf([])).partitions
    assert (empty.end, empty.progress, empty.read) == (0, None, 0)


def test_a_look_is_bounded_however_long_a_partition_is() -> None:
    shelf = Shelf([event(n + 1) for n in range(3 * MOST)])
    (one,) = look(shelf, last=1).partitions
    assert (one.progress, one.read, one.events[0].position) == (None, MOST, 3 * MOST)
    assert shelf.read < 2 * MOST
    short = Shelf([*(event(n + 1) for n in range(3 * MOST)), progress(3 * MOST)])
    assert look(short).partitions[0].progress is not None
    assert short.read < 10


def test_events_of_another_log_are_told() -> None:
    seen = look(Shelf([event(1), progress(1)]), log="another")
    assert isinstance(seen.unfit, ForeignCursor)
    assert LOG in seen.unfit.message
    other = MessageEncoder("another", 2)
    two = look(Shelf([event(1, MessageEncoder(LOG, 2))], [event(1, other), progress(1, other, "another")]))
    assert isinstance(two.unfit, ForeignCursor)


def test_another_number_of_partitions_is_told() -> None:
    seen = look(Shelf([event(1), progress(1)], []))
    assert isinstance(seen.unfit, TopicRepartitioned)
    assert (seen.unfit.facts["before"], seen.unfit.facts["now"]) == (1, 2)


def test_messages_of_others_half_headers_and_damaged_bodies_are_counted_and_passed_over() -> None:
    """And nothing of them stops the look."""
    foreign = Message(0, b"k", b"hello", [("x", b"1")])
    nothing = Message(0, None, b"", [])
    half = changed(event(2), logid=None)
    later = changed(event(3), eventfold="2")
    latin = changed(event(4), subject=b"\xe9")
    no_version = changed(event(5), streamversion="-1")
    no_time = changed(event(6), time="yesterday", recordedtime="yesterday")
    damaged = progress(7)._replace(value=b"{")
    others = progress(8, log="another")
    wrong = [foreign, nothing, half, later, latin, no_version, no_time, damaged, others]
    shelf = Shelf([progress(1), event(1), *wrong])
    (one,) = look(shelf).partitions
    assert (one.refused, one.read) == (len(wrong), len(wrong) + 2)
    assert one.why.startswith("offset 10: ")
    assert one.events[0].position == 1
    assert one.progress is not None


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=4),
    st.integers(0, 5),
    st.integers(1, 50),
    st.integers(1, 60),
)
def test_a_piece_is_the_end_and_large_enough_or_all_or_the_most(
    lengths: list[int], low: int, wanted: int, most: int
) -> None:
    bounds = {n: Bounds(low, low + length) for n, length in enumerate(lengths)}
    asked: list[Bounds] = []

    def read(parts: Mapping[int, Bounds]) -> Mapping[int, Bounds]:
        asked.extend(parts.values())
        return parts

    found = read_back(bounds, read, lambda part: part.end - part.low >= wanted, most)
    assert found.keys() == bounds.keys()
    for n, part in found.items():
        length = part.end - part.low
        assert part.end == bounds[n].end
        assert length >= min(wanted, lengths[n], most)
        assert length <= most
    assert all(part.low >= low for part in asked)
