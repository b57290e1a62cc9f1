"""What targets took, judged by the log: nothing lost, nothing out of order, repeated only what was under way."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from eventfold.events.envelope import RecordedEvent
from eventfold.handlers.public.inbox import category_of_inbox
from eventfold.store.port import Store
from tests.handlers.campaign.scene import CONCURRENCY, HANDLERS, OTHERS, Passed, Taken, copy_of

Place = tuple[str, int]


class Verdict(NamedTuple):
    """Each is empty where all is well, but for `repeated`, which counts.

    Attributes:
        lost: effects that were never taken.
        overtaking: effects that were first taken before an earlier one of their stream.
        keys: effects of several keys, and keys of several effects.
        beyond: workers whose effects were repeated more often than they were under way when they ended.
        missing: events that were not copied.
        doubled: events that were copied more than once, or copies out of order.
        repeated: effects that were taken again.
    """

    lost: list[str]
    overtaking: list[str]
    keys: list[str]
    beyond: list[str]
    missing: list[str]
    doubled: list[str]
    repeated: int

    @property
    def well(self) -> bool:
        """Whether every promise was kept."""
        return not any(self[:-1])


def judge(
    store: Store, taken: Sequence[Taken], ended: Mapping[str, int], passed: Sequence[Passed] = ()
) -> Verdict:
    """The verdict.

    Args:
        store: the log.
        taken: by all targets, each in its order.
        ended: how often a worker ended, or stood still until its leases had passed on.
        passed: what passed to other workers in the hands of one that lives.
    """
    rounds = Counter((one.handler, one.worker) for one in passed if not one.stream)
    wanted = _places(store, "box")
    lost, overtaking, keys, beyond, repeated = [], [], [], [], 0
    for handler in HANDLERS:
        mine = [one for one in taken if one.handler == handler]
        by_place: dict[Place, list[Taken]] = {}
        for one in mine:
            place = one.stream, one.version
            if one.version > 1 and place not in by_place and (one.stream, one.version - 1) not in by_place:
                overtaking.append(f"{handler} {one.stream}/{one.version}")
            by_place.setdefault(place, []).append(one)
        lost += [
            f"{handler} {stream}/{version}" for stream, version in wanted if (stream, version) not in by_place
        ]
        keys += [f"{handler} {place}" for place, found in by_place.items() if len({t.key for t in found}) > 1]
        keys += [key for key, times in Counter(f[0].key for f in by_place.values()).items() if times > 1]
        excused: dict[Place, list[str]] = {}
        for told in passed:
            if told.handler == handler:
                excused.setdefault((told.stream, told.version), []).append(told.worker)
        blamed = Counter(
            worker
            for place, found in by_place.items()
            for worker in _blamed(found, ended, excused.get(place, ()))
        )
        repeated += sum(len(found) - 1 for found in by_place.values())
        beyond += [
            f"{handler} {worker}: {times}"
            for worker, times in blamed.items()
            if times > CONCURRENCY * (ended.get(worker, 0) + rounds[handler, worker])
        ]
    copied_from = [*wanted, *_places(store, category_of_inbox(OTHERS))]
    copied = [
        (event.data_map()["of"], event.data_map()["version"])
        for stream in dict(copied_from)
        for event in _read(store, copy_of(stream))
    ]
    missing = [f"{stream}/{version}" for stream, version in sorted(set(copied_from) - set(copied))]
    doubled = [f"{stream}/{version}" for (stream, version), times in Counter(copied).items() if times > 1]
    if [place for place in copied_from if place in set(copied)] != list(dict.fromkeys(copied)):
        doubled.append("copies out of order")
    return Verdict(lost, overtaking, keys, beyond, missing, doubled, repeated)


def _blamed(found: Sequence[Taken], ended: Mapping[str, int], excused: Sequence[str]) -> list[str]:
    """The workers that sent an effect and did not live to write that down; who was not answered is not to blame."""
    workers = [one.worker for one in found if one.answered]
    for worker in excused:
        if worker in workers:
            workers.remove(worker)
    if workers:
        keeper = next((worker for worker in reversed(workers) if worker not in ended), workers[-1])
        workers.remove(keeper)
    return workers


def _places(store: Store, category: str) -> list[Place]:
    found = {info.stream: info.version for info in store.streams(category)}
    return [(stream, version) for stream, last in found.items() for version in range(1, last + 1)]


def _read(store: Store, stream: str) -> Sequence[RecordedEvent]:
    return list(store.read(stream)) if store.head(stream) else []
