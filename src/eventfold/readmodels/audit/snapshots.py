"""Snapshots of aggregates, compared with a fold of their streams from zero."""

import random
from collections.abc import Iterable, Mapping
from typing import Any

from eventfold.aggregates.aggregate import Aggregate
from eventfold.aggregates.loading import Loader
from eventfold.aggregates.state import same
from eventfold.errors import EventfoldError
from eventfold.events.registry import Registry
from eventfold.readmodels.audit.report import Finding, Findings
from eventfold.store.names import stored_category
from eventfold.store.port import Store

SAMPLE = 100
_LOOKS = 10
"""Streams that are looked at for each snapshot that is wanted: few have none, and each look is a question."""


class SnapshotAudit:
    """Compares what an aggregate type is loaded from with what its events say.

    Args:
        store: the log, with its snapshots.
        registry: the event types of the app.
        aggregate_type: the class.
    """

    def __init__(self, store: Store, registry: Registry, aggregate_type: type[Aggregate[Any]]) -> None:
        self._definition = aggregate_type.definition
        self._name = aggregate_type.__name__
        self._loader: Loader[Any] = Loader(store, registry, aggregate_type)
        self._kept = store.snapshots()

    def __call__(self, heads: Mapping[str, int], most: int, findings: Findings) -> int:
        """Looks at the newest and at an older snapshot of streams drawn at random.

        Args:
            heads: the version of each stream of the log.
            most: snapshots that are compared at most.
            findings: where it tells what differs.

        Returns:
            How many were compared.
        """
        every = self._definition.snapshot_every
        if every is None:
            return 0
        category, dice = self._definition.category, random.SystemRandom()
        found = [stream for stream in heads if stored_category(stream) == category]
        dice.shuffle(found)
        found.sort(key=lambda stream: heads[stream] < every)  # those that its policy has asked for come first
        compared, stream = 0, ""
        try:
            for stream in found[: _LOOKS * most]:
                for version in self._versions(stream, (None, dice.randrange(heads[stream]) + 1)):
                    self._compare(stream, version, findings)
                    compared += 1
                    if compared == most:
                        return compared
        except Exception as error:  # noqa: BLE001 - users' apply runs here
            reason = (
                error.message if isinstance(error, EventfoldError) else f"{type(error).__name__}: {error}"
            )
            told = f"{self._name}: the snapshots were compared up to that of {stream}: {reason.rstrip('.')}."
            findings.notes.append(told)
        return compared

    def _versions(self, stream: str, bounds: Iterable[int | None]) -> list[int]:
        """Of the snapshots that an aggregate would be loaded from."""
        found = (self._kept.load(stream, at_most=bound) for bound in bounds)
        return sorted({s.version for s in found if s and s.fingerprint == self._definition.fingerprint})

    def _compare(self, stream: str, version: int, findings: Findings) -> None:
        state = self._definition.state
        one = state.of(self._loader.load(stream, to=version))
        other = state.of(self._loader.fold(stream, to=version))
        columns = tuple(name for name in one if not same(one[name], other[name]))
        if columns:
            findings.add(
                Finding(
                    where="snapshot",
                    problem="differs",
                    message=(
                        f"{self._name}: the snapshot of {stream} at version {version} differs from a fold of its events"
                        f" in {', '.join(columns)}. Raise snapshot_version of {self._name}, so that all are taken anew."
                    ),
                    stream=stream,
                    version=version,
                    columns=columns,
                )
            )
