"""What a person asks of a handler's streams: to try a parked one again, to leave an event out, to park."""

from typing import Literal

import msgspec

from eventfold.errors import NotFound
from eventfold.feed.effects.port import NOTES, Effects
from eventfold.feed.parking import ParkedStream, Skip
from eventfold.handlers.declaring.handler import Handler
from eventfold.handlers.records import PARKED, SKIPPED, Asked, digest, parked_of, skipped_of
from eventfold.handlers.tending.deciding import actor, check_reason, now_us
from eventfold.handlers.tending.noting import noted
from eventfold.handlers.tending.waiting import version_waiting
from eventfold.store.port import Store

What = Literal["retry", "skip", "park"]


class ParkedFor(msgspec.Struct, frozen=True, kw_only=True):
    """A stream that waits for a handler.

    Attributes:
        parked: which event failed, why, and what waits behind it.
        asked: what a person asked and no worker has done yet: "retry", "skip", or nothing.
    """

    parked: ParkedStream
    asked: str = ""


def parked(effects: Effects, handler: str) -> dict[str, ParkedFor]:
    """The streams of a handler that wait, by name, those that were parked first before others."""
    asked = {one.stream: one.what for one in map(Asked.of, noted(effects, handler, Asked.kind))}
    found = sorted(
        map(parked_of, noted(effects, handler, PARKED)), key=lambda one: (one.parked_us, one.stream)
    )
    return {one.stream: ParkedFor(parked=one, asked=asked.get(one.stream, "")) for one in found}


def retry(effects: Effects, handler: str, stream: str) -> None:
    """Asks for the event that failed to be handled again, then what waits behind it, in order.

    Raises:
        NotFound: the stream is not parked.
        StorageError: it is not known to be asked; repeat it.
    """
    waiting = _parked(effects, handler, stream)
    if waiting is None:
        raise _no_wait(handler, stream)
    effects.note(handler, [_asked(stream, waiting.version, "retry").note(digest(stream))])


def retry_all(effects: Effects, handler: str) -> int:
    """Asks for every parked stream, as `retry` does for one; how many there are. What was asked before stays asked.

    Raises:
        StorageError: not all are known to be asked; repeat it.
    """
    waiting = [one.parked for one in parked(effects, handler).values() if not one.asked]
    notes = [_asked(one.stream, one.version, "retry").note(digest(one.stream)) for one in waiting]
    for at in range(0, len(notes), NOTES):
        effects.note(handler, notes[at : at + NOTES])
    return len(notes)


def skip(store: Store, handler: Handler, stream: str, reason: str) -> None:
    """Asks for an event to be left out for ever, then for what waits behind it to be handled, in order.

    It is the one that failed, where the stream is parked; else the first that waits, for its target for example.

    Raises:
        NotFound: nothing of the stream waits.
        RangeInvalid: the reason is empty or long.
        StorageError: it is not known to be asked; repeat it.
    """
    _ask(store, handler, stream, "skip", reason)


def park(store: Store, handler: Handler, stream: str, reason: str) -> None:
    """Asks for a stream to be parked whose first event waits, for its target for example; nothing where it is.

    Errors as `skip`.
    """
    _ask(store, handler, stream, "park", reason)


def skipped(effects: Effects, handler: str) -> list[Skip]:
    """The events that were left out, by stream and version."""
    found = map(skipped_of, noted(effects, handler, SKIPPED))
    return sorted(found, key=lambda one: (one.stream, one.version))


def _ask(store: Store, handler: Handler, stream: str, what: What, reason: str) -> None:
    check_reason(reason)
    effects = store.effects()
    waiting = _parked(effects, handler.name, stream)
    if waiting is not None and what == "park":
        return
    version = version_waiting(store, handler, stream) if waiting is None else waiting.version
    if version is None:
        raise _no_wait(handler.name, stream)
    effects.note(handler.name, [_asked(stream, version, what, reason).note(digest(stream))])


def _parked(effects: Effects, handler: str, stream: str) -> ParkedStream | None:
    key = digest(stream)
    near = effects.notes(handler, PARKED, after=key[:-1], below=f"{key}0", limit=16)
    return next((parked_of(note) for note in near if note.key == key), None)


def _no_wait(handler: str, stream: str) -> NotFound:
    return NotFound(
        f"The stream {stream} does not wait for {handler}; `eventfold handlers parked {handler}` lists what does.",
        stream=stream,
    )


def _asked(stream: str, version: int, what: What, reason: str = "") -> Asked:
    return Asked(
        stream=stream,
        what=what,
        reason=reason,
        actor=actor(),
        asked_us=now_us(),
        version=version,
    )
