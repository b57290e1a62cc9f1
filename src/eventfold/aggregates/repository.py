"""The repository: loads an aggregate, lets it decide, and keeps what it decided.

On a conflict the decision is repeated on fresh state, never the write; a lost answer is settled by repeating the write
with the same ids.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, Concatenate, Generic, NamedTuple, ParamSpec, TypeVar
from uuid import UUID

import msgspec

from eventfold.aggregates.aggregate import Aggregate
from eventfold.aggregates.loading import Loader
from eventfold.aggregates.snapshotting import Snapshotting
from eventfold.aggregates.warm import Warm
from eventfold.errors import (
    Conflict,
    DefinitionError,
    EventIdReused,
    PartialDuplicate,
    PositionBeyondHead,
    RangeInvalid,
    StreamNotFound,
    WrongExpectedVersion,
)
from eventfold.events.envelope import RecordedEvent, to_us
from eventfold.events.event import Event
from eventfold.events.ids import check_command_id, command_event_id
from eventfold.events.metadata import metadata_text, occurred_at
from eventfold.events.registry import Registry
from eventfold.events.times import instant, moment
from eventfold.feed.cursor import Token
from eventfold.store.names import no_events
from eventfold.store.port import Store
from eventfold.store.settling import settled

A = TypeVar("A", bound=Aggregate[Any])
P = ParamSpec("P")


class Executed(msgspec.Struct, frozen=True):
    """What a command did.

    Attributes:
        stream: the stream.
        version: of the stream after the command's events.
        events: what was decided; empty where nothing was.
        deduplicated: the command had been executed before; this is its first result.
        attempts: how often it was decided.
        token: what a query or a table may wait for, to contain these events; None where nothing was decided.
    """

    stream: str
    version: int
    events: Sequence[Event]
    deduplicated: bool = False
    attempts: int = 1
    token: Token | None = None


class Happened(NamedTuple):
    """One event of a stream: what happened, and how it is recorded."""

    event: Event
    recorded: RecordedEvent


class Repository(Generic[A]):
    """Aggregates of one type, by stream. Safe to share between threads.

    Args:
        store: where the events are kept.
        registry: the event types of the app.
        aggregate_type: the class.
        attempts: how often a decision is taken before a conflict reaches the caller.
        warm: how many loaded aggregates are kept at hand; 0 = none.
    """

    def __init__(
        self,
        store: Store,
        registry: Registry,
        aggregate_type: type[A],
        *,
        attempts: int = 8,
        warm: int = 1_000,
    ) -> None:
        self._store = store
        self._registry = registry
        self._attempts = attempts
        self._loader = Loader(store, registry, aggregate_type)
        self._warm: Warm[A] = Warm(warm)
        self._every = aggregate_type.definition.snapshot_every
        self._snapshotting = Snapshotting(self._loader.snapshot)
        self._name = aggregate_type.__name__

    def __repr__(self) -> str:
        """Of which aggregates."""
        return f"<Repository of {self._name}>"

    def load(self, stream: str) -> A:
        """The aggregate as it is now.

        Raises:
            StreamNotFound: the stream has no events.
            CategoryMismatch: a stream of another category.
        """
        found = self._fresh(stream)
        if not found.version:
            raise no_events(stream)
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
        return self._repeat(stream, self._decided(decision, *args, **kwargs), None)

    def execute_once(
        self,
        command_id: str,
        stream: str,
        decision: Callable[Concatenate[A, P], None],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Executed:
        """As `execute`, and a repeat with the same command id gives the first result, whatever is decided now.

        Raises:
            PayloadInvalid: the command id is no text, or empty.
        """
        check_command_id(command_id)
        return self._repeat(stream, self._decided(decision, *args, **kwargs), command_id)

    def at(self, stream: str, *, version: int | None = None, time: datetime | date | str | None = None) -> A:
        """The aggregate as it was.

        Args:
            stream: the stream.
            version: the number of its events then, at least 1; or
            time: every event recorded at or before it: an aware time, a day (its beginning in UTC), or either as
                text in ISO 8601 (UTC where it names no zone).

        Raises:
            RangeInvalid: neither or both are given, or a version below 1.
            TimeInvalid: it is no time, or a `datetime` without a time zone.
            PositionBeyondHead: the stream has not reached the version.
            StreamNotFound: it had no events then.
        """
        if (version is None) == (time is None):
            raise RangeInvalid("Ask for a version or for a time.")
        if version is not None and (type(version) is not int or version < 1):
            raise RangeInvalid(
                f"version = {version!r:.40}: a whole number; the first event of a stream has version 1.",
                field="version",
            )
        until = None if time is None else to_us(moment(time))
        found = self._loader.load(stream, to=version, until_us=until)
        if version is not None and found.version < version:
            raise PositionBeyondHead(
                f"The stream {stream} is at version {found.version}; version {version} is not there yet.",
                stream=stream,
                head=found.version,
            )
        if not found.version:
            raise StreamNotFound(
                f"The stream {stream} had no events then{self._since(stream)}.", stream=stream
            )
        return found

    def _since(self, stream: str) -> str:
        """From when on a stream has events, as the end of a sentence; of one that has none, nothing."""
        for first in self._store.read(stream, limit=1):
            told = f": its first was recorded at {instant(first.recorded_at)}"
            if first.occurred_apart is None:
                return told
            return (
                f"{told} and occurred at {instant(first.occurred_at)}. An aggregate is asked for by the time of"
                " recording, or by version"
            )
        return ""

    def history(self, stream: str, *, after: int = 0, to: int | None = None) -> Iterator[Happened]:
        """The events of a stream, oldest first, read page by page.

        Args:
            stream: the stream.
            after: exclusive lower version.
            to: inclusive upper version; None = the end.

        Raises:
            CategoryMismatch: a stream of another category.
        """
        self._loader.check(stream)
        decode = self._registry.decode
        return (Happened(decode(event), event) for event in self._store.read(stream, after=after, to=to))

    def flush(self, seconds: float = 10.0) -> bool:
        """Waits until the snapshots that are due are taken; False where that took longer."""
        return self._snapshotting.flush(seconds)

    def close(self, seconds: float = 10.0) -> None:
        """Takes the snapshots that are due, before the store is closed; one that fails is a warning in the log.

        Args:
            seconds: after which those that remain are left to the next time their policy asks.
        """
        self._snapshotting.close(seconds)

    def _fresh(self, stream: str) -> A:
        """A copy of the aggregate as it is now; the original stays warm."""
        kept = self._warm.take(stream)
        if kept is None:
            kept = self._loader.load(stream)
        else:
            self._loader.go_on(kept)
        copy = kept.copy()
        self._warm.put(kept)
        return copy

    def _committed(self, stream: str, before: int, events: Sequence[Event], version: int) -> None:
        """Brings the warm instance up to date, and lets a snapshot be taken when one is due."""
        kept = self._warm.take(stream)
        if kept is not None:
            if kept.version == before and version == before + len(events):
                kept.load_from_history(events)
            self._warm.put(kept)
        if self._every and version // self._every > before // self._every:
            self._snapshotting.ask(stream, version)

    def _decided(
        self, decision: Callable[Concatenate[A, P], None], *args: P.args, **kwargs: P.kwargs
    ) -> Callable[[A], None]:
        """A decision with its arguments."""
        if not callable(decision):
            raise DefinitionError(
                f"{decision!r:.60} decides nothing: give a method of {self._name}, or a function that takes one first."
            )
        return lambda aggregate: decision(aggregate, *args, **kwargs)

    def _repeat(self, stream: str, decide: Callable[[A], None], command_id: str | None) -> Executed:
        if done := self._as_it_is(stream, decide, command_id):
            return done
        for attempt in range(1, self._attempts + 1):
            aggregate = self._fresh(stream)
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
                return self._command(aggregate, command_id, attempt)
            except (WrongExpectedVersion, EventIdReused, PartialDuplicate) as conflict:
                if first := self._first_result(stream, command_id, attempt):
                    return first
                if attempt == self._attempts or not isinstance(conflict, WrongExpectedVersion):
                    raise
                time.sleep(random.uniform(0, 0.002 * 2**attempt))  # noqa: S311 - spreads rivals, guards nothing
        raise Conflict(f"{stream} was decided on {self._attempts} times in vain.")

    def _as_it_is(self, stream: str, decide: Callable[[A], None], command_id: str | None) -> Executed | None:
        """Decides on the warm aggregate without looking for newer events: the append itself proves there are none.

        None where there is no warm one, or where anything but a plain success asks for fresh state.
        """
        kept = self._warm.take(stream)
        if kept is None:
            return None
        aggregate = kept.copy()
        self._warm.put(kept)
        try:
            decide(aggregate)
            if not aggregate.uncommitted_changes:
                return None
        except Exception:  # noqa: BLE001 - what it refuses on old state it may accept on fresh state, and will be asked
            return None
        try:
            return self._command(aggregate, command_id, 1)
        except (WrongExpectedVersion, EventIdReused, PartialDuplicate):
            return None

    def _commit(self, aggregate: A, ids: Sequence[UUID]) -> Executed:
        events: tuple[Event, ...] = aggregate.uncommitted_changes
        if not events:
            self._store.feed()  # says so where the store is closed
            return Executed(aggregate.id, aggregate.version, ())
        metadata, occurred = metadata_text(), occurred_at()
        encode = self._registry.encode
        new = [
            encode(event, metadata=metadata, event_id=event_id, occurred_at=occurred, checked=True)
            for event, event_id in zip(events, ids, strict=True)
        ]
        before = aggregate.version - len(events)
        answer = settled(lambda: self._store.append(aggregate.id, new, expected=before))
        aggregate.mark_changes_committed()
        self._committed(aggregate.id, before, events, answer.version)
        return Executed(aggregate.id, answer.version, events, answer.deduplicated, token=answer.token)

    def _command(self, aggregate: A, command_id: str | None, attempt: int) -> Executed:
        """Commits what a command decided; of a command that was executed before, its first result."""
        done = self._commit(aggregate, _ids(aggregate, command_id))
        if done.deduplicated and (first := self._first_result(aggregate.id, command_id, attempt)):
            return first  # it may have decided more, or less, than now
        return msgspec.structs.replace(done, attempts=attempt)

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
        last = written[-1]
        return Executed(
            stream,
            last.version,
            [self._registry.decode(event) for event in written],
            deduplicated=True,
            attempts=attempt,
            token=self._store.token(last),
        )


def _ids(aggregate: Aggregate[Any], command_id: str | None) -> Sequence[UUID]:
    if command_id is None:
        return aggregate.uncommitted_ids
    return [command_event_id(command_id, aggregate.id, n) for n in range(len(aggregate.uncommitted_changes))]
