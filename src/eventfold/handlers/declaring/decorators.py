"""`notify`, `publish` and `react`: a function becomes a handler."""

from collections.abc import Callable
from typing import Any

from eventfold.events.event import Event
from eventfold.feed.parking import ATTEMPTS
from eventfold.handlers.declaring.after import After
from eventfold.handlers.declaring.handler import Handler, Kind, Since
from eventfold.handlers.declaring.names import stored_names

Decorator = Callable[[Callable[..., object]], Handler]


def notify(
    *types: type[Event] | str,
    to: str | None = None,
    name: str | None = None,
    since: Since = "now",
    concurrency: int = 8,
    attempts: int = ATTEMPTS,
    imported: bool = False,
    when: After | None = None,
) -> Decorator:
    """Tells people or systems of what happened: at least once, in order inside a stream, never again on a rebuild.

        @ef.notify(OrderShipped)
        def send_tracking(event: OrderShipped, message: ef.Message) -> None:
            courier.tell(event.tracking_number, idempotency_key=message.key)

        @ef.notify(OrderShipped, to="mail")
        def shipped(event: OrderShipped, message: ef.Message) -> ef.Mail: ...

    Args:
        types: of events, as classes or stored names.
        to: the target that takes what the function returns (None = nothing to send). Without one the function itself
            is the effect.
        name: the stored name; default: that of the function.
        since: where it begins when it is first seen: "now", "start", or a cursor.
        concurrency: effects of different streams side by side, at most; as many may be repeated after a crash.
        attempts: tries of an event that is refused before its stream is parked.
        imported: whether it takes events that were imported.
        when: an `ef.after(...)`: the effect waits.

    Raises:
        DefinitionError: one of these cannot be.
    """
    options = _options(name, since, concurrency, attempts, imported=imported)
    return _decorator("notify", types, to=to, when=when, **options)


def publish(
    *types: type[Event] | str,
    to: str,
    name: str | None = None,
    since: Since = "now",
    concurrency: int = 8,
    attempts: int = ATTEMPTS,
    imported: bool = False,
    when: After | None = None,
) -> Decorator:
    """Tells other systems in words of their own: the function makes a `PublicEvent` of an event, or None.

        @ef.publish(OrderShipped, to="shipments")
        def shipment_started(event: OrderShipped, message: ef.Message) -> ShipmentStarted: ...

    Args and errors as `notify`; `to` is the target that takes public events.
    """
    options = _options(name, since, concurrency, attempts, imported=imported)
    return _decorator("publish", types, to=to, when=when, **options)


def react(
    *types: type[Event] | str,
    name: str | None = None,
    since: Since = "now",
    concurrency: int = 8,
    attempts: int = ATTEMPTS,
    imported: bool = False,
    when: After | None = None,
) -> Decorator:
    """Asks aggregates for decisions: the function returns a `Command`, several, or None. Each is executed exactly once.

        @ef.react(OrderCreated, when=ef.after(days=3, unless=OrderPaid))
        def give_up(event: OrderCreated, message: ef.Message) -> ef.Command:
            return ef.Command(message.stream, Order.cancel, reason="not paid")

    The function is pure: it is asked again after a crash, and the n-th command of one event keeps its id. A command
    that the rules refuse (`InvalidOperation`) counts as a try, as every error does: where that is expected, the
    decision returns without raising an event. Args and errors as `notify`.
    """
    options = _options(name, since, concurrency, attempts, imported=imported)
    return _decorator("react", types, when=when, **options)


def _options(
    name: str | None, since: Since, concurrency: int, attempts: int, *, imported: bool
) -> dict[str, Any]:
    return {
        "name": name,
        "since": since,
        "concurrency": concurrency,
        "attempts": attempts,
        "imported": imported,
    }


def _decorator(kind: Kind, types: tuple[type[Event] | str, ...], **options: Any) -> Decorator:
    names = stored_names(types, f"@ef.{kind}")
    return lambda function: Handler(kind, names, function, **options)
