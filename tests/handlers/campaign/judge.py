"""What targets took, judged by the log: nothing lost, nothing out of order, repeated only what was under way."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from eventfold.events.envelope import RecordedEvent
from eventfold.store.port import Store
from tests.handlers.campaign.scene import CONCURRENCY, HANDLERS, Taken

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


def judge(store: Store, taken: Sequence[Taken], ended: Mapping[str, int]) -> Verdict:
    """The verdict.

    Args:
        store: the log.
        taken: by all targets, each in its order.
        ended: how often a worker ended, or stood still until its leases had passed on.
    """
    boxes = {info.stream: info.version for info in store.streams() if info.stream.startswith("box-")}
    wanted = [(stream, version) for stream, last in boxes.items() for version in range(1, last + 1)]
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
        blamed = Counter(worker for found in by_place.values() for worker in _blamed(found, ended))
        repeated += sum(len(found) - 1 for found in by_place.values())
        beyond += [
            f"{handler} {worker}: {times}"
            for worker, times in blamed.items()
            if times > CONCURRENCY * ended.get(worker, 0)
        ]
    copied = [
        (event.data_map()["of"], event.data_map()["version"])
        for stream in boxes
        for event in _read(store, stream.replace("box", "copy"))
    ]
    missing = [f"{stream}/{version}" for stream, version in sorted(set(wanted) - set(copied))]
    doubled = [f"{stream}/{version}" for (stream, version), times in Counter(copied).items() if times > 1]
    if copied != sorted(copied, key=lambda place: (list(boxes).index(place[0]), place[1])):
        doubled.append("copies out of order")
    return Verdict(lost, overtaking, keys, beyond, missing, doubled, repeated)


def _blamed(found: Sequence[Taken], ended: Mapping[str, int]) -> list[str]:
    """The workers that sent an effect and did not live to write that down; who was not answered is not to blame."""
    workers = [one.worker for one in found if one.answered]
    if workers:
        keeper = next((worker for worker in reversed(workers) if worker not in ended), workers[-1])
        workers.remove(keeper)
    return workers


def _read(store: Store, stream: str) -> Sequence[RecordedEvent]:
    return list(store.read(stream)) if store.head(stream) else []
