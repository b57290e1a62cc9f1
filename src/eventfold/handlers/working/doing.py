"""Doing one effect: the event is read, the function asked, and what it returned is sent, published or commanded."""

import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from eventfold.errors import (
    EffectRefused,
    EventfoldError,
    HandlerFailed,
    StorageError,
    TargetForbidden,
    TargetUnavailable,
)
from eventfold.events.metadata import caused
from eventfold.events.registry import Registry
from eventfold.handlers.declaring.command import Command
from eventfold.handlers.declaring.handler import Handler
from eventfold.handlers.declaring.message import Message
from eventfold.handlers.targets.port import Target
from eventfold.handlers.working.causation import Causation
from eventfold.handlers.working.effect import Effect
from eventfold.store.port import Store

_log = logging.getLogger("eventfold.handlers")
DOWN = (TargetUnavailable, TargetForbidden, StorageError)
"""Errors that say nothing of an event: whoever takes effects does not answer."""


class Ask(Protocol):
    """Executes a command on the aggregate that its stream belongs to."""

    def __call__(self, command_id: str, command: Command) -> object:
        """Once, however often it is asked with this id; errors as `Repository.execute_once`."""


Publish = Callable[[Any, Message], Any]
"""Makes of a public event what a target takes."""


class Doing:
    """Does the effects of one handler; used by several threads.

    Args:
        handler: the handler.
        registry: event types and upcasters.
        store: where a deadline looks whether something has happened since.
        target: what takes what the function returns; None where the function is the effect.
        ask: executes commands.
        publish: makes of a public event what the target takes.
    """

    def __init__(
        self,
        handler: Handler,
        registry: Registry,
        store: Store,
        *,
        target: Target | None = None,
        ask: Ask | None = None,
        publish: Publish | None = None,
    ) -> None:
        self._handler = handler
        self._registry = registry
        self._store = store
        self._target = target
        self._ask = ask
        self._publish = publish

    def __call__(self, effect: Effect) -> None:
        """Does it and notes what it raised."""
        try:
            effect.error = None
            self._do(effect)
        except EventfoldError as error:
            effect.error = error
        except BaseException as error:  # noqa: BLE001 - whatever a user's function raises is a fact about its event
            effect.error = self._failed(effect, error)

    def _do(self, effect: Effect) -> None:
        event, handler = effect.event, self._handler
        if handler.when is not None and self._is_cancelled(effect):
            return
        message = Message(handler.name, event, effect.tries + 1)
        with caused(Causation(message)):
            said = handler.function(self._registry.decode(event), message)
            if handler.kind in {"react", "consume"}:
                self._command(said, message)
            elif said is None:
                return
            elif self._target is None:
                raise EffectRefused(
                    f"{handler.name} returned {type(said).__name__}, and names no target that takes it: give it"
                    " to=..., or let it return None.",
                    handler=handler.name,
                )
            else:
                self._target.send(self._publish(said, message) if self._publish else said, message)

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

    def _failed(self, effect: Effect, error: BaseException) -> HandlerFailed:
        event = effect.event
        _log.info("%s raised at %s/%s", self._handler.name, event.stream, event.version, exc_info=error)
        return HandlerFailed(
            f"{self._handler.name} raised {type(error).__name__}: {error}",
            handler=self._handler.name,
            stream=event.stream,
            version=event.version,
        )
