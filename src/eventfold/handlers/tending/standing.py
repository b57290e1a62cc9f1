"""How a handler stands: what it does, how far behind it is, what waits, what went wrong last."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Literal

import msgspec
from msgspec import structs

from eventfold.errors import EventfoldError, SubscriptionDiffers
from eventfold.events.envelope import from_us
from eventfold.feed.cursor import Cursor
from eventfold.feed.effects.port import Effects, Lease, handlers_in
from eventfold.feed.leases.owner import life, shown
from eventfold.feed.port import Feed
from eventfold.handlers.declaring.handler import FUNCTION, Handler, Kind
from eventfold.handlers.records import PARKED, PERSON, Deadline, Pause, Trouble, digest
from eventfold.handlers.tending.beginning import check_subscription
from eventfold.handlers.tending.moving import holds
from eventfold.handlers.tending.noting import noted
from eventfold.handlers.tending.waiting import Beyond, first_waiting, merged
from eventfold.store.port import Store
from eventfold.words import how_many

State = Literal["new", "held", "stopped", "paused", "waiting", "running", "behind", "caught up", "unknown"]
"""`new`: it has not begun. `held`: a move or a restore was interrupted. `stopped`: it takes other events than before,
and nobody has said where it goes on; or it has commands to give, and only a topic of the log is open. `paused`: by a
person. `waiting`: its target does not answer. `running`: a worker does what is behind; `behind`: none does. `unknown`:
it cannot be told."""
_COUNTED = 10_000
_GRACE = 2.0
"""Seconds that a deadline may be late without a word: workers look twice a second."""
_TIME = "%Y-%m-%d %H:%M:%S"


class HandlerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One handler.

    Attributes:
        name: of the handler.
        kind: `notify`, `publish`, `react` or `consume`.
        types: stored names of the events that it takes.
        target: what is paused when it does not answer.
        state: see `State`.
        why: of what is held, stopped, paused or waiting.
        lag: events of the log after its checkpoint, those of other types too, without those that it has done beyond it;
            0 where none of them is for it; None where they cannot be counted.
        seconds: how long ago the first event that waits was recorded; None where nothing waits or that is not known.
        rate: events a second that it passed, where it was watched and they can be counted.
        parked: streams that wait for a person; from 10,000 on they are not counted.
        deadlines: effects that wait for their time; from 10,000 on they are not counted.
        due: when the first of them is due.
        error: the last error, with its code.
        error_stream: of that.
        error_version: of that.
        error_at: when that was.
        workers: who has its partitions, where they live as far as can be known.
        cursor: its checkpoint.
        beyond: events that it has done beyond that.
    """

    name: str
    kind: Kind
    types: list[str]
    target: str
    state: State
    why: str = ""
    lag: int | None = None
    seconds: float | None = None
    rate: float | None = None
    parked: int = 0
    deadlines: int = 0
    due: datetime | None = None
    error: str = ""
    error_stream: str = ""
    error_version: int | None = None
    error_at: datetime | None = None
    workers: list[str] = []
    cursor: Cursor | None = None
    beyond: int = 0


def standing(handlers: Sequence[Handler], store: Store, *, watch: float = 0.0) -> list[HandlerStatus]:
    """How some handlers stand now.

    Args:
        handlers: those of an app.
        store: the log.
        watch: seconds for which those that are behind are watched for their rate.
    """
    found = [_standing(handler, store) for handler in handlers]
    if not watch or not any(one.lag for one in found):
        return found
    began = time.monotonic()
    time.sleep(watch)
    return [
        _rated(_standing(handler, store), earlier, store.feed(), time.monotonic() - began)
        for handler, earlier in zip(handlers, found, strict=True)
    ]


def parked_told(handler: str, count: int) -> str:
    """That streams are parked, and what lists them."""
    return (
        f"The handler {handler} has {how_many(count, 'parked stream')}: `eventfold handlers parked {handler}`"
    )


def _standing(handler: Handler, store: Store) -> HandlerStatus:
    status = HandlerStatus(
        name=handler.name,
        kind=handler.kind,
        types=list(handler.types),
        target=handler.target,
        state="unknown",
    )
    try:
        return _looked_at(status, handler, store)
    except EventfoldError as error:
        return structs.replace(status, error=f"{error.code}: {error.message}")


def _looked_at(status: HandlerStatus, handler: Handler, store: Store) -> HandlerStatus:
    if handler.commands and not store.capabilities.has_log:
        why = "it has commands to give, and only a topic of the log is open: it runs where the log is"
        return structs.replace(status, state="stopped", why=why)
    effects, feed = store.effects(), store.feed()
    leases = effects.all(handler.name)
    cursor = merged(leases)
    if cursor is None:
        return structs.replace(status, state="new")
    status = structs.replace(status, **_kept(effects, handler.name), cursor=cursor)
    status = structs.replace(
        status, workers=sorted({shown(lease.owner) for lease in leases if _lives(lease)})
    )
    first, is_sure = first_waiting(feed, cursor, handler, effects)
    done = Beyond(effects, handler.name).count
    lag = 0 if first is None and is_sure else _lag(feed, cursor, done)
    seconds = None if first is None else max(0.0, time.time() - first.recorded_us / 1e6)
    late = _overdue(effects, handler.name)
    if late is not None:
        seconds = max(late, seconds or 0.0)
    done_with = first is None and is_sure and late is None
    state: State = "caught up" if done_with else "running" if status.workers else "behind"
    status = structs.replace(status, lag=lag, seconds=seconds, state=state, beyond=done)
    return _hindered(status, effects, handler)


def _kept(effects: Effects, name: str) -> dict[str, object]:
    """What stands in notes beside the leases."""
    waiting = effects.notes(name, Deadline.kind, limit=1)
    troubles = effects.notes(name, Trouble.kind, limit=1)
    found: dict[str, object] = {
        "parked": _count(effects, name, PARKED),
        "deadlines": _count(effects, name, Deadline.kind) if waiting else 0,
        "due": from_us(Deadline.of(waiting[0]).due_us) if waiting else None,
    }
    if troubles:
        last = Trouble.of(troubles[0])
        found |= {"error": f"{last.code}: {last.message}", "error_at": from_us(last.at_us)}
        found |= {"error_stream": last.stream, "error_version": last.version or None}
    return found


def _overdue(effects: Effects, name: str) -> float | None:
    """Seconds for which the first deadline has been due that nothing keeps waiting; None where none is."""
    now_us = int(time.time() * 1e6)
    below = f"{now_us - int(_GRACE * 1e6):017d}"
    due = [Deadline.of(note) for note in effects.notes(name, Deadline.kind, below=below, limit=1_000)]
    parked = {note.key for note in noted(effects, name, PARKED)} if due else set()
    return next(((now_us - one.due_us) / 1e6 for one in due if digest(one.stream) not in parked), None)


def _count(effects: Effects, name: str, kind: str) -> int:
    return sum(1 for _ in islice(noted(effects, name, kind), _COUNTED))


def _hindered(status: HandlerStatus, effects: Effects, handler: Handler) -> HandlerStatus:
    """What keeps it from going on, if something does: a person before a target."""
    held = holds(effects, handler.name)
    others = [one for key, one in held.items() if key != PERSON]
    if others:
        return structs.replace(status, state="held", why=others[0].reason or "it is on its way elsewhere")
    try:
        check_subscription(handler, effects)
    except SubscriptionDiffers:
        way = f"`eventfold handlers move {handler.name} --to here`"
        why = f"it takes other events than before: say where it goes on, {way} for example"
        return structs.replace(status, state="stopped", why=why)
    if PERSON in held:
        by = f"{held[PERSON].reason} ({held[PERSON].actor or 'nobody named'})"
        return structs.replace(status, state="paused", why=by)
    for pause in (
        Pause.of(note) for note in effects.notes(handler.name, Pause.kind) if note.key == handler.target
    ):
        return structs.replace(status, state="waiting", why=_waits(pause, handler, status))
    return status


def _waits(pause: Pause, handler: Handler, status: HandlerStatus) -> str:
    """Since when its target does not answer, how often it was tried, and with what."""
    target = "its function" if handler.target.startswith(FUNCTION) else handler.target
    since = f" since {from_us(pause.since_us):{_TIME}} UTC" if pause.since_us else ""
    tries = "1 try" if pause.failures == 1 else f"{pause.failures:,} tries in turn"
    until = f"next try {from_us(pause.until_us):{_TIME}} UTC"
    what = ""
    if pause.only:
        place = f"{pause.only}/{status.error_version}" if status.error_stream == pause.only else pause.only
        what = f", of {place}"
        if pause.failures > 1:  # else another may be tried next
            way = f"eventfold handlers park {handler.name} {pause.only}"
            what = f", all of {place}, so that nobody can tell which of the two is to blame"
            what += f" (`{way} --reason ...` takes it out of the way)"
    return f"{target} did not answer{since}, {tries}{what}; {until}: {pause.message}"


def _lag(feed: Feed, cursor: Cursor, beyond: int) -> int | None:
    """Events after a checkpoint, without those that were done beyond it."""
    found = feed.lag(cursor)
    return None if found is None else max(0, found - beyond)


def _lives(lease: Lease) -> bool:
    return bool(lease.owner) and life(lease.owner) != "ended"


def _rated(now: HandlerStatus, earlier: HandlerStatus, feed: Feed, passed: float) -> HandlerStatus:
    if not earlier.lag or earlier.cursor is None or now.cursor is None:
        return now
    before, after = _lag(feed, earlier.cursor, earlier.beyond), _lag(feed, now.cursor, now.beyond)
    if before is None or after is None:
        return now
    # both are counted now: what was appended meanwhile cancels out
    return structs.replace(now, rate=max(0, before - after) / passed)


def strangers(handlers: Mapping[str, Handler], store: Store) -> list[str]:
    """Those that have begun on a log and that an app does not have."""
    return [name for name in handlers_in(store.effects()) if name not in handlers]
