"""The topic port: what relay and feed need of a broker."""

from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from eventfold.bus.messages.form import Headers, Message


class Received(msgspec.Struct, frozen=True, gc=False):
    """A message as it stands in a topic."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers | dict[str, str | bytes | None]


class Raw(Protocol):
    """A message as the client has it."""

    def offset(self) -> int | None:
        """Where it stands in its partition."""

    def key(self) -> Any:
        """Its key."""

    def headers(self) -> Any:
        """Its headers, which have many parts and are kept as long as the message is."""

    def value(self) -> Any:
        """Its body."""


class Run(NamedTuple):
    """Messages that follow one another in a partition of a topic; some offsets between may be empty.

    Attributes:
        partition: of the topic.
        messages: the first of them last, so that each can be given back when it was read.
    """

    partition: int
    messages: list[Raw]

    def pop(self) -> Received:
        """The first, which is taken out."""
        one = self.messages.pop()
        return Received(self.partition, one.offset() or 0, one.key(), one.value(), one.headers() or [])


class Bounds(NamedTuple):
    """What a partition of a topic holds: from `low` up to and without `end`; some offsets between may be empty."""

    low: int
    end: int


class Ended(NamedTuple):
    """Nothing more stands in a partition of a topic: the next message will have this offset, or a later one."""

    partition: int
    offset: int


class Reader(Protocol):
    """Reads on in all partitions of a topic, in the order of each."""

    def seek(self, offsets: Mapping[int, int]) -> None:
        """Goes on there.

        Args:
            offsets: partition of the topic -> the next message.
        """

    def hold(self, partitions: Collection[int]) -> None:
        """Gives nothing of these partitions, until it is told of others, or to go on somewhere.

        Args:
            partitions: of the topic; none of the others is held any more.
        """

    def poll(self, limit: int, timeout: float) -> Iterable[Run | Ended]:
        """The next messages, in short runs, and where partitions have ended.

        Args:
            limit: of messages, at most.
            timeout: seconds to wait for the first.

        Raises:
            CursorExpired: the topic has forgotten what stood at an offset.
            ConfigInvalid: the broker lets nobody in.
            BusUnavailable: the broker did not answer; the reader is of no more use.
        """

    def close(self) -> None:
        """Ends its connections."""


class Sender(Protocol):
    """Sends for one relay."""

    def fence(self) -> None:
        """Makes sure that no predecessor can send any more, and that what it had begun is settled.

        Raises:
            BusUnavailable: the broker did not answer; begin again.
        """

    def send(self, messages: Iterable[Message]) -> None:
        """Sends them and returns when all are acknowledged, those of a partition in order.

        Args:
            messages: each with its partition; they are taken one by one, while the first are on their way.

        Raises:
            BusUnavailable: nobody knows which of them arrived: make a new sender, look, and go on from there.
            RelayFenced: another relay has begun.
            EventTooLarge: the broker takes no message of that size.
        """

    def close(self) -> None:
        """Ends; what is not acknowledged is not sent any more."""


class Publisher(Protocol):
    """Sends messages that have nothing to do with one another but their keys, for several threads at once."""

    def publish(self, key: bytes | None, value: bytes, headers: Headers) -> None:
        """Sends a message and returns when every replica that keeps up has it; messages of one key share a partition.

        Args:
            key: what chooses the partition; None: any.
            value: the body.
            headers: names and values.

        Raises:
            EffectRefused: the topic does not take this message, however often it is sent.
            BusUnavailable: nobody knows whether it arrived: send it again.
            TopicUnfit: there is no such topic, or it is forbidden.
            ConfigInvalid: the broker lets nobody in.
        """

    def close(self) -> None:
        """Ends; what is not acknowledged is given up, and whoever waits for it is told so."""


class Topic(Protocol):
    """A topic of a broker."""

    @property
    def name(self) -> str:
        """What it is called in sentences, without secrets."""

    def count(self) -> int:
        """How many partitions it has.

        Raises:
            TopicUnfit: there is no such topic, or it forgets events while it keeps others.
            BusUnavailable: the broker did not answer.
        """

    def bounds(self, partition: int) -> Bounds:
        """What a partition holds of which the outcome is known; errors as `count`."""

    def ends(self, count: int) -> Sequence[int]:
        """The `end` of all its partitions, of which there are so many, in one question; errors as `count`."""

    def scan(self, parts: Mapping[int, Bounds]) -> Generator[Received, None, None]:
        """The messages of some partitions between bounds that were read before; errors as `count`."""

    def partition_count(self) -> int:
        """How many partitions it has, whatever it forgets.

        Raises:
            TopicUnfit: there is no such topic.
            BusUnavailable: the broker did not answer.
            ConfigInvalid: it lets nobody in.
        """

    def identity(self) -> str:
        """Tells it from another topic that had its name before; empty where the broker does not say."""

    def reader(self) -> Reader:
        """A new reader, that stands nowhere."""

    def sender(self) -> Sender:
        """A new sender."""

    def publisher(self, timeout: float) -> Publisher:
        """A new publisher.

        Args:
            timeout: seconds for one message.
        """

    def heed(self, stop: Callable[[], bool]) -> None:
        """Waits for the broker no longer than a few seconds once `stop` is true: `BusUnavailable` is the answer then.

        Args:
            stop: is called often, and from several threads.
        """

    def close(self) -> None:
        """Gives back what is held."""
