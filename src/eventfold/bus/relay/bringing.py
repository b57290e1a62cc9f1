"""A relay as a function: for the command, and for programs that keep one beside their own work."""

from collections.abc import Callable
from contextlib import closing
from typing import NamedTuple

from eventfold.bus.open import open_topic
from eventfold.bus.port import Topic
from eventfold.bus.relay.relay import Relay
from eventfold.errors import StorageBusy
from eventfold.feed.loop import Loop, Stop, catch_up
from eventfold.store.lacking import only_the_log
from eventfold.store.open import open_store
from eventfold.store.port import Store


class Relayed(NamedTuple):
    """What a relay did.

    Attributes:
        sent: how many events it has sent.
        known: how many it read that the topic had.
        stands_by: another relay sends there, and this one waited.
    """

    sent: int
    known: int
    stands_by: bool


def relay(
    store: str,
    bus: str,
    *,
    stop: Stop | None = None,
    from_now: bool = False,
    structured: bool = False,
    every: float = 0.0,
) -> Relayed:
    """Brings every event of a log to a topic, in order inside a stream, as `eventfold relay` does.

    It may be killed at any moment: the next one looks at the topic and goes on. Beside another relay it stands by.

    Example: ef.relay("sqlite:///shop.db", "kafka://127.0.0.1:9092/shop")

    Args:
        store: URL of the log.
        bus: URL of the topic, as the setting `bus` has it. Secrets stand in the environment.
        stop: it goes on until this is set, and leaves within ten seconds then; a `threading.Event` is one. None: it
            sends what is there, and returns.
        from_now: where the topic has nothing of the log yet, it begins at the end of the log.
        structured: all attributes of an event stand in the body of its message.
        every: seconds between two batches, at least.

    Raises:
        StorageBusy: another relay sends there, and there is no `stop` to wait for.
        TopicUnfit, TopicRepartitioned, ForeignCursor: the topic cannot take these events.
        RelayFenced: a relay sends there that does not know of this one.
        BusUnavailable: the broker did not answer; with `stop` it is waited for.
        CapabilityMissing: `store` is a topic itself.
        EventfoldError: as `open_store`, for either.
    """
    with closing(open_topic(bus)) as topic, open_store(store, create=False) as log:
        if not log.capabilities.has_log:
            raise only_the_log("Relaying")
        begin = log.feed().end if from_now else None
        sending = Relay(log, topic, begin=begin, is_structured=structured, stop=stop, every=every)
        bring(sending, log, topic, stop)
        return Relayed(sending.handled, sending.known, sending.stands_by)


def bring(
    relay: Relay, store: Store, topic: Topic, stop: Stop | None, progress: Callable[[], object] | None = None
) -> None:
    """Lets a relay send: to the end of the log, or until `stop` is set.

    Args:
        relay: made with that `stop`.
        store: the log.
        topic: where it sends.
        stop: None: it ends where the log does.
        progress: called after each batch, where it ends by itself.

    Raises:
        StorageBusy: another relay sends there, and there is no `stop` to wait for.
        EventfoldError: as `Relay.step`.
    """
    if stop is not None:
        Loop([relay], store.feed()).run(stop)
        return
    catch_up([relay], progress=progress)
    if relay.stands_by:
        raise StorageBusy(f"Another relay sends to {topic.name}; it goes on there.")
