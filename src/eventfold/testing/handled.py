"""Given, when, then effects: a user's test of a handler, without a target, a store or a clock.

def test_who_bought_is_told() -> None:
    given(shipped, OrderCreated(...)).when(OrderShipped(tracking_number="T1")).then_effects(ef.Mail(...))
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Self, cast
from uuid import UUID

import msgspec

from eventfold.bus.cloudevents.reading import Incoming
from eventfold.events.envelope import NewEvent, RecordedEvent, to_us
from eventfold.events.event import Event
from eventfold.events.metadata import metadata_text, occurred_at
from eventfold.events.registry import Registry, Untyped
from eventfold.handlers.declaring.command import Command
from eventfold.handlers.declaring.handler import Handler
from eventfold.handlers.declaring.message import Message
from eventfold.handlers.public.consuming import Consumer
from eventfold.handlers.public.event import PublicEvent, schema_uri
from eventfold.handlers.public.inbox import stored
from eventfold.handlers.public.publishing import published_by
from eventfold.handlers.targets.port import Body
from eventfold.handlers.working.doing import Doing
from eventfold.handlers.working.effect import Effect
from eventfold.store.port import Store

RECORDED = datetime(2026, 1, 1, tzinfo=UTC)
"""When events of tests are recorded, unless it is said."""


class GivenHandler:
    """What has happened in the stream before an event reaches a handler; see `given`."""

    def __init__(self, handler: Handler, past: Sequence[Event], stream: str) -> None:
        self._handler = handler
        self._past = past
        self._stream = stream

    def when(
        self, event: Event | PublicEvent, *, event_id: UUID | None = None, recorded_at: datetime = RECORDED
    ) -> "Handled":
        """Hands the event to the handler's function; what it raises is kept for `refused`.

        Metadata and the time of occurrence are those of `ef.context`. The function is called at once; that of a
        handler with a deadline when its effects are asked for.

        Args:
            event: of a type that the handler takes; for `consume` the public event, as if it had just been received.
            event_id: of the event; default: its version as a UUID, so that `message.key` is the same in every run.
            recorded_at: an aware time.

        Raises:
            AssertionError: the handler does not take such events.
            InvalidEvent: a value that could not be stored.
        """
        handler = self._handler
        _check_taken(handler, event)
        version = len(self._past) + 1
        chosen, recorded_us = event_id or UUID(int=version), to_us(recorded_at)
        if isinstance(event, PublicEvent):
            recorded = _received(event, cast("Consumer", handler), chosen, recorded_us)
        else:
            recorded = _recorded(event, self._stream, version, chosen, recorded_us)
        return Handled(handler, event, recorded)


class Handled:
    """What a handler made of an event; each question returns it again, so that several may follow one another."""

    def __init__(self, handler: Handler, event: Event | PublicEvent, recorded: RecordedEvent) -> None:
        self._handler = handler
        self._kinds = (type(event),) if isinstance(event, Event) else ()
        self._recorded = recorded
        self._later: tuple[Event, ...] = ()
        self._effects: list[Any] | None = None
        self._error: BaseException | None = None
        if handler.when is None:
            self._run()

    def followed_by(self, *events: Event) -> Self:
        """These events happen in the stream before the effect is due: one that `unless=` names cancels it.

        Raises:
            AssertionError: the handler has no deadline, or its effects were asked for already.
        """
        if self._handler.when is None:
            raise AssertionError(
                f"{self._handler.name} has no deadline: nothing that follows cancels its effect"
            )
        if self._effects is not None:
            raise AssertionError("what follows is said before effects are asked for")
        self._later += events
        return self

    def then_effects(self, *effects: object) -> Self:
        """These effects come of the event at once, in this order, and no others.

        Args:
            effects: what `notify` gives its target, the public events of `publish`, the `Command`s of `react` and
                `consume`. Where a function is the effect itself there is nothing to be shown.

        Raises:
            AssertionError: showing both, or that the handler has a deadline.
        """
        if self._handler.when is not None:
            raise AssertionError(
                f"{self._handler.name} waits for {self._handler.when.delay}: ask then_effects_after(...)"
            )
        return self._compare(effects)

    def then_effects_after(
        self, *effects: object, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> Self:
        """These effects come of the event so long after it was recorded, in this order, and no others.

        Args:
            effects: as in `then_effects`.
            days: of the delay.
            hours: of the delay.
            minutes: of the delay.
            seconds: of the delay.

        Raises:
            AssertionError: showing both effects or both delays.
        """
        delay = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if self._handler.when is None:
            raise AssertionError(f"expected effects after {delay}, but {self._handler.name} has no deadline")
        if self._handler.when.delay != delay:
            raise AssertionError(
                f"expected effects after {delay}, they come after {self._handler.when.delay}"
            )
        return self._compare(effects)

    def then_nothing(self) -> Self:
        """The event was handled, and there is no effect; or a deadline was cancelled."""
        return self._compare(())

    def refused(self, error: type[BaseException] = Exception, match: str = "") -> None:
        """The handler raised: its stream would be parked after some tries.

        What an aggregate says to a `Command` is not asked here: test the aggregate.

        Args:
            error: the class, or one above it.
            match: a regular expression that is found in the message.

        Raises:
            AssertionError: it did not raise, or otherwise.
        """
        self._run()
        check_refused(self._error, error, match, f"there are effects:\n{listed(self._effects)}")

    def _compare(self, effects: tuple[object, ...]) -> Self:
        self._run()
        if self._error is not None:
            raise AssertionError(f"{self._handler.name} raised {self._error!r}") from self._error
        if self._effects != list(effects):
            raise AssertionError(f"expected effects:\n{listed(effects)}\neffects:\n{listed(self._effects)}")
        return self

    def _run(self) -> None:
        """As a worker does it, but for the target, the aggregates and the log."""
        if self._effects is not None:
            return
        self._effects = []
        kinds = dict.fromkeys((*self._kinds, *(type(event) for event in self._later)))
        registry = Registry([kind for kind in kinds if kind is not Untyped], untyped=Untyped in kinds)
        doing = Doing(
            self._handler,
            registry,
            cast("Store", _Later(self._later, self._recorded)),
            target=_Told(self._handler, self._effects) if self._handler.to is not None else None,
            ask=self._ask,
            source="/given",
        )
        try:
            doing.perform(Effect(self._recorded, None, None))
        except Exception as error:  # noqa: BLE001 - every way to fail is a result here
            self._error = error

    def _ask(self, command_id: str, command: Command) -> None:
        del command_id
        assert self._effects is not None
        self._effects.append(command)


class _Told:
    """A target that keeps what it is given."""

    def __init__(self, handler: Handler, effects: list[Any]) -> None:
        self._handler = handler
        self._effects = effects

    def send(self, payload: Any, message: Message) -> None:
        del message
        self._effects.append(self._public(payload) if self._handler.kind == "publish" else payload)

    def close(self) -> None:
        """Nothing is held."""

    def _public(self, body: Body) -> object:
        """The public event, as others read it."""
        said = msgspec.json.decode(body.content, type=_Public)
        kind = next(kind for kind in published_by(self._handler) if schema_uri(kind) == said.dataschema)
        return msgspec.json.decode(said.data, type=kind)


class _Public(msgspec.Struct):
    dataschema: str
    data: msgspec.Raw


class _Later:
    """What of the log a deadline asks for."""

    def __init__(self, events: Sequence[Event], before: RecordedEvent) -> None:
        self._events = events
        self._before = before

    def read(self, stream: str, *, after: int) -> Iterator[RecordedEvent]:
        for version, event in enumerate(self._events, after + 1):
            yield _recorded(event, stream, version, UUID(int=version), self._before.recorded_us)


def _check_taken(handler: Handler, event: Event | PublicEvent) -> None:
    if isinstance(handler, Consumer):
        taken = [kind.public_name for kind in handler.public]
        name = event.public_name if isinstance(event, PublicEvent) else type(event).__name__
    else:
        taken = list(handler.types)
        name = (
            event.type
            if isinstance(event, Untyped)
            else event.stored_name
            if isinstance(event, Event)
            else event.public_name
        )
    if name not in taken:
        raise AssertionError(f"{handler.name} takes {', '.join(taken)}, not {name}")


def _recorded(event: Event, stream: str, version: int, event_id: UUID, recorded_us: int) -> RecordedEvent:
    """The event as a store would record it."""
    untyped = isinstance(event, Untyped)
    registry = Registry([] if untyped else [type(event)], untyped=untyped)
    new = registry.encode(event, metadata=metadata_text(), event_id=event_id, occurred_at=occurred_at())
    return _kept(new, stream, version, event_id, recorded_us)


def _received(event: PublicEvent, handler: Consumer, event_id: UUID, recorded_us: int) -> RecordedEvent:
    """The public event as it stands in the inbox, before anybody has consumed it."""
    kind = type(event)
    key = {} if kind.key_field is None else {"partitionkey": str(getattr(event, kind.key_field))}
    incoming = Incoming(
        source="/given",
        id=str(event_id),
        type=kind.public_name,
        attributes={"dataschema": schema_uri(kind), **key},
        media_type="application/json",
        text=msgspec.json.encode(event).decode(),
    )
    stream, new = stored(handler.source, incoming)
    return _kept(new, stream, 1, event_id, recorded_us)


def _kept(new: NewEvent, stream: str, version: int, event_id: UUID, recorded_us: int) -> RecordedEvent:
    return RecordedEvent(
        position=version,
        stream=stream,
        version=version,
        type=new.type,
        schema_version=new.schema_version,
        id_bytes=event_id.bytes,
        recorded_us=recorded_us,
        occurred_or_none_us=new.occurred_us,
        data=new.data,
        metadata=new.metadata,
    )


def listed(found: Sequence[object] | None) -> str:
    """Each in a line of its own, as failing tests show it."""
    return "\n".join(f"  {one!r}" for one in found or ()) or "  none"


def check_refused(
    found: BaseException | None, wanted: type[BaseException], match: str, otherwise: str
) -> None:
    """What was raised is of this class and says this.

    Args:
        found: what was raised; None = nothing was.
        wanted: the class, or one above it.
        match: a regular expression that is found in the message.
        otherwise: what there is where nothing was raised.

    Raises:
        AssertionError: it is not.
    """
    if found is None:
        raise AssertionError(f"expected {wanted.__name__}, but {otherwise}")
    if not isinstance(found, wanted):
        raise AssertionError(  # noqa: TRY004 - what a test reports is no wrong type
            f"expected {wanted.__name__}, got {found!r}"
        ) from found
    if not re.search(match, str(found)):
        raise AssertionError(f"{str(found)!r} does not contain {match!r}") from found
