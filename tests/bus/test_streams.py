"""Streams out of a topic, one after the other: each as in the log, and no message is read anew for each of them."""

from collections.abc import Generator, Mapping

import pytest

from eventfold.bus.port import Bounds, Received
from eventfold.bus.streams import StreamReader
from eventfold.errors import CursorExpired
from tests.bus.feed.test_forgotten import Scene
from tests.bus.memory import MemoryTopic


class Counting(MemoryTopic):
    """Counts the messages that it gives."""

    given = 0

    def scan(self, parts: Mapping[int, Bounds]) -> Generator[Received, None, None]:
        for one in super().scan(parts):
            self.given += 1
            yield one


@pytest.mark.parametrize(("kept", "is_quick"), [(10**6, True), (1, False)])
def test_many_streams_cost_what_one_does(kept: int, is_quick: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that keep nothing are the control, and read the same."""
    monkeypatch.setattr("eventfold.bus.streams._KEPT_BYTES", kept)
    monkeypatch.setattr("eventfold.bus.streams._FIRST", 5)
    with Scene(3, 1) as scene:
        scene.topic = topic = Counting(3)
        scene.relay(300, 20)
        streams = [one.stream for one in scene.store.streams()]
        reader = StreamReader(topic, scene.store.log_id)
        topic.given = 0
        for number, stream in enumerate(streams * 3):
            if number in {7, 20}:
                scene.relay(10, 5)
            found = list(scene.store.read(stream))
            assert reader.read(stream, 0, None) == found
            assert reader.read(stream, found[-1].version - 1, found[-1].version) == found[-1:]
            assert reader.newest(stream) == found[-1]
        everything = sum(map(len, topic.parts))
        assert (topic.given < 2 * everything) == is_quick
        assert reader.read("order-99", 0, None) == []
        topic.forget([1.0] * 3)
        with pytest.raises(CursorExpired):
            reader.read(streams[0], 0, 2)
