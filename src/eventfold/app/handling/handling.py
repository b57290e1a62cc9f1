"""The handlers of a live app: begun, bound to their targets, and run in threads of their own."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from msgspec import structs

from eventfold.aggregates.repository import Repository
from eventfold.app.definition import Definition
from eventfold.app.handling.done import Handled, HandlerDone, done_by, warnings_of
from eventfold.app.handling.running import Running, Stopped
from eventfold.app.pulse import Pulse
from eventfold.errors import (
    ConfigInvalid,
    CursorInvalid,
    DefinitionError,
    EventfoldError,
    StorageError,
)
from eventfold.events.envelope import to_us
from eventfold.events.shape import check_time
from eventfold.feed.loop import STAYS, Follower, Loop, Stop
from eventfold.handlers.declaring.command import Command
from eventfold.handlers.declaring.handler import Handler
from eventfold.handlers.targets.closing import close_all
from eventfold.handlers.targets.open import named, open_named
from eventfold.handlers.targets.place import Place
from eventfold.handlers.targets.port import Target
from eventfold.handlers.tending.beginning import begin, check_subscription
from eventfold.handlers.tending.standing import strangers
from eventfold.handlers.working.doing import Doing
from eventfold.handlers.working.follower import HandlerFollower
from eventfold.handlers.working.gate import Gate
from eventfold.handlers.working.origins.parked import now_us
from eventfold.store.lacking import expect_log
from eventfold.store.names import category_of
from eventfold.store.port import Store

_log = logging.getLogger("eventfold.handlers")
_LEAVE = 8.0
"""Seconds in which handlers end, whatever hangs."""
_PAUSE = 0.05
_PATIENCE = 1.0
"""Seconds of a target's pause that `handle` waits for."""


class Handling:
    """The handlers of an app, bound to its log and to targets.

    Args:
        app: the definition.
        store: the log.
        targets: where effects go, by name.
        repository: gives the repository of an aggregate type.
        pulse: is told which loops turn.
    """

    def __init__(
        self,
        app: Definition,
        store: Store,
        targets: Mapping[str, Place],
        repository: Callable[[Any], Repository[Any]],
        pulse: Pulse,
    ) -> None:
        self._pulse = pulse
        self._app = app
        self._store = store
        self._targets = targets
        self._repository = repository
        self._by_category = {aggregate.definition.category: aggregate for aggregate in app.aggregates}
        self._begun = False

    def begin(self) -> None:
        """Writes where each handler begins that was never seen before: before this process appends or reads.

        On a log that cannot be written now nothing begins, which `check` tells.
        """
        if self._begun or not self._app.handlers:
            return
        try:
            for handler, error in self._begin_all().items():
                if error is not None:
                    _log.error("The handler %s cannot go on: %s", handler.name, error)
        except StorageError as error:
            _log.warning("Handlers have not begun: %s", error)
            return
        self._begun = True

    @contextmanager
    def running(self, stop: Stop) -> Iterator[Running]:
        """Runs every handler until `stop` is set, then waits until they have left, a little."""
        with ExitStack() as closing:
            followers, stopped = self._followers(closing)
            running = Running(stop)
            everyone: list[Follower] = [*followers, *stopped]
            for follower in everyone:
                running.start(follower, self._run)
            try:
                yield running
            finally:
                running.leave(_LEAVE)

    def handle(self, timeout: float, at: datetime | None = None) -> Handled:
        """Lets every handler go on until nothing can be begun any more; one that cannot go on is told at the end."""
        if at is not None:
            check_time(at)
        until = time.monotonic() + timeout
        done, stopped = self._once(until, at)
        if at is not None:  # what was noted as due by then, meanwhile
            later, _ = self._once(until, at)
            pairs = zip(done, later, strict=True)
            done = [structs.replace(one, events=one.events + before.events) for before, one in pairs]
        if stopped:
            raise stopped[0].error
        return Handled(handlers=done, warnings=warnings_of(done))

    def _once(self, until: float, at: datetime | None) -> tuple[list[HandlerDone], list[Stopped]]:
        with ExitStack() as closing:
            followers, stopped = self._followers(closing, at)
            try:
                while _round(followers) and time.monotonic() < until:
                    pass
                return [done_by(follower) for follower in followers], stopped
            finally:
                with ExitStack() as finishing:
                    for follower in followers:
                        finishing.callback(follower.finish)

    def _followers(
        self, closing: ExitStack, at: datetime | None = None
    ) -> tuple[list[HandlerFollower], list[Stopped]]:
        """One for each handler, with its target opened; and those that cannot go on.

        Raises:
            ConfigInvalid: a target is not named.
        """
        begun = self._begin_all()
        opened: dict[str, Target] = {}
        closing.callback(close_all, opened)
        for name in sorted(self._wanted()):
            opened[name] = self._open(name)
        wall = now_us if at is None else partial(to_us, at)
        gates: dict[str, Gate] = {}
        found = []
        for handler in (handler for handler, error in begun.items() if error is None):
            target = opened[handler.to] if handler.to is not None else None
            gate = gates.setdefault(handler.target, Gate(handler.target, getattr(target, "rate", None)))
            doing = Doing(
                handler,
                self._app.registry,
                self._store,
                target=target,
                ask=self._ask,
                source=self._app.source,
            )
            found.append(HandlerFollower(handler, self._store, doing, gate, wall=wall))
        return found, [Stopped(handler, error) for handler, error in begun.items() if error is not None]

    def _wanted(self) -> set[str]:
        return {handler.to for handler in self._app.handlers.values() if handler.to is not None}

    def _open(self, name: str) -> Target:
        place = named(name, self._targets)
        if place is None:
            raise ConfigInvalid(
                f"No target is named {name!r}: give it with targets={{{name!r}: ...}} where the app is opened, or in"
                " the section [targets] of eventfold.toml.",
                key=f"targets.{name}",
            )
        return open_named(name, place)

    def _begin_all(self) -> dict[Handler, EventfoldError | None]:
        """Each handler, with what keeps it from going on: it stops alone."""
        found: dict[Handler, EventfoldError | None] = {}
        for handler in self._app.handlers.values():
            found[handler] = None
            try:
                if handler.commands:
                    expect_log(self._store, f"The handler {handler.name} has commands to give, which")
                if begin(handler, self._store):
                    self._warn_of_beginning(handler)
                check_subscription(handler, self._store.effects())
            except (*STAYS, CursorInvalid) as error:
                found[handler] = error
        return found

    def _warn_of_beginning(self, handler: Handler) -> None:
        """A handler that begins where its log cannot know of it, or at the start of one that knows others."""
        if not self._store.capabilities.has_log:
            _log.warning(
                "The handler %s begins here, in a place of this machine. Where it runs with the log too, its effects"
                " are done twice, under the same idempotency keys.",
                handler.name,
            )
        others = strangers(self._app.handlers, self._store) if handler.since == "start" else ()
        if others:
            _log.warning(
                "The handler %s begins at the start of the log, and the log knows handlers that the app does not have:"
                " %s. If one of them was renamed, its effects are done again, with other keys: `eventfold handlers"
                " pause %s --reason ...` stops that, and `eventfold handlers move %s --to now` passes them by.",
                handler.name,
                ", ".join(others[:5]),
                handler.name,
                handler.name,
            )

    def _ask(self, command_id: str, command: Command) -> object:
        category = category_of(command.stream)
        if category not in self._by_category:
            raise DefinitionError(
                f"No aggregate of {self._app.name} decides on {command.stream}: its category is {category!r}."
            )
        repository = self._repository(self._by_category[category])
        return repository.execute_once(
            command_id, command.stream, command.decision, *command.args, **command.kwargs
        )

    def _run(self, follower: Follower, stop: Stop) -> None:
        with self._pulse.of(Loop([follower], self._store.feed())) as loop:
            try:
                loop.run(stop)
            except EventfoldError as error:
                if not loop.stopped:  # else that was told
                    _log.error("%s has stopped: %s", follower.name, error)
                raise


def _round(followers: Sequence[HandlerFollower]) -> bool:
    """One step of each; whether another may do more."""
    before = sum(follower.handled for follower in followers)
    quiet = [follower.step() for follower in followers]
    if sum(follower.handled for follower in followers) > before:
        return True
    waiting = any(
        follower.waiting and follower.opens < _PATIENCE for follower in followers if not follower.held
    )
    if waiting and all(quiet):
        time.sleep(_PAUSE)
    return waiting
