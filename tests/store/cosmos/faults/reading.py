"""Faults of reading: splits and errors between the pages of a stream, of a listing and of a search for ids."""

from collections.abc import Callable

from eventfold.store.cosmos import reading
from eventfold.store.port import Store
from eventfold.testing.cosmos import Fault
from eventfold.testing.cosmos.answering import queries
from eventfold.testing.door.faults import Drop
from tests.store.cosmos.faults.stage import STREAMS, Play, Stage

LONG = "order-0"


def _filled(stage: Stage, appends: int = 40) -> Store:
    store = stage.open()
    stage.write(store, appends)
    stage.write(store, 10, [LONG])
    stage.patch.setattr(reading, "PAGE", 3)
    return store


def _read_everything(stage: Stage, store: Store) -> None:
    """Each stream forwards, backwards and by id, as a process that knows nothing of it and one that does."""
    for opened in (store, stage.open()):
        for stream in STREAMS:
            stage.judge_seen(opened.read(stream), streams=[stream])
            stage.judge_seen(reversed(list(opened.read(stream, backwards=True))), streams=[stream])
            head = len(stage.truth().get(stream, ()))
            stage.verdict.skipped += head - opened.head(stream)
            found = opened.find({stream: [event.id for event in opened.read(stream)]})
            stage.judge_seen(sorted(found, key=lambda event: event.version), streams=[stream])


def _split(stage: Stage) -> None:
    store = _filled(stage)
    for number in (2, 5, 11, 17):
        stage.at("query", number, stage.split)
    _read_everything(stage, store)


def _errors(*what: int | Drop) -> Callable[[Stage], None]:
    def run(stage: Stage) -> None:
        store = _filled(stage)
        for one in what:
            stage.strike(Fault(one, None, None, 0.2 / len(what), stage.dice.randrange(9999)))
        _read_everything(stage, store)

    return run


def _outage(stage: Stage) -> None:
    """Longer than the SDK itself repeats: it gives the error up, and the page has to be asked for again."""
    store = _filled(stage)
    for number in (3, 9):
        stage.strike(Fault(503, lambda name, at, n=number: name == "query" and n <= at < n + 5, 5))  # type: ignore[misc]
    for stream in STREAMS:
        stage.judge_seen(store.read(stream), streams=[stream])


def _late(stage: Stage) -> None:
    stage.hasty(0.25)
    store = _filled(stage)
    stage.strike(Fault(None, "query", 4, 0.2, stage.dice.randrange(9999), delay=0.6))
    for stream in STREAMS:
        stage.judge_seen(store.read(stream), streams=[stream])


def _listing(stage: Stage, act: Callable[[], None]) -> None:
    store = stage.open()
    names = [f"order-{n}" for n in range(40)]
    for name in names:
        stage.settle(store, name, stage.make(2), 0)
    stage.patch.setattr(queries, "_PAGE", 4)
    other = stage.open()  # knows nothing of the partitions yet
    for opened in (store, other):
        for number in (1, 2, 4):
            stage.at("query", number, act)
        for _ in range(2):
            listed = [(info.stream, info.version) for info in opened.streams()]
            wanted = {(stream, len(events)) for stream, events in stage.truth().items()}
            stage.verdict.doubled += len(listed) - len({name for name, _ in listed})
            stage.verdict.skipped += len(wanted - set(listed))
        stage.calm()
        assert listed == sorted(listed)


def _listing_split(stage: Stage) -> None:
    _listing(stage, stage.split)


def _listing_split_all(stage: Stage) -> None:
    _listing(stage, stage.split_all)


def _listing_merge(stage: Stage) -> None:
    _listing(stage, stage.merge)


PLAYS = [
    Play("splits between the pages of a stream", _split),
    Play("429, 449 and 503 between pages", _errors(429, 449, 503)),
    Play(
        "408, 500 and lost answers between pages", _errors(408, 500, "drop_before", "drop_after", "drop_half")
    ),
    Play("503 for longer than the SDK repeats", _outage),
    Play("pages that come too late", _late),
    Play("splits while streams are listed", _listing_split, partitions=2),
    Play("every partition splits while streams are listed", _listing_split_all, partitions=2),
    Play("merges while streams are listed", _listing_merge, partitions=8),
]
