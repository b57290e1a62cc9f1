"""A topic in memory, with a marker behind each transaction, that forgets what it is told to."""

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence

from eventfold.bus.messages.form import Message
from eventfold.bus.port import Bounds, Ended, Publisher, Reader, Received, Run, Sender
from eventfold.errors import CursorExpired
from tests.bus.messages.making import Given


class MemoryTopic:
    """Implements `Topic` for one relay and any readers."""

    name = "events"

    def __init__(self, partitions: int) -> None:
        self.parts: list[list[Message | None]] = [[] for _ in range(partitions)]
        self.lows = [0] * partitions
        self.made = 1

    def forget(self, shares: Sequence[float]) -> None:
        """That part of what stands in each partition, from its beginning; 1 = all."""
        for n, share in enumerate(shares[: len(self.parts)]):
            self.lows[n] = max(self.lows[n], int(len(self.parts[n]) * share))

    def count(self) -> int:
        return len(self.parts)

    partition_count = count

    def bounds(self, partition: int) -> Bounds:
        return Bounds(self.lows[partition], len(self.parts[partition]))

    def ends(self, count: int) -> Sequence[int]:
        return [len(self.parts[n]) for n in range(count)]

    def scan(self, parts: Mapping[int, Bounds]) -> Generator[Received, None, None]:
        for partition, bounds in parts.items():
            assert bounds.low >= self.lows[partition]
            for offset in range(bounds.low, bounds.end):
                if (found := _received(partition, offset, self.parts[partition][offset])) is not None:
                    yield found

    def identity(self) -> str:
        return str(self.made)

    def make_anew(self) -> None:
        """It is deleted, and made again under its name."""
        self.parts = [[] for _ in self.parts]
        self.lows = [0] * len(self.parts)
        self.made += 1

    def reader(self) -> Reader:
        return _Reader(self)

    def sender(self) -> Sender:
        return _Sender(self)

    def publisher(self, timeout: float) -> Publisher:
        raise NotImplementedError

    def heed(self, stop: Callable[[], bool]) -> None:
        """It never waits."""

    def close(self) -> None:
        """Nothing is held."""


class _Reader:
    def __init__(self, topic: MemoryTopic) -> None:
        self._topic = topic
        self._next: dict[int, int] = {}
        self._ended: dict[int, int] = {}
        self._held: set[int] = set()

    def hold(self, partitions: Collection[int]) -> None:
        self._held = set(partitions)

    def seek(self, offsets: Mapping[int, int]) -> None:
        self._next = dict(offsets)
        self._held.clear()

    def poll(self, limit: int, timeout: float) -> Iterator[Run | Ended]:
        for partition, messages in enumerate(self._topic.parts):
            if partition in self._held:
                continue
            if not self._topic.lows[partition] <= self._next[partition] <= len(messages):
                raise CursorExpired("events no longer holds what is to be read.", topic="events")
            while (offset := self._next[partition]) < len(messages):
                self._next[partition] = offset + 1
                if (found := messages[offset]) is not None:
                    yield Run(partition, [Given(offset, found)])
            if self._ended.get(partition) != offset:
                self._ended[partition] = offset
                yield Ended(partition, offset)

    def close(self) -> None:
        """Nothing is held."""


class _Sender:
    def __init__(self, topic: MemoryTopic) -> None:
        self._topic = topic

    def fence(self) -> None:
        """There is one relay."""

    def send(self, messages: Iterable[Message]) -> None:
        touched = set[int]()
        for message in messages:
            touched.add(message.partition or 0)
            self._topic.parts[message.partition or 0].append(message)
        for partition in touched:
            self._topic.parts[partition].append(None)

    def close(self) -> None:
        """Nothing is held."""


def _received(partition: int, offset: int, message: Message | None) -> Received | None:
    if message is None:
        return None
    return Received(partition, offset, message.key, message.value, message.headers)
