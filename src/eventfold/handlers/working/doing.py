"""Doing one effect: the event is read, the function asked, and what it returned is sent, published or commanded."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from eventfold.errors import (
    EffectRefused,
    EventfoldError,
    HandlerFailed,
)
from eventfold.events.envelope import RecordedEvent
from eventfold.events.metadata import caused, enter, leave
from eventfold.events.registry import Registry
from eventfold.handlers.declaring.command import Command
from eventfold.handlers.declaring.handler import Handler
from eventfold.handlers.declaring.message import Message
from eventfold.handlers.public.consuming import Consumer, open_public
from eventfold.handlers.public.publishing import publication
from eventfold.handlers.targets.port import Target
from eventfold.handlers.working.causation import Causation
from eventfold.handlers.working.effect import Effect
from eventfold.handlers.working.sweep import Sweep
from eventfold.handlers.working.telling import facts_of
from eventfold.store.port import Store

_log = logging.getLogger("eventfold.handlers")


class Ask(Protocol):
    """Executes a command on the aggregate that its stream belongs to."""

    def __call__(self, command_id: str, command: Command) -> object:
        """Once, however often it is asked with this id; errors as `Repository.execute_once`."""


class Doing:
    """Does the effects of one handler; used by several threads.

    Args:
        handler: the handler.
        registry: event types and upcasters.
        store: where a deadline looks whether something has happened since.
        target: what takes what the function returns; None where the function is the effect.
        ask: executes commands.
        source: who speaks in public events.
    """

    def __init__(
        self,
        handler: Handler,
        registry: Registry,
        store: Store,
        *,
        target: Target | None = None,
        ask: Ask | None = None,
        source: str = "",
    ) -> None:
        self._handler = handler
        self._read: Callable[[RecordedEvent], Any] = (
            partial(open_public, consumer=handler) if isinstance(handler, Consumer) else registry.decode
        )
        self._store = store
        self._target = target
        self._ask = ask
        self._source = source

    def __call__(self, effect: Effect) -> None:
        """Does it and notes what it raised; an event that a consumer passes over is done with."""
        try:
            effect.error = None
            self.perform(effect)
        except EventfoldError as error:
            effect.error = error if _speaks(error) else self._failed(effect.event, error)
        except BaseException as error:  # noqa: BLE001 - whatever a user's function raises is a fact about its event
            effect.error = self._failed(effect.event, error)

    def sweep(self, sweep: Sweep) -> None:
        """Does the effects of a sweep in order, up to the first that raises."""
        handler = self._handler
        name, function, read = handler.name, handler.function, self._read
        for done, event in enumerate(sweep.left, 1):
            message = Message(name, event)
            before = enter(Causation(message))
            try:
                found = read(event)
                if found is not None and (said := function(found, message)) is not None:
                    self._follow(said, message)
            except EventfoldError as error:
                sweep.error = error if _speaks(error) else self._failed(event, error)
            except BaseException as error:  # noqa: BLE001 - as above
                sweep.error = self._failed(event, error)
            finally:
                leave(before)
            sweep.done = done
            if sweep.error is not None:
                return

    def perform(self, effect: Effect) -> None:
        """Does it; raises what the function, the target or an aggregate raises."""
        event, handler = effect.event, self._handler
        if handler.when is not None and self._is_cancelled(effect):
            return
        message = Message(handler.name, event, effect.tries + 1)
        with caused(Causation(message)):
            found = self._read(event)
            if found is not None:
                self._follow(handler.function(found, message), message)

    def _follow(self, said: object, message: Message) -> None:
        """What the function returned is commanded, published or sent."""
        if self._handler.kind in {"react", "consume"}:
            self._command(said, message)
        else:
            self._send(said, message)

    def _send(self, said: object, message: Message) -> None:
        handler = self._handler
        payload = publication(handler, said, message, self._source) if handler.kind == "publish" else said
        if payload is None:
            return
        if self._target is None:
            raise EffectRefused(
                f"{handler.name} returned {type(said).__name__}, and names no target that takes it: give it to=...,"
                " or let it return None.",
                handler=handler.name,
            )
        self._target.send(payload, message)

    def _command(self, said: object, message: Message) -> None:
        commands: Sequence[object] = (
            said if isinstance(said, list | tuple) else [] if said is None else [said]
        )
        for n, command in enumerate(commands):
            if not isinstance(command, Command) or self._ask is None:
                raise EffectRefused(
                    f"{message.handler} returned {type(command).__name__}: a reaction returns Commands, or None.",
                    handler=message.handler,
                )
            self._ask(f"{message.key}.{n}", command)

    def _is_cancelled(self, effect: Effect) -> bool:
        unless = self._handler.when.unless if self._handler.when else frozenset()
        event = effect.event
        if not unless:
            return False
        return any(later.type in unless for later in self._store.read(event.stream, after=event.version))

    def _failed(self, event: RecordedEvent, error: BaseException) -> HandlerFailed:
        name, facts = self._handler.name, facts_of(self._handler.name, event)
        _log.info(
            "%s raised at %s/%s", name, event.stream, event.version, exc_info=error, extra={"facts": facts}
        )
        return HandlerFailed(
            f"{self._handler.name} raised {type(error).__name__}: {error if _speaks(error) else 'it cannot be read'}",
            handler=self._handler.name,
            stream=event.stream,
            version=event.version,
        )


def _speaks(error: BaseException) -> bool:
    """Whether an error can say what it says: classes of users may fail at that, too."""
    try:
        str(error)
    except Exception:  # noqa: BLE001 - that is the question
        return False
    return True
