"""Partitions of a log that split again and again while a reader is away: all is given once, and in order."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from eventfold.events.envelope import RecordedEvent
from eventfold.events.ids import new_id
from eventfold.feed.cursor import Cursor, Mark
from eventfold.feed.lineage import overlap
from tests.bus.feed.test_window import Scene, rest
from tests.bus.messages.making import LOG, ONE

GENERATIONS = [
    ["00-FF"],
    ["00-80", "80-FF"],
    ["00-40", "40-80", "80-FF"],
    ["00-20", "20-40", "40-80", "80-FF"],
]


class Splitting(Scene):
    """A log whose partitions are ranges; a stream goes on in the one that its place is in."""

    def happen(self, streams: Sequence[int]) -> list[RecordedEvent]:
        new = []
        for stream in streams:
            place = f"{stream * 0x18:02X}"
            name = next(n for n in self.names if n.split("-")[0] <= place < n.split("-")[1])
            version = 1 + sum(event.stream == f"order-{stream}" for event in self.log)
            event = structs.replace(
                ONE,
                stream=f"order-{stream}",
                id_bytes=new_id().bytes,
                partition=name,
                position=self._mark(name).position + 1,
                version=version,
            )
            self.log.append(event)
            new.append(event)
        return new

    def cursor(self) -> Cursor:
        return Cursor(LOG, {name: self._mark(name) for name in self.names})

    def _mark(self, name: str) -> Mark:
        kin = [event for event in self.log if overlap(event.partition, name)]
        last = max(kin, key=lambda event: event.position, default=None)
        return Mark() if last is None else Mark(last.position, last.id_bytes.hex())


STREAMS = st.lists(st.integers(0, 9), max_size=10)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 3),
    st.lists(st.tuples(STREAMS, STREAMS), min_size=4, max_size=4),
    st.lists(st.integers(0, 7), max_size=12),
    st.integers(1, 9),
    st.integers(1, 6),
)
def test_a_chain_of_splits_that_a_reader_skips_loses_and_doubles_nothing(
    count: int, batches: list[tuple[list[int], list[int]]], pieces: list[int], limit: int, pages: int
) -> None:
    scene = Splitting(count, GENERATIONS[0])
    for names, some in zip(GENERATIONS, batches, strict=True):
        scene.names = names
        for streams in some:
            scene.relay(scene.happen(streams), again=0)
    cursor = Cursor(LOG, {"00-FF": Mark()})
    found: list[RecordedEvent] = []
    while True:
        page, cursor = rest(scene, cursor, pieces, limit, pages)
        if not page:
            break
        found += page
    for stream in {event.stream for event in scene.log}:
        assert [e for e in found if e.stream == stream] == [e for e in scene.log if e.stream == stream]
    assert len(found) == len(scene.log)
    assert {n: m.position for n, m in cursor.marks.items()} == {
        n: m.position for n, m in scene.cursor().marks.items()
    }
