"""The helper: reads a topic, takes its events apart, and tells them on its standard output until that is closed."""

import os
import sys
from collections.abc import Iterable
from operator import attrgetter
from typing import Any

import msgspec

from eventfold.bus.kafka.helping.frames import Copied, Frame, Order, write
from eventfold.bus.kafka.reading import KafkaReader
from eventfold.bus.messages.alike import Alike
from eventfold.bus.messages.decoding import read_envelope
from eventfold.bus.messages.envelopes import EventEnvelope
from eventfold.bus.messages.form import Headers
from eventfold.bus.port import Ended, Received, Run, Taken
from eventfold.errors import FormatUnknown, Refused
from eventfold.events.envelope import RecordedEvent

_AT_ONCE = 500
_WAIT = 0.5


class _Lane:
    """Implements `Taker`: events of one partition of the log in one of the topic, as long as none is missing."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.text = self.before = b""
        self.events: list[RecordedEvent] = []
        self.offsets: list[int] = []
        self.places: list[bytes] = []

    def take(self, event: RecordedEvent, offset: int, before: bytes, place: bytes) -> bool:
        """Keeps an event that names the one before it; another one has to be looked at."""
        if before != self.text:
            return False
        if not self.events:
            self.before = before
        self.text = place
        self.events.append(event)
        self.offsets.append(offset)
        self.places.append(place)
        return True

    def frame(self, partition: int) -> Frame:
        """What was kept."""
        columns: Any = tuple(list(map(field, self.events)) for field in _FIELDS)
        found = Frame(partition, self.name, self.before, columns, self.offsets, self.places)
        self.events, self.offsets, self.places = [], [], []
        return found


_FIELDS = [attrgetter(name) for name in RecordedEvent.__struct_fields__[:-1]]


class _Takers(dict[str, _Lane]):
    """By partition of the log."""

    def __missing__(self, name: str) -> _Lane:
        taker = self[name] = _Lane(name)
        return taker


class Helper:
    """Takes apart what comes.

    Args:
        log: whose events are.
        count: partitions of the topic.
    """

    def __init__(self, log: str, count: int) -> None:
        self._log = log
        self._count = count
        self._alike = Alike(log, count)
        self._takers = [_Takers() for _ in range(count)]

    def frames(self, found: Iterable[Run | Taken | Ended]) -> list[Frame]:
        """Of each run, in its order."""
        frames: list[Frame] = []
        for one in found:
            if isinstance(one, Ended):
                frames.append(Frame(one.partition, ended=one.offset))
            elif isinstance(one, Run):
                self._run(one, frames)
        return frames

    def _run(self, run: Run, frames: list[Frame]) -> None:
        takers = self._takers[run.partition]
        while run.messages:
            self._alike.read(run.messages, takers)
            if not run.messages:
                break
            message = run.pop()
            if not self._take(message, takers):
                _hand_on(run.partition, takers, frames)
                headers = [(name, _bytes(value)) for name, value in _pairs(message.headers)]
                copied = Copied(message.offset, message.key, message.value, headers)
                frames.append(Frame(run.partition, messages=[copied]))
        _hand_on(run.partition, takers, frames)

    def _take(self, message: Received, takers: _Takers) -> bool:
        """Whether it is an event of the log that is as it should be."""
        try:
            found = read_envelope(message.headers, message.value)
            if (
                not isinstance(found, EventEnvelope)
                or found.log != self._log
                or found.topic_partitions != self._count
            ):
                return False
            event, before, place = found.event(), found.before, found.place
        except (Refused, FormatUnknown):
            return False
        taker = takers[event.partition]
        if taker.text != str(before).encode():
            if taker.events:
                return False
            taker.text = str(before).encode()
        taker.take(event, message.offset, taker.text, str(place).encode())
        self._alike.learn(found, message.headers)
        return True


def _pairs(headers: Headers | dict[str, str | bytes | None]) -> Iterable[tuple[str, str | bytes | None]]:
    return headers.items() if isinstance(headers, dict) else headers


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value


def _hand_on(partition: int, takers: _Takers, frames: list[Frame]) -> None:
    frames += [taker.frame(partition) for taker in takers.values() if taker.events]


def main() -> None:
    """Until nobody listens."""
    parent = os.getppid()
    told = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    reader = KafkaReader(order.client, order.topic)
    write(told, [])
    offsets = msgspec.json.decode(sys.stdin.buffer.readline(), type=dict[int, int])
    reader.seek(offsets)
    helper = Helper(order.log, len(offsets))
    while os.getppid() == parent:
        if frames := helper.frames(reader.poll(_AT_ONCE, _WAIT)):
            write(told, frames)


if __name__ == "__main__":
    main()
