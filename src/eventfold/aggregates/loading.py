"""Loading: an aggregate from its events, helped by a snapshot where one can be trusted."""

import logging
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

from eventfold.aggregates.aggregate import Aggregate
from eventfold.errors import CategoryMismatch, EventfoldError, StoreClosed
from eventfold.events.envelope import RecordedEvent
from eventfold.events.registry import Registry
from eventfold.store.names import category_of
from eventfold.store.port import Snapshot, Store

A = TypeVar("A", bound=Aggregate[Any])
_log = logging.getLogger("eventfold.snapshots")
_SNAPSHOTS_TRIED = 8


class Loader(Generic[A]):
    """Folds streams into aggregates of one type.

    Args:
        store: where the events are kept.
        registry: the event types of the app.
        aggregate_type: the class.
    """

    def __init__(self, store: Store, registry: Registry, aggregate_type: type[A]) -> None:
        self._store = store
        self._registry = registry
        self._type = aggregate_type
        self._definition = aggregate_type.definition
        self._snapshots = store.snapshots() if self._definition.snapshot_every else None

    def load(self, stream: str, *, to: int | None = None, until_us: int | None = None) -> A:
        """The aggregate after its events up to a version, or up to a recorded time; version 0 where there are none."""
        self.check(stream)
        found = self._from_snapshot(stream, to, until_us)
        return self.fold(stream, to=to, until_us=until_us) if found is None else found

    def fold(self, stream: str, *, to: int | None = None, until_us: int | None = None) -> A:
        """As `load`, from the first event."""
        found = self._type(stream)
        self.go_on(found, to=to, until_us=until_us)
        return found

    def go_on(self, aggregate: A, *, to: int | None = None, until_us: int | None = None) -> None:
        """Applies what was appended since."""
        if to is not None and to <= aggregate.version:
            return
        self._apply(aggregate, self._store.read(aggregate.id, after=aggregate.version, to=to), until_us)

    def _apply(self, aggregate: A, events: Iterator[RecordedEvent], until_us: int | None) -> None:
        decode = self._registry.decode
        aggregate.load_from_history(
            decode(e) for e in events if until_us is None or e.recorded_us <= until_us
        )

    def check(self, stream: str) -> None:
        """Refuses a stream of another category."""
        if category_of(stream) != self._definition.category:
            raise CategoryMismatch(
                f"{stream} is no stream of {self._type.__name__}, whose category is {self._definition.category!r}.",
                stream=stream,
            )

    def snapshot(self, stream: str, version: int) -> None:
        """Keeps the state at a version, folded from the log: what a decision did to an instance is not in it.

        Raises:
            ValueError: the state cannot be kept.
            EventfoldError: the store did not do its work.
        """
        if self._snapshots is None:
            return
        aggregate = self.load(stream, to=version)
        codec, state = self._definition.codec, self._definition.state
        assert codec is not None
        if hidden := state.undeclared(aggregate):
            raise ValueError(
                f"{self._type.__name__}.{hidden[0]} is no declared state: annotate it in the class"
            )
        witness = list(self._store.read(stream, after=version - 1, to=version))
        if not witness or aggregate.version != version:
            return
        snapshot = Snapshot(
            log=self._store.log_id,
            stream=stream,
            version=version,
            category=self._definition.category,
            fingerprint=self._definition.fingerprint,
            recorded_us=witness[0].recorded_us,
            state=codec.encode(state.of(aggregate)),
        )
        self._snapshots.save(snapshot)

    def _from_snapshot(self, stream: str, to: int | None, until_us: int | None) -> A | None:
        """The aggregate from the newest snapshot that can be trusted, and the events after it."""
        if self._snapshots is None:
            return None
        below = to
        for _ in range(_SNAPSHOTS_TRIED):
            try:
                snapshot = self._snapshots.load(stream, at_most=below)
            except StoreClosed:
                raise
            except EventfoldError as error:
                _log.warning("snapshots of %s cannot be read and are ignored: %s", stream, error)
                return None
            if snapshot is None:
                return None
            if snapshot.fingerprint != self._definition.fingerprint:
                self._tell_outdated(snapshot)
                return None  # what is older is hardly newer in meaning, and there may be many
            if until_us is None or snapshot.recorded_us <= until_us:
                found = self._restored(snapshot, to, until_us)
                if found is not None:
                    return found
            below = snapshot.version - 1
        return None

    def _restored(self, snapshot: Snapshot, to: int | None, until_us: int | None) -> A | None:
        """The state of a snapshot, and what follows it: one reading gives the event it claims to hold and the rest."""
        reason = self._refusal(snapshot)
        if not reason:
            events = iter(self._store.read(snapshot.stream, after=snapshot.version - 1, to=to))
            stands = next(events, None)
            if stands is None:
                reason = "the stream has not reached its version"
            elif (stands.version, stands.recorded_us) != (snapshot.version, snapshot.recorded_us):
                reason = "another event stands at its version"
            else:
                found = self._type(snapshot.stream)
                try:
                    found.restore(snapshot.state, snapshot.version)
                except ValueError as error:
                    reason = f"its state is damaged: {error}"
                else:
                    self._apply(found, events, until_us)
                    return found
        _log.warning("snapshot of %s at version %d is ignored: %s", snapshot.stream, snapshot.version, reason)
        return None

    def _refusal(self, snapshot: Snapshot) -> str:
        """Why a snapshot cannot be meant for this aggregate; empty where it can."""
        if snapshot.log != self._store.log_id:
            return "it belongs to another log"
        if snapshot.category != self._definition.category:
            return f"it is of another kind of aggregate, {snapshot.category!r}"
        if snapshot.version < 1:
            return "it has no version"
        return ""

    def _tell_outdated(self, snapshot: Snapshot) -> None:
        meaning = self._definition.meaning
        if meaning is not None and meaning.first_of(self._store.log_id):
            _log.warning(
                "snapshots of %s, as of %s at version %d, were taken when its events, its state or the code behind"
                " apply were written otherwise: they are ignored, and a program that decides takes new ones",
                self._type.__name__,
                snapshot.stream,
                snapshot.version,
            )
