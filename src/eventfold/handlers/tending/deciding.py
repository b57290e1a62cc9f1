"""What a person decides about a handler as a whole: it pauses, goes on, goes on elsewhere."""

import time
from typing import Literal

from msgspec import structs

from eventfold.errors import HandlerHeld, HandlerNotFound, RangeInvalid
from eventfold.events.ids import new_id
from eventfold.events.metadata import current
from eventfold.feed.cursor import Cursor
from eventfold.feed.effects.port import NOTES, Name
from eventfold.handlers.records import (
    LAST,
    MOVE,
    PARKED,
    PERSON,
    About,
    Asked,
    Held,
    Moved,
    Pause,
    Resumed,
    digest,
    parked_of,
)
from eventfold.handlers.tending.covering import check_place
from eventfold.handlers.tending.moving import OF_MOVES, hold, holds, place
from eventfold.handlers.tending.noting import noted
from eventfold.store.port import Store

To = Literal["now", "start", "here"] | Cursor
REASON = 2_000
"""Characters of a reason, at most."""


def pause(store: Store, handler: str, reason: str) -> None:
    """Keeps a handler from beginning effects until `resume`; those under way end. Its workers see it within a second.

    Raises:
        HandlerNotFound: it has not begun.
        RangeInvalid: the reason is empty or long.
        StorageError: it is not known to be paused; repeat it.
    """
    check_reason(reason)
    begun(store, handler)
    held = Held(reason=reason, actor=actor(), since_us=now_us())
    store.effects().note(handler, [held.note(PERSON)])


def resume(store: Store, handler: str) -> None:
    """Lets a paused handler go on where it is, and has its target tried at once where that did not answer.

    Where neither is paused nothing happens.

    Raises:
        HandlerNotFound: it has not begun.
        HandlerHeld: a move or a restore was interrupted: only a place that is said ends that.
        StorageError: it is not known to go on; repeat it.
    """
    begun(store, handler)
    effects = store.effects()
    pauses = [note.name for note in effects.notes(handler, Pause.kind)]
    again = Resumed(actor=actor(), asked_us=now_us(), id=str(new_id()))
    effects.note(handler, [again.note()] if pauses else [], [Name(Held.kind, PERSON), *pauses])
    for held in holds(effects, handler).values():
        raise HandlerHeld(
            f"The handler {handler} is held: {held.reason or 'it was on its way elsewhere'}. Say where it goes on:"
            f" `eventfold handlers move {handler} --to now`, start or a cursor.",
            handler=handler,
        )


def move(store: Store, handler: str, to: To, reason: str = "") -> None:
    """Puts a handler elsewhere: it goes on from there, with the types of events that it takes now.

    Its leases are taken away first, so that nothing that a worker does meanwhile moves it. Deadlines stay, and so does
    what is parked; but parked streams whose event comes again are forgotten: of a log without a total order, all with
    "start" and none with a cursor. A handler that is paused stays paused, one that has not begun begins there. It is
    recorded with the actor of the context.

    Args:
        store: the log.
        handler: its name.
        to: "now" = the end of the log; "start" = before its first event; a cursor; "here" = where it is, to accept
            that it takes other events than before.
        reason: why.

    Raises:
        HandlerNotFound: "here", and it has not begun.
        HandlerHeld: "here", and a move was interrupted.
        CursorInvalid: the cursor is damaged, or does not cover the log.
        LogMismatch: it is one of another log, or one that this log does not serve.
        StorageError: it is held where it was not moved; repeat it.
    """
    effects, feed = store.effects(), store.feed()
    if len(reason) > REASON:
        raise _reason(f"{len(reason)} characters")
    moved = Moved(to=to if isinstance(to, str) else "cursor", reason=reason, actor=actor(), moved_us=now_us())
    if to not in ("now", "start", "here") and not isinstance(to, Cursor):
        raise RangeInvalid(f"{to!r:.60} is no place: say now, start, here or a cursor.", field="to")
    if isinstance(to, Cursor):
        check_place(feed, to, "The cursor")
    if to == "here":
        return _stay(store, handler, moved)
    if not effects.all(handler):
        effects.begin(handler, _place(store, to))
        return effects.note(handler, [moved.note(moved.key)])
    held = Held(reason=reason, actor=moved.actor, since_us=moved.moved_us)
    hold(effects, handler, MOVE, held)
    cursor = _place(store, to)
    _forget_parked(store, handler, held, cursor, from_start=to == "start")
    return place(effects, handler, MOVE, cursor, moved, forget=[Name(About.kind, LAST)])


def _stay(store: Store, handler: str, moved: Moved) -> None:
    begun(store, handler)
    effects = store.effects()
    if any(held.half for held in holds(effects, handler).values()):
        raise HandlerHeld(
            f"The handler {handler} is on its way elsewhere and cannot stay: that was interrupted. Say where it goes"
            f" on: `eventfold handlers move {handler} --to now`, start or a cursor.",
            handler=handler,
        )
    effects.note(handler, [moved.note(moved.key)], [*OF_MOVES, Name(About.kind, LAST)])


def _place(store: Store, to: To) -> Cursor:
    if isinstance(to, Cursor):
        return to
    return store.feed().end() if to == "now" else store.feed().start()


def _forget_parked(store: Store, handler: str, held: Held, cursor: Cursor, *, from_start: bool) -> None:
    """The streams whose parked event comes again; once one is forgotten, the handler cannot stay where it is."""
    effects = store.effects()
    if not from_start and not store.feed().capabilities.total_order:
        return  # whether an event lies after the cursor is not told by its position there
    after = 0 if from_start else max(mark.position for mark in cursor.marks.values())
    parked = map(parked_of, noted(effects, handler, PARKED))
    streams = [digest(one.stream) for one in parked if from_start or one.position > after]
    found = [Name(kind, key) for key in streams for kind in (PARKED, Asked.kind)]
    if found:
        effects.note(handler, [structs.replace(held, half=True).note(MOVE)])
    for at in range(0, len(found), NOTES):
        effects.note(handler, drop=found[at : at + NOTES])


def begun(store: Store, handler: str) -> None:
    """Raises HandlerNotFound where a handler has no checkpoint."""
    if not store.effects().all(handler):
        raise HandlerNotFound(
            f"The handler {handler} has not begun on this log: it does when the app is opened to run or to append.",
            handler=handler,
        )


def check_reason(reason: str) -> None:
    """Raises RangeInvalid where it says nothing, or very much."""
    if not reason.strip():
        raise _reason("none")
    if len(reason) > REASON:
        raise _reason(f"{len(reason)} characters")


def actor() -> str:
    """Who acts, by the context of the call."""
    return str(current().get("actor", ""))


def now_us() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


def _reason(given: str) -> RangeInvalid:
    return RangeInvalid(
        f"A reason is text of 1 to {REASON:,} characters, for those who come after you; {given} is given.",
        field="reason",
    )
