"""The two questions: does this process turn, and has it come far enough to be relied on."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from eventfold.app.parts.tablestatus import TableStatus
from eventfold.app.pulse import Pulse
from eventfold.app.status import Status
from eventfold.errors import StoreFenced
from eventfold.handlers.tending.standing import HandlerStatus

BEHIND = 10_000
"""Events that a table or handler may be behind, and be ready."""
STALLED = 120.0
"""Seconds of one turn of a loop, beyond which it is taken to hang."""
_GOES_ON = frozenset({"paused", "waiting", "running", "caught up"})


class Runs(Protocol):
    """What is asked: an app that is open, here or on Spark."""

    @property
    def pulse(self) -> Pulse:
        """Whether its loops turn."""

    def status(self) -> Status:
        """How it stands."""


class Check(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that was looked at.

    Attributes:
        name: `table orders`, `handler mail`, ...
        ok: whether it is as it should be.
        lag: events that it is behind, where they can be counted.
        why: what it is, or what is wrong; codes and names, nothing of what events say.
    """

    name: str
    ok: bool
    lag: int | None = None
    why: str = ""


def health(live: Runs, *, stalled: float = STALLED) -> list[Check]:
    """Whether the loops of this process turn: asks neither log nor targets.

    A table or handler that has stopped, since its definition changed for example, does not go on when the process is
    started anew: it is told, and is well as long as others turn.

    Args:
        live: the app that runs.
        stalled: seconds of one turn, beyond which a loop is taken to hang.
    """
    since = live.pulse.since()
    if not since:
        return [Check(name="run", ok=False, why="nothing runs yet")]
    stopped = {name: error.code for name, error in live.pulse.stopped().items()}
    turning = any(seconds < stalled for name, seconds in since.items() if name not in stopped)
    return [
        Check(name=name, ok=turning and stopped[name] != StoreFenced.code, why=_stopped(stopped[name]))
        if name in stopped
        else _turns(name, seconds, stalled)
        for name, seconds in since.items()
    ]


def _turns(name: str, seconds: float, stalled: float) -> Check:
    ok = seconds < stalled
    return Check(name=name, ok=ok, why="" if ok else f"no turn for {seconds:.0f} s")


def ready(live: Runs, *, behind: int = BEHIND) -> list[Check]:
    """Whether tables and handlers follow, and how far they are.

    Args:
        live: the app that runs.
        behind: events that one may be behind. Where the log cannot count them, it is asked only whether one goes on.

    Raises:
        EventfoldError: the log or the state does not answer.
    """
    if not live.pulse.turning:
        return [Check(name="run", ok=False, why="nothing runs yet")]
    stopped = {name: error.code for name, error in live.pulse.stopped().items()}
    found = live.status()
    checks = [_table(one, behind) for one in found.tables] + [_handler(one, behind) for one in found.handlers]
    return [_unless_stopped(check, stopped) for check in checks]


def _table(table: TableStatus, behind: int) -> Check:
    name = f"table {table.name}"
    if table.problem:
        return Check(name=name, ok=False, lag=table.lag, why="it does not go on: ask `eventfold status`")
    return _by_lag(name, table.lag, behind, "")


def _handler(handler: HandlerStatus, behind: int) -> Check:
    name = f"handler {handler.name}"
    if handler.state not in _GOES_ON:
        return Check(name=name, ok=False, lag=handler.lag, why=f"it is {handler.state}")
    return _by_lag(name, handler.lag, behind, handler.state)


def _by_lag(name: str, lag: int | None, behind: int, why: str) -> Check:
    if lag is not None and lag > behind:
        return Check(name=name, ok=False, lag=lag, why=f"it is more than {behind:,} events behind")
    return Check(name=name, ok=True, lag=lag, why=why)


def _unless_stopped(check: Check, stopped: dict[str, str]) -> Check:
    if check.name not in stopped:
        return check
    return Check(name=check.name, ok=False, lag=check.lag, why=_stopped(stopped[check.name]))


def _stopped(code: str) -> str:
    return f"it has stopped: {code}"


def all_ok(checks: Sequence[Check]) -> bool:
    """Whether nothing is wrong."""
    return all(check.ok for check in checks)
