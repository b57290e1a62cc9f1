"""Faults of writing: lost answers, errors before and after the effect, storms, time-outs, splits and merges."""

from collections.abc import Callable

from eventfold.testing.cosmos import Fault
from eventfold.testing.door.faults import Drop
from tests.store.cosmos.faults.stage import STREAMS, Play, Stage

APPENDS = 40


def _seed(stage: Stage) -> int:
    return stage.dice.randrange(9999)


def _batches(
    what: int | Drop, *, effect: bool = False, budget: float | None = None
) -> Callable[[Stage], None]:
    """Every fourth append meets it."""

    def run(stage: Stage) -> None:
        store = stage.open()
        if budget is not None:
            stage.impatient(budget)
        stage.strike(Fault(what, "batch", None, 0.25, _seed(stage), effect=effect))
        stage.write(store, APPENDS)

    return run


def _mixture(stage: Stage) -> None:
    store = stage.open()
    stage.impatient(0.02)
    drops: list[Drop] = ["drop_after", "drop_before", "drop_half"]
    for what in drops:
        stage.strike(Fault(what, "batch", None, 0.08, _seed(stage)))
    for status in (503, 408, 500):
        stage.strike(Fault(status, "batch", None, 0.08, _seed(stage), effect=stage.dice.random() < 0.5))
    for status in (429, 449, 503):
        stage.strike(Fault(status, None, None, 0.08, _seed(stage)))
    stage.write(store, APPENDS)


def _late(stage: Stage) -> None:
    """The answer comes when nobody waits for it any more; what was asked has been done."""
    stage.hasty(0.25)
    store = stage.open()
    stage.strike(Fault(None, "batch", 5, 0.2, _seed(stage), delay=0.6))
    stage.write(store, APPENDS)


def _lagging(stage: Stage) -> None:
    stores = [stage.open(), stage.open()]
    stage.strike(Fault("drop_after", "batch", None, 0.15, _seed(stage)))
    for _ in range(APPENDS):
        stage.account.lag(stage.dice.choice([0, 2, 50]))
        stage.write(stage.dice.choice(stores), 1)


def _throttled(stage: Stage) -> None:
    """Four threads on partitions that take 120 request units a second."""
    store = stage.open()
    stage.impatient(0.3)
    stage.write_from_threads(store, 8)


def _split(stage: Stage) -> None:
    store = stage.open()
    for number in (10, 30, 50):
        stage.at("batch", number, stage.split)
    stage.strike(Fault("drop_after", "batch", None, 0.05, _seed(stage)))
    stage.write_from_threads(store, 20)
    for stream in STREAMS:
        stage.judge_seen(store.read(stream), streams=[stream])


def _merge(stage: Stage) -> None:
    store = stage.open()
    stage.at("batch", 20, stage.merge)
    stage.at("batch", 40, stage.merge)
    stage.write_from_threads(store, 20)
    for stream in STREAMS:
        stage.judge_seen(store.read(stream), streams=[stream])


PLAYS = [
    Play("answer lost after the append", _batches("drop_after")),
    Play("half of the answer to an append", _batches("drop_half")),
    Play("request lost before the append", _batches("drop_before")),
    Play("408 after the append", _batches(408, effect=True)),
    Play("408 instead of the append", _batches(408)),
    Play("500 after the append", _batches(500, effect=True)),
    Play("503 after the append, retried", _batches(503, effect=True)),
    Play("503 after the append, given up", _batches(503, effect=True, budget=0.0)),
    Play("449 instead of the append, given up", _batches(449, budget=0.0)),
    Play("429 instead of the append, given up", _batches(429, budget=0.0)),
    Play("answers to appends that come too late", _late),
    Play("a mixture of faults while appending", _mixture),
    Play("replicas that lag, answers lost", _lagging, partitions=2),
    Play("appends throttled by 429", _throttled, partitions=2, throughput=120),
    Play("splits while 4 threads append", _split),
    Play("merges while 4 threads append", _merge, partitions=4),
]
