"""The parked streams of a handler, as its worker knows them."""

import time
from collections.abc import Set as AbstractSet

from msgspec import structs

from eventfold.feed.effects.port import Effects
from eventfold.feed.parking import ParkedStream, park
from eventfold.handlers.records import PARKED, digest, parked_note, parked_of
from eventfold.handlers.working.effect import Effect
from eventfold.handlers.working.origins.changes import Changes

_PAGE = 1_000


class Parked:
    """Streams whose events wait, by name."""

    def __init__(self) -> None:
        self._streams: dict[str, ParkedStream] = {}

    def __contains__(self, stream: object) -> bool:
        return stream in self._streams

    def __len__(self) -> int:
        return len(self._streams)

    def any(self, streams: AbstractSet[str]) -> bool:
        """Whether one of some streams is parked."""
        return not self._streams.keys().isdisjoint(streams)

    def read(self, effects: Effects, reader: str) -> None:
        """Reads anew what is kept."""
        found: dict[str, ParkedStream] = {}
        after = ""
        while notes := effects.notes(reader, PARKED, after=after, limit=_PAGE):
            after = notes[-1].key
            found.update((one.stream, one) for one in map(parked_of, notes))
        self._streams = found

    def get(self, stream: str) -> ParkedStream | None:
        """The record of a stream."""
        return self._streams.get(stream)

    def holds(self, stream: str, version: int) -> bool:
        """Whether an event waits; those before the one that failed do not, where a handler was moved back."""
        found = self._streams.get(stream)
        return found is not None and version >= found.version

    def park(self, effect: Effect, last_version: int, changes: Changes) -> ParkedStream:
        """The stream of an effect that failed waits, up to a version."""
        error = effect.error or RuntimeError("the worker ended")
        found = park(effect.event, error, effect.tries)
        before = self._streams.get(found.stream, found)
        last = max(found.last_version, last_version, before.last_version)
        return self._keep(structs.replace(found, last_version=last), changes)

    def extend(self, stream: str, version: int, changes: Changes) -> None:
        """A later event waits behind."""
        one = self._streams[stream]
        if version > one.last_version:
            self._keep(structs.replace(one, last_version=version), changes)

    def move(self, effect: Effect, changes: Changes) -> None:
        """What stood first is handled; this one is first now."""
        event = effect.event
        self._keep(
            structs.replace(
                self._streams[event.stream],
                version=event.version,
                position=event.position,
                event_id=str(event.id),
                type=event.type,
                attempts=0,
                message="It waits behind an event that was parked and has been handled since.",
            ),
            changes,
        )

    def drop(self, stream: str, changes: Changes) -> None:
        """Nothing of it waits any more."""
        del self._streams[stream]
        changes.drop(PARKED, digest(stream))

    def _keep(self, parked: ParkedStream, changes: Changes) -> ParkedStream:
        self._streams[parked.stream] = parked
        changes.put(parked_note(parked))
        return parked


def now_us() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000
