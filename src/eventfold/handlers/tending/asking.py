"""What a person asks of a handler's parked streams: to try again, or to leave an event out. Its worker acts on it."""

from typing import Literal

import msgspec

from eventfold.errors import NotFound
from eventfold.feed.effects.port import NOTES, Effects
from eventfold.feed.parking import ParkedStream, Skip
from eventfold.handlers.records import PARKED, SKIPPED, Asked, digest, parked_of, skipped_of
from eventfold.handlers.tending.deciding import actor, check_reason, now_us
from eventfold.handlers.tending.noting import noted

What = Literal["retry", "skip"]


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
    _ask(effects, handler, stream, "retry")


def retry_all(effects: Effects, handler: str) -> int:
    """Asks for every parked stream, as `retry` does for one; how many there are. What was asked before stays asked.

    Raises:
        StorageError: not all are known to be asked; repeat it.
    """
    waiting = [one.parked for one in parked(effects, handler).values() if not one.asked]
    notes = [_asked(one, "retry").note(digest(one.stream)) for one in waiting]
    for at in range(0, len(notes), NOTES):
        effects.note(handler, notes[at : at + NOTES])
    return len(notes)


def skip(effects: Effects, handler: str, stream: str, reason: str) -> None:
    """Asks for the event that failed to be left out for ever, then for what waits behind it to be handled, in order.

    Raises:
        NotFound: the stream is not parked.
        RangeInvalid: the reason is empty or long.
        StorageError: it is not known to be asked; repeat it.
    """
    check_reason(reason)
    _ask(effects, handler, stream, "skip", reason)


def skipped(effects: Effects, handler: str) -> list[Skip]:
    """The events that were left out, by stream and version."""
    found = map(skipped_of, noted(effects, handler, SKIPPED))
    return sorted(found, key=lambda one: (one.stream, one.version))


def _ask(effects: Effects, handler: str, stream: str, what: What, reason: str = "") -> None:
    key = digest(stream)
    near = effects.notes(handler, PARKED, after=key[:-1], below=f"{key}0", limit=16)
    waiting = next((parked_of(note) for note in near if note.key == key), None)
    if waiting is None:
        raise NotFound(
            f"The stream {stream} does not wait for {handler}; `eventfold handlers parked {handler}` lists what does.",
            stream=stream,
        )
    effects.note(handler, [_asked(waiting, what, reason).note(key)])


def _asked(waiting: ParkedStream, what: What, reason: str = "") -> Asked:
    return Asked(
        stream=waiting.stream,
        what=what,
        reason=reason,
        actor=actor(),
        asked_us=now_us(),
        version=waiting.version,
    )
