"""`consume`: public events of others become commands."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import msgspec

from eventfold.bus.cloudevents.attributes import declares_json
from eventfold.errors import DefinitionError, EventfoldError, PublicEventInvalid
from eventfold.events.envelope import RecordedEvent
from eventfold.events.registry import Registry
from eventfold.events.shape import Check, checker
from eventfold.feed.parking import ATTEMPTS
from eventfold.handlers.declaring.handler import Handler, Since
from eventfold.handlers.public.event import PublicEvent, schema_uri
from eventfold.handlers.public.inbox import (
    STORED,
    PublicEventReceived,
    PublicEventUnreadable,
    category_of_inbox,
    check_inbox,
)


class Consumer(Handler):
    """A handler of public events of others. Made by `consume`.

    Attributes:
        source: the name of their source; what is received under it stands in streams of its own.
        category: of these streams.
        public: the classes of the events it takes.
    """

    __slots__ = ("category", "public", "source")

    def __init__(
        self,
        source: str,
        public: tuple[type[PublicEvent], ...],
        function: Callable[..., object],
        **options: Any,
    ) -> None:
        super().__init__("consume", tuple(kind.stored_name for kind in STORED), function, **options)
        self.source = check_inbox(source)
        self.category = category_of_inbox(source)
        self.public = public

    @property
    def categories(self) -> frozenset[str]:
        """That of the inbox of its source."""
        return frozenset({self.category})


def consume(
    source: str,
    *types: type[PublicEvent],
    name: str | None = None,
    since: Since = "start",
    concurrency: int = 8,
    attempts: int = ATTEMPTS,
) -> Callable[[Callable[..., object]], Consumer]:
    """Asks aggregates for decisions about what others tell: each (source, id) once, in order by key.

        @ef.consume("payments", PaymentCaptured)
        def captured(event: PaymentCaptured, message: ef.Message) -> ef.Command:
            return ef.Command(f"order-{event.order_id}", Order.pay, amount=event.amount)

    What is received under the name of the source is written down first, by `eventfold receive` or `eventfold consume`,
    and consumed from there. An event of a type that is not named here is passed over; one that does not fit its class,
    or could not be read when it arrived, is parked with its bytes, and holds up nothing but later events of its key.

    The function is one as `react` takes: it returns a `Command`, several, or None, and is asked again after a crash.

    Args:
        source: what you call those who speak: a small letter, then up to 39 of a-z, 0-9 and _.
        types: classes of the public events, each with the name that the source gives it.
        name: the stored name; default: that of the function.
        since: where it begins when it is first seen: "start", since what was received was received for it, "now", or a
            cursor.
        concurrency: keys side by side, at most.
        attempts: tries of an event that is refused before its stream is parked.

    Raises:
        DefinitionError: one of these cannot be.
    """
    if not types:
        raise DefinitionError(f"@ef.consume({source!r}) names no public event: name at least one class.")
    for kind in types:
        if not (isinstance(kind, type) and issubclass(kind, PublicEvent)):
            raise DefinitionError(
                f"@ef.consume({source!r}) takes classes of public events, not {kind!r:.60}."
            )
    places = [(kind.public_name, kind.schema_version) for kind in types]
    if len(set(places)) < len(places):
        raise DefinitionError(
            f"@ef.consume({source!r}) names two classes of one version of one public event."
        )
    check_inbox(source)
    return lambda function: Consumer(
        source, types, function, name=name, since=since, concurrency=concurrency, attempts=attempts
    )


def consumed(handlers: Iterable[Handler]) -> list[type[PublicEvent]]:
    """The classes of public events that some handlers consume."""
    found = (kind for handler in handlers if isinstance(handler, Consumer) for kind in handler.public)
    return list(dict.fromkeys(found))


_stored = Registry(STORED)


def open_public(recorded: RecordedEvent, consumer: Consumer) -> PublicEvent | None:
    """The public event that an event of an inbox holds; None where it is of another source, or a type not named.

    Args:
        recorded: an event of one of the consumer's types.
        consumer: the handler.

    Raises:
        PublicEventInvalid: it could not be read when it arrived, or does not fit its class.
    """
    event = _stored.decode(recorded)
    if isinstance(event, PublicEventUnreadable):
        if event.inbox != consumer.source:
            return None
        what = f"could not be read when it arrived ({event.code}): {event.message}"
        raise _unfit(consumer, what, way="Have it sent again as it should be, and skip it")
    assert isinstance(event, PublicEventReceived)
    kinds = [kind for kind in consumer.public if kind.public_name == event.type]
    if event.inbox != consumer.source or not kinds:
        return None
    kind = next((k for k in kinds if schema_uri(k) == event.attributes.get("dataschema")), kinds[-1])
    if event.text is None or not declares_json(event.media_type):
        what = f"has no data in JSON, but {event.media_type}"
        raise _unfit(consumer, what, event, way="Have it sent again as it should be, and skip it")
    try:
        decode, check = _reader(kind)
        found: PublicEvent = decode(event.text)
        check(found)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _unfit(consumer, f"does not fit {kind.__name__}: {error}", event) from None
    except EventfoldError as error:
        raise _unfit(consumer, f"does not fit {kind.__name__}: {error.message.rstrip('.')}", event) from None
    return found


@lru_cache(maxsize=1024)
def _reader(kind: type[PublicEvent]) -> tuple[Callable[[str], PublicEvent], Check]:
    return msgspec.json.Decoder(kind).decode, checker(kind)


def _unfit(
    consumer: Consumer,
    what: str,
    event: PublicEventReceived | None = None,
    way: str = "Mend the class, or what sends it, and retry; or skip it",
) -> PublicEventInvalid:
    called = (
        "What was received"
        if event is None
        else f"The event {event.id!r:.60} of the type {event.type!r:.140}"
    )
    told = {} if event is None else {"type": event.type[:140], "id": event.id[:60]}
    return PublicEventInvalid(
        f"{called} from {consumer.source} {what.rstrip('.')}. {way}: `eventfold handlers parked {consumer.name}`.",
        handler=consumer.name,
        source=consumer.source,
        **told,
    )
