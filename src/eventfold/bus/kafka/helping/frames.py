"""What the helper tells: events that it has taken apart, and as they are the messages that it has not."""

from collections.abc import Iterator
from itertools import repeat
from struct import Struct
from typing import BinaryIO

import msgspec

from eventfold.bus.messages.form import Headers
from eventfold.bus.port import Ended, Raw, Run, Taken
from eventfold.events.envelope import RecordedEvent

_Numbers = list[int]
_Texts = list[str]
Columns = tuple[
    _Numbers, _Texts, _Numbers, _Texts, _Numbers, list[bytes], _Numbers, list[int | None], _Texts, _Texts
]
"""The fields of events, but for the partition of the log."""
_length = Struct(">I")
_MOST = 256 * 1024 * 1024
"""Bytes of what is told at once: more is no helper of ours."""


class Order(msgspec.Struct, frozen=True):
    """What a helper is told first.

    Attributes:
        client: settings of librdkafka.
        topic: the topic.
        log: whose events are taken apart.
    """

    client: dict[str, str | int | float | bool | None]
    topic: str
    log: str


class Copied(msgspec.Struct, array_like=True):
    """Implements `Raw`."""

    at: int
    named: bytes | None
    body: bytes | None
    said: list[tuple[str, bytes | None]]

    def offset(self) -> int:
        """Where it stands in its partition."""
        return self.at

    def key(self) -> bytes | None:
        """Its key."""
        return self.named

    def headers(self) -> Headers:
        """Its headers."""
        return list[tuple[str, str | bytes | None]](self.said)

    def value(self) -> bytes | None:
        """Its body."""
        return self.body


class Frame(msgspec.Struct, array_like=True):
    """Of one partition, one of three things.

    Attributes:
        partition: of the topic.
        name: of the partition of the log of the events.
        before: the place before the first of them.
        columns: the fields of the events, but for the partition.
        offsets: of the events.
        places: their own.
        messages: what is left to the reader to take apart, the first of them last.
        ended: nothing more stands in the partition; -1: more may.
    """

    partition: int
    name: str = ""
    before: bytes = b""
    columns: Columns | None = None
    offsets: list[int] = []
    places: list[bytes] = []
    messages: list[Copied] = []
    ended: int = -1

    def told(self) -> Run | Taken | Ended:
        """As a reader gives it."""
        if self.ended >= 0:
            return Ended(self.partition, self.ended)
        if self.messages:
            return Run(self.partition, list[Raw](self.messages))
        assert self.columns is not None
        events = list(map(RecordedEvent, *self.columns, repeat(self.name)))
        return Taken(self.partition, self.name, events, self.offsets, self.before, self.places)


_encode = msgspec.msgpack.Encoder().encode
read_frames = msgspec.msgpack.Decoder(list[Frame]).decode


def write(to: BinaryIO, frames: list[Frame]) -> None:
    """Tells frames; none: that the helper is ready."""
    body = _encode(frames)
    to.write(_length.pack(len(body)) + body)
    to.flush()


def parts(of: BinaryIO) -> Iterator[bytes]:
    """What is told at once, until it ends or is torn off."""
    while len(head := of.read(_length.size)) == _length.size:
        (size,) = _length.unpack(head)
        if size > _MOST or len(body := of.read(size)) < size:
            return
        yield body
