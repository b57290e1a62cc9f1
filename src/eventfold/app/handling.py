"""The handlers of a live app: begun, bound to their targets, and run in threads of their own."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from msgspec import structs

from eventfold.aggregates.repository import Repository
from eventfold.app.definition import Definition
from eventfold.app.pulse import Pulse
from eventfold.errors import (
    ConfigInvalid,
    CursorInvalid,
    DefinitionError,
    EventfoldError,
    HandlerCrashed,
    StorageError,
    StoreFenced,
)
from eventfold.events.envelope import to_us
from eventfold.events.shape import check_time
from eventfold.feed.loop import STAYS, Follower, Loop, Stop
from eventfold.handlers.declaring.command import Command
from eventfold.handlers.declaring.handler import Handler
from eventfold.handlers.records import PERSON
from eventfold.handlers.targets.closing import close_all
from eventfold.handlers.targets.open import named, open_named
from eventfold.handlers.targets.place import Place
from eventfold.handlers.targets.port import Target
from eventfold.handlers.tending.beginning import begin, check_subscription
from eventfold.handlers.tending.standing import parked_told, strangers
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


class HandlerDone(msgspec.Struct, frozen=True, kw_only=True):
    """What one handler did.

    Attributes:
        name: of the handler.
        events: how many effects were taken.
        parked: streams that are parked.
        waiting: why something waits; empty where nothing does.
    """

    name: str
    events: int
    parked: int
    waiting: str = ""


class Handled(msgspec.Struct, frozen=True, kw_only=True):
    """What handlers did, and what they leave.

    Attributes:
        handlers: each of them.
        warnings: what a person should look at.
    """

    handlers: list[HandlerDone]
    warnings: list[str]


class _Ending:
    """It is time to end: `stop` was set, or what ran beside has ended."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self.others = False

    def is_set(self) -> bool:
        return self.others or self._stop.is_set()

    def wait(self, timeout: float) -> bool:
        return self._stop.wait(timeout) or self.others


class Running:
    """Handlers in threads of their own.

    Attributes:
        stop: what runs beside them ends by it too: it was told to, or the log takes nothing any more.
    """

    def __init__(self, stop: Stop) -> None:
        self.stop = _Ending(stop)
        self._told = stop
        self._threads: list[threading.Thread] = []
        self._error: EventfoldError | None = None

    def __bool__(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def start(self, follower: Follower, run: Callable[[Follower, Stop], None]) -> None:
        """Runs a follower in a thread; one that stops stops no other, unless the log is at fault, or it fell over."""

        def ending() -> None:
            try:
                run(follower, self.stop)
            except EventfoldError as error:
                self._error = self._error or error
                if isinstance(error, StoreFenced):  # only who opens the log anew goes on
                    self._error, self.stop.others = error, True
            except Exception as error:  # noqa: BLE001 - it is told, and ends the run
                # nobody knows what it leaves behind: who starts the process anew begins where it is written down
                _log.exception("%s has ended by an error that is none of eventfold's", follower.name)
                self._error, self.stop.others = _ended(follower.name, error), True

        thread = threading.Thread(target=ending, name=follower.name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def leave(self, seconds: float) -> None:
        """Lets them end, and waits for that, so long at most."""
        self.stop.others = True
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def wait(self) -> None:
        """Until it is time to end, or none goes on.

        Raises:
            EventfoldError: none goes on; the error of the first that stopped.
        """
        while self and not self.stop.wait(0.5):
            pass
        if self._error is not None and not self._told.is_set():
            raise self._error


def _ended(name: str, error: Exception) -> HandlerCrashed:
    what = f"{type(error).__name__}: {error}"[:500]
    return HandlerCrashed(
        f"The {name} has ended by an error that is none of eventfold's: {what}. Start it anew."
    )


class _Stopped:
    """In the place of a handler that cannot go on: its loop stops, and no other."""

    def __init__(self, handler: Handler, error: EventfoldError) -> None:
        self.name = f"handler {handler.name}"
        self.error = error

    def where(self) -> None:
        """Nowhere."""

    def step(self) -> bool:
        """Says why, as what no repeat mends."""
        error = self.error
        raise error if isinstance(error, STAYS) else DefinitionError(error.message, **error.facts)

    def finish(self) -> None:
        """Nothing is held."""


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
        return Handled(handlers=done, warnings=_warnings(done))

    def _once(self, until: float, at: datetime | None) -> tuple[list[HandlerDone], list[_Stopped]]:
        with ExitStack() as closing:
            followers, stopped = self._followers(closing, at)
            try:
                while _round(followers) and time.monotonic() < until:
                    pass
                return [_done(follower) for follower in followers], stopped
            finally:
                with ExitStack() as finishing:
                    for follower in followers:
                        finishing.callback(follower.finish)

    def _followers(
        self, closing: ExitStack, at: datetime | None = None
    ) -> tuple[list[HandlerFollower], list[_Stopped]]:
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
        return found, [_Stopped(handler, error) for handler, error in begun.items() if error is not None]

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


def _done(follower: HandlerFollower) -> HandlerDone:
    why = ""
    if follower.held_by == PERSON:
        why = f"a person has paused it; `eventfold handlers resume {follower.handler.name}` lets it go on"
    elif follower.held:
        why = "it is held, by a move or a restore that goes on or was interrupted"
    elif not follower.partitions:
        why = "another worker has it"
    elif follower.waiting:
        why = "its target does not answer" if follower.paused else "there was no time for all"
    name = follower.handler.name
    return HandlerDone(name=name, events=follower.handled, parked=follower.parked, waiting=why)


def _warnings(done: Sequence[HandlerDone]) -> list[str]:
    found = [f"The handler {one.name} waits: {one.waiting}" for one in done if one.waiting]
    return found + [parked_told(one.name, one.parked) for one in done if one.parked]
