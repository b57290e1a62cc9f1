"""The repository: loads an aggregate, lets it decide, and keeps what it decided.

On a conflict the decision is repeated on fresh state, never the write; a lost answer is settled by repeating the write
with the same ids.
"""

import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar
from uuid import UUID

import msgspec

from eventfold.aggregates.aggregate import Aggregate
from eventfold.errors import (
    CategoryMismatch,
    Conflict,
    EventIdReused,
    OutcomeUnknown,
    PartialDuplicate,
    PositionBeyondHead,
    RangeInvalid,
    StreamNotFound,
    TimeInvalid,
    WrongExpectedVersion,
)
from eventfold.events.envelope import NewEvent, RecordedEvent, to_us
from eventfold.events.event import Event
from eventfold.events.ids import command_event_id
from eventfold.events.metadata import metadata_text
from eventfold.events.registry import Registry
from eventfold.store.names import category_of
from eventfold.store.port import Appended, Store

A = TypeVar("A", bound=Aggregate[Any])
P = ParamSpec("P")
_SETTLE_ATTEMPTS = 5


class Executed(msgspec.Struct, frozen=True):
    """What a command did.

    Attributes:
        stream: the stream.
        version: of the stream after the command's events.
        events: what was decided; empty where nothing was.
        deduplicated: the command had been executed before; this is its first result.
        attempts: how often it was decided.
    """

    stream: str
    version: int
    events: Sequence[Event]
    deduplicated: bool = False
    attempts: int = 1


class Repository(Generic[A]):
    """Aggregates of one type, by stream. Safe to share between threads.

    Args:
        store: where the events are kept.
        registry: the event types of the app.
        aggregate_type: the class.
        attempts: how often a decision is taken before a conflict reaches the caller.
    """

    def __init__(
        self, store: Store, registry: Registry, aggregate_type: type[A], *, attempts: int = 8
    ) -> None:
        self._store = store
        self._registry = registry
        self._type = aggregate_type
        self._attempts = attempts

    def load(self, stream: str) -> A:
        """The aggregate as it is now.

        Raises:
            StreamNotFound: the stream has no events.
            CategoryMismatch: a stream of another category.
        """
        found = self._load(stream)
        if not found.version:
            raise StreamNotFound(f"The stream {stream} has no events.", stream=stream)
        return found

    def save(self, aggregate: A) -> Executed:
        """Appends the uncommitted changes.

        Raises:
            WrongExpectedVersion: the stream has moved since the aggregate was loaded; load it again and decide anew.
        """
        return self._commit(aggregate, aggregate.uncommitted_ids)

    def execute(
        self, stream: str, decision: Callable[Concatenate[A, P], None], *args: P.args, **kwargs: P.kwargs
    ) -> Executed:
        """Loads, decides and appends; on a conflict decides again on fresh state.

        Args:
            stream: the stream, which may be new.
            decision: a method of the aggregate, or a function that takes it first.
            args: of the decision.
            kwargs: of the decision.

        Raises:
            WrongExpectedVersion: others were quicker at every attempt.
            CategoryMismatch: a stream of another category.
            Whatever the decision raises; nothing was written.
        """
        return self._repeat(stream, lambda aggregate: decision(aggregate, *args, **kwargs), None)

    def execute_once(
        self,
        command_id: str,
        stream: str,
        decision: Callable[Concatenate[A, P], None],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Executed:
        """As `execute`, and a repeat with the same command id gives the first result, whatever is decided now."""
        return self._repeat(stream, lambda aggregate: decision(aggregate, *args, **kwargs), command_id)

    def at(self, stream: str, *, version: int | None = None, time: datetime | None = None) -> A:
        """The aggregate as it was.

        Args:
            stream: the stream.
            version: the number of its events then, at least 1; or
            time: an aware recorded time: every event recorded at or before it.

        Raises:
            RangeInvalid: neither or both are given, or a version below 1.
            TimeInvalid: the time has no time zone.
            PositionBeyondHead: the stream has not reached the version.
            StreamNotFound: it had no events then.
        """
        if (version is None) == (time is None):
            raise RangeInvalid("Ask for a version or for a time.")
        if version is not None and version < 1:
            raise RangeInvalid(
                f"version = {version}: the first event of a stream has version 1.", field="version"
            )
        if time is not None and time.utcoffset() is None:
            raise TimeInvalid("The time has no time zone; give an aware time, for example in UTC.")
        until = None if time is None else to_us(time)
        found = self._load(stream, version, until)
        if version is not None and found.version < version:
            raise PositionBeyondHead(
                f"The stream {stream} is at version {found.version}; version {version} is not there yet.",
                stream=stream,
                head=found.version,
            )
        if not found.version:
            raise StreamNotFound(f"The stream {stream} had no events then.", stream=stream)
        return found

    def _load(self, stream: str, version: int | None = None, until_us: int | None = None) -> A:
        category = self._type.definition.category
        if category_of(stream) != category:
            raise CategoryMismatch(
                f"{stream} is no stream of {self._type.__name__}, whose category is {category!r}.",
                stream=stream,
            )
        aggregate = self._type(stream)
        events = self._store.read(stream, to=version)
        decode = self._registry.decode
        aggregate.load_from_history(
            decode(e) for e in events if until_us is None or e.recorded_us <= until_us
        )
        return aggregate

    def _repeat(self, stream: str, decide: Callable[[A], None], command_id: str | None) -> Executed:
        for attempt in range(1, self._attempts + 1):
            aggregate = self._load(stream)
            try:
                decide(aggregate)
            except Exception:
                if first := self._first_result(stream, command_id, attempt):
                    return first
                raise
            if not aggregate.uncommitted_changes:
                unchanged = Executed(stream, aggregate.version, (), attempts=attempt)
                return self._first_result(stream, command_id, attempt) or unchanged
            try:
                done = self._commit(aggregate, _ids(aggregate, command_id))
            except (WrongExpectedVersion, EventIdReused, PartialDuplicate) as conflict:
                if first := self._first_result(stream, command_id, attempt):
                    return first
                if attempt == self._attempts or not isinstance(conflict, WrongExpectedVersion):
                    raise
                time.sleep(random.uniform(0, 0.002 * 2**attempt))  # noqa: S311 - spreads rivals, guards nothing
            else:
                return msgspec.structs.replace(done, attempts=attempt)
        raise Conflict(f"{stream} was decided on {self._attempts} times in vain.")

    def _commit(self, aggregate: A, ids: Sequence[UUID]) -> Executed:
        events: tuple[Event, ...] = aggregate.uncommitted_changes
        if not events:
            return Executed(aggregate.id, aggregate.version, ())
        metadata = metadata_text()
        encode = self._registry.encode
        new = [encode(event, metadata=metadata, event_id=i) for event, i in zip(events, ids, strict=True)]
        answer = self._append(aggregate.id, new, aggregate.version - len(events))
        aggregate.mark_changes_committed()
        return Executed(aggregate.id, answer.version, events, answer.deduplicated)

    def _append(self, stream: str, events: Sequence[NewEvent], expected: int) -> Appended:
        for _ in range(_SETTLE_ATTEMPTS):
            try:
                return self._store.append(stream, events, expected=expected)
            except OutcomeUnknown:
                continue
        return self._store.append(stream, events, expected=expected)

    def _first_result(self, stream: str, command_id: str | None, attempt: int) -> Executed | None:
        if command_id is None:
            return None
        found = list(self._store.find({stream: [command_event_id(command_id, stream, 0)]}))
        if not found:
            return None
        written: list[RecordedEvent] = []
        for n, event in enumerate(self._store.read(stream, after=found[0].version - 1)):
            if event.id != command_event_id(command_id, stream, n):
                break
            written.append(event)
        events = [self._registry.decode(event) for event in written]
        return Executed(stream, written[-1].version, events, deduplicated=True, attempts=attempt)


def _ids(aggregate: Aggregate[Any], command_id: str | None) -> Sequence[UUID]:
    if command_id is None:
        return aggregate.uncommitted_ids
    return [command_event_id(command_id, aggregate.id, n) for n in range(len(aggregate.uncommitted_changes))]
