"""The one loop of everything that follows a feed: step, and wait where there is nothing to do.

An error that passes is tried again after a pause that grows; one that does not pass stops its follower and no other.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import Protocol

from eventfold.errors import (
    BusUnavailable,
    DefinitionError,
    EngineFenced,
    EventfoldError,
    LogMismatch,
    RelayFenced,
    StoreClosed,
    StoreFenced,
    SubscriptionDiffers,
    TableStopped,
)
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Feed

_log = logging.getLogger("eventfold.loop")
STAYS = (
    DefinitionError,
    LogMismatch,
    TableStopped,
    SubscriptionDiffers,
    StoreFenced,
    RelayFenced,
    EngineFenced,
)
"""Errors that no repeat mends: a person does, or the log is opened anew."""
_OF_ALL = (StoreFenced, StoreClosed, BusUnavailable)
"""Errors of what is followed: no other follower would do better."""
_PAUSE = (0.05, 5.0)
"""Seconds after the first failure, and at most."""


class Stop(Protocol):
    """Says when to end; a `threading.Event` is one."""

    def is_set(self) -> bool:
        """Whether it is time."""

    def wait(self, timeout: float) -> bool:
        """Until it is time, at most so many seconds; whether it is."""


class Follower(Protocol):
    """Follows a feed, page by page."""

    @property
    def name(self) -> str:
        """What it is called where its state is shown."""

    def where(self) -> Cursor | None:
        """How far it has come; None where it waits for something else than events."""

    def step(self) -> bool:
        """Handles the next page and commits; True where nothing more was there."""

    def finish(self) -> None:
        """Commits what is left and gives back what is held; the loop ends."""


class _Runner:
    """One follower with its failures."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        self.failures = 0
        self.not_before = 0.0
        self.stopped: EventfoldError | None = None

    def step(self) -> bool:
        """Whether it has nothing to do now."""
        if self.stopped is not None or time.monotonic() < self.not_before:
            return True
        try:
            idle = self.follower.step()
        except STAYS as error:
            self.stopped = error
            _log.error("%s has stopped: %s", self.follower.name, error)
            return True
        except EventfoldError as error:
            first, longest = _PAUSE
            pause = min(first * 2**self.failures, longest)
            self.failures += 1
            self.not_before = time.monotonic() + pause
            _log.warning("%s failed and goes on in %.2f s: %s", self.follower.name, pause, error)
            return True
        self.failures = 0
        return idle


class Loop:
    """Runs followers of one feed in the calling thread.

    Args:
        followers: what follows.
        feed: what is followed; None where no follower waits for events of it.
    """

    def __init__(self, followers: Iterable[Follower], feed: Feed | None = None) -> None:
        self._runners = [_Runner(follower) for follower in followers]
        self._feed = feed
        self.turned = time.monotonic()
        """When its last turn began; seconds of the clock of intervals."""

    @property
    def names(self) -> list[str]:
        """Of its followers."""
        return [runner.follower.name for runner in self._runners]

    @property
    def handled(self) -> dict[str, int]:
        """By the name of a follower that counts them, the events that it has handled."""
        counted = {
            runner.follower.name: getattr(runner.follower, "handled", None) for runner in self._runners
        }
        return {name: count for name, count in counted.items() if isinstance(count, int)}

    @property
    def stopped(self) -> dict[str, EventfoldError]:
        """The followers that do not go on, and why."""
        return {
            runner.follower.name: runner.stopped for runner in self._runners if runner.stopped is not None
        }

    def run(self, stop: Stop, *, poll: float = 0.5) -> None:
        """Goes on until `stop` is set, then lets every follower finish.

        Args:
            stop: set it from a signal handler or another thread; it is looked at after every page.
            poll: seconds of one wait, at most.

        Raises:
            EventfoldError: no follower is left; the error of the first that stopped.
        """
        try:
            while not stop.is_set():
                self.turned = time.monotonic()
                idle = [runner.step() for runner in self._runners if not stop.is_set()]
                if all(runner.stopped for runner in self._runners):
                    break
                if all(idle) and not stop.is_set():
                    self._wait(stop, poll)
        finally:
            self._finish()
        for runner in self._runners:
            if runner.stopped is not None and not stop.is_set():
                raise runner.stopped

    def _wait(self, stop: Stop, poll: float) -> None:
        """Until something stands after the place of the first that is well: those that came later saw no less."""
        for runner in self._runners:
            cursor = runner.follower.where() if not runner.failures and runner.stopped is None else None
            if cursor is not None and self._feed is not None:
                self._feed.wait(cursor, poll)
                return
        stop.wait(poll)

    def _finish(self) -> None:
        for runner in self._runners:
            try:
                runner.follower.finish()
            except EventfoldError as error:
                _log.warning("%s could not finish: %s", runner.follower.name, error)


def catch_up(followers: Iterable[Follower], *, progress: Callable[[], object] | None = None) -> None:
    """Lets every follower reach the end once, then finish; one that cannot go on stops no other.

    Followers go on side by side, a page at a time, so that they can share what is read.

    Raises:
        EventfoldError: of the first that could not go on; its sentence names the others. Where what all of them read
            is at fault, it ends all.
    """
    everyone = list(followers)
    behind = list(everyone)
    failed: list[tuple[Follower, EventfoldError]] = []
    try:
        while behind:
            behind = [follower for follower in behind if not _step(follower, failed)]
            if progress is not None:
                progress()
    finally:
        with ExitStack() as finishing:  # each gives back what it holds, whatever becomes of the others
            for follower in reversed(everyone):
                finishing.callback(follower.finish)
    if failed:
        raise _all_of(failed)


def _step(follower: Follower, failed: list[tuple[Follower, EventfoldError]]) -> bool:
    """Whether it has nothing more to do, or cannot do it."""
    try:
        return follower.step()
    except _OF_ALL:
        raise
    except EventfoldError as error:
        failed.append((follower, error))
        return True


def _all_of(failed: Sequence[tuple[Follower, EventfoldError]]) -> EventfoldError:
    """The first error, which names the other followers that could not go on."""
    (_, first), *others = failed
    if not others:
        return first
    told = " ".join(f"Nor could {follower.name} go on: {error.message}" for follower, error in others)
    return type(first)(f"{first.message} {told}", **first.facts)
