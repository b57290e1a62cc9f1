"""Faults of following: splits, merges, crashes and storms while a feed is read, a table folded, rebuilt, published."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import eventfold as ef
from eventfold.app.live import Live
from eventfold.errors import EventfoldError, FeedRebased, LogMismatch, OwnerFenced, StaleCursor, StorageError
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import read_cursor
from eventfold.readmodels.folding.projector import Projector
from eventfold.readmodels.folding.rebuild import Rebuilt
from eventfold.readmodels.following import holding
from eventfold.store.cosmos.feeding.feed import CosmosFeed
from eventfold.testing.cosmos import Fault
from tests.store.cosmos.faults.stage import LOG, Play, Stage, Truth

MANY = 2000
PATIENCE = 60.0
"""Seconds for what comes sooner or later."""


class Noted(ef.Event):
    n: int


class Tallies(ef.Table, category="order", name="counted"):
    stream = ef.key()
    events = ef.count()
    total = ef.sum(Noted.n)


APP = ef.App("tallies", events=[Noted], tables=[Tallies])
ROWS = "SELECT stream, events, CAST(total AS BIGINT) AS total FROM counted"


def _open(stage: Stage, *, lake: bool = False) -> Live:
    return APP.open(
        stage.account.url(LOG),
        state=f"sqlite:///{stage.folder}/follower.state",
        lake=f"{stage.folder}/lake" if lake else None,
    )


def _judge(stage: Stage, rows: Iterable[Mapping[str, Any]], truth: Truth | None = None) -> None:
    """A row counts its stream's events, and adds up their numbers."""
    left = dict(stage.truth() if truth is None else truth)
    for row in rows:
        events = left.pop(row["stream"], [])
        stage.verdict.skipped += max(0, len(events) - row["events"])
        stage.verdict.doubled += max(0, row["events"] - len(events))
        if row["events"] == len(events) and row["total"] != sum(number for _, _, number in events):
            stage.verdict.skipped += 1
            stage.verdict.doubled += 1
    stage.verdict.skipped += sum(map(len, left.values()))


def _patiently(call: Callable[[], object]) -> None:
    """As the loop of followers does: an error that passes is tried again."""
    for _ in range(MANY):
        try:
            call()
        except (StorageError, OwnerFenced, StaleCursor):
            continue
        return
    raise AssertionError("never done")


def _in_small_pages(stage: Stage) -> None:
    stage.patch.setattr(Projector.step, "__defaults__", (5,))
    stage.patch.setattr("eventfold.readmodels.following.worker.PAGE", 5)
    stage.patch.setattr(
        CosmosFeed.arrow, "__kwdefaults__", {**(CosmosFeed.arrow.__kwdefaults__ or {}), "limit": 5}
    )


def _feed(stage: Stage) -> None:
    """Reads pages of any size, splits, crashes before and after the cursor is kept, appends in between."""
    store, dice, writer = stage.open(), stage.dice, stage.open()
    cursor = store.feed().start()
    found: list[RecordedEvent] = []
    quiet = 0
    for turn in range(400):
        if turn < 25:
            stage.write(writer, dice.randint(0, 3))
            if dice.random() < 0.2 and len(stage.ranges()) < 8:
                stage.split()
                stage.verdict.strikes += 1
            stage.account.lag(dice.choice([0, 0, 2, 9]))
        else:
            stage.account.lag(0)
        if turn < 40 and dice.random() < 0.3:
            store = stage.open()
            cursor = read_cursor(cursor.to_json())
            stage.verdict.strikes += 1
        try:
            page = store.feed().read(cursor, dice.randint(1, 9))
        except StorageError:
            continue
        if turn >= 25 or dice.random() < 0.8:
            found += page.events
            cursor = page.cursor
        quiet = quiet + 1 if turn >= 25 and page.caught_up and not page.events else 0
        if quiet == 3:
            break
    stage.judge_seen(found)


def _folded(stage: Stage, *faults: Fault, splits: bool = False, lake: bool = False) -> None:
    """A worker folds in a thread of its own while others append; then everything is compared."""
    _in_small_pages(stage)
    writer = stage.open()
    stop = threading.Event()
    with _open(stage, lake=lake) as live:
        following = threading.Thread(target=live.run, args=(stop,), kwargs={"every": 0.3})
        following.start()
        try:
            stage.strike(*faults)
            if splits:
                for number in (2, 10, 30):
                    stage.at("feed", number, stage.split)
            stage.write_from_threads(writer, 12, threads=3)
        finally:
            stop.set()
            following.join()
        _patiently(live.catch_up)
        stage.calm()
        live.catch_up()
        _judge(stage, live.query(ROWS).rows())


def _folded_through_splits(stage: Stage) -> None:
    _folded(stage, splits=True)


def _seed(stage: Stage) -> int:
    return stage.dice.randrange(9999)


def _stolen(stage: Stage) -> None:
    """Two workers whose leases end while they read: each takes the table from the other, and commits too late."""
    _in_small_pages(stage)
    stage.patch.setattr(holding, "LEASE_SECONDS", 0.05)
    writer = stage.open()
    stop = threading.Event()
    with _open(stage) as one, _open(stage) as other:

        def follow(live: Live) -> None:
            while not stop.is_set():
                _patiently(live.catch_up)

        following = [threading.Thread(target=follow, args=(live,)) for live in (one, other)]
        for thread in following:
            thread.start()
        try:
            stage.strike(Fault(None, "feed", None, 0.3, _seed(stage), delay=0.12))
            stage.write_from_threads(writer, 12, threads=3)
            table, end = one.table(Tallies).live(), time.monotonic() + PATIENCE
            while (epoch := table.head().epoch) <= 3:
                assert time.monotonic() < end, f"nobody took the table from anybody: {epoch}"
                stage.write(writer, 1)
        finally:
            stop.set()
            for thread in following:
                thread.join()
        stage.calm()
        _patiently(one.catch_up)
        _judge(stage, one.query(ROWS).rows())


def _folded_through_errors(stage: Stage) -> None:
    stage.impatient(0.05)
    kinds: list[Any] = [408, 429, 449, 500, 503, "drop_before", "drop_after", "drop_half"]
    _folded(stage, *(Fault(what, "feed", None, 0.04, _seed(stage)) for what in kinds), splits=True)


def _folded_too_late(stage: Stage) -> None:
    stage.hasty(0.25)
    _folded(stage, Fault(None, "feed", 5, 0.3, _seed(stage), delay=0.6))


def _storm(stage: Stage) -> None:
    """Appends, folds and publishes through a storm on everything; then the state is lost, and seeded from the lake."""
    stage.impatient(0.3)
    faults = [Fault(status, None, None, 0.08, _seed(stage)) for status in (429, 449, 503)]
    _folded(stage, *faults, splits=True, lake=True)
    for left in stage.folder.glob("follower.state*"):
        left.unlink()
    with _open(stage, lake=True) as live:
        _judge(stage, live.query(ROWS).rows())  # what was published
        live.catch_up()
        _judge(stage, live.query(ROWS).rows())


def _filled(stage: Stage, live: Live) -> None:
    _in_small_pages(stage)
    stage.write(live.store, 30)
    live.catch_up()
    stage.write(live.store, 10)


def _rebuild(live: Live) -> Rebuilt:
    return live.table(Tallies).rebuild()


def _rebuilt_through_splits(stage: Stage) -> None:
    with _open(stage) as live:
        _filled(stage, live)
        for number in (3, 9, 14):
            stage.at("feed", number, stage.split)
        writing = threading.Thread(target=stage.write, args=(stage.open(), 3))
        stage.at("feed", 11, writing.start)
        _rebuild(live)
        stage.calm()
        if writing.ident is not None:
            writing.join()
        live.catch_up()
        _judge(stage, live.query(ROWS).rows())


def _moment_through_splits(stage: Stage) -> None:
    with _open(stage) as live:
        _filled(stage, live)
        moment, then = live.store.feed().end(), stage.truth()
        stage.write(live.store, 10)
        for number in (2, 6, 11):
            stage.at("feed", number, stage.split)
        for _ in range(3):
            _judge(stage, live.table(Tallies).at(cursor=moment).rows(), then)
        live.catch_up()
        _judge(stage, live.query(ROWS).rows())


def _merged(stage: Stage) -> None:
    """Places are counted anew: the follower stops, its rows stay, and a rebuild puts them right."""
    with _open(stage) as live:
        _filled(stage, live)
        before = live.query(ROWS).rows()
        stage.at("feed", 2, stage.merge)
        stage.loud(FeedRebased, live.catch_up)
        stage.write(live.store, 5)
        stage.loud(FeedRebased, live.catch_up)
        seen = {row["stream"]: row["events"] for row in live.query(ROWS).rows()}
        stage.verdict.lost += sum(seen.get(row["stream"], 0) < row["events"] for row in before)
        _rebuild(live)
        live.catch_up()
        _judge(stage, live.query(ROWS).rows())


def _rebuilt_through_a_merge(stage: Stage) -> None:
    """A rebuild either stops loudly and leaves the live rows alone, or is right; the next one is right."""
    with _open(stage) as live:
        _filled(stage, live)
        live.catch_up()
        stage.at("feed", stage.dice.randint(6, 14), stage.merge)
        try:
            _rebuild(live)
        except FeedRebased:
            _judge(stage, live.query(ROWS).rows())
        stage.write(live.store, 5)
        _rebuild(live)
        live.catch_up()
        _judge(stage, live.query(ROWS).rows())


def _made_anew(stage: Stage) -> None:
    """Another log under the old name: the follower stops, its rows stay, and no append lands in it unnoticed."""
    with _open(stage) as live:
        _filled(stage, live)
        truth = stage.truth()
        stage.at("feed", 2, lambda: stage.account.recreate(LOG, "events"))
        _stopped(stage, live)
        stage.acknowledged.clear()  # gone with their container, which is what was done to it
        rows = live.query(ROWS).rows()
        stage.verdict.doubled += sum(row["events"] > len(truth.get(row["stream"], ())) for row in rows)
        stage.loud(EventfoldError, lambda: live.store.append("order-0", stage.make(), expected=ef.ANY))
        _stopped(stage, live)
        assert live.query(ROWS).rows() == rows


def _stopped(stage: Stage, live: Live) -> None:
    """The loop of followers ends with the error, within its time."""
    stop = threading.Event()
    told: list[EventfoldError] = []

    def follow() -> None:
        try:
            live.run(stop)
        except EventfoldError as error:
            told.append(error)

    following = threading.Thread(target=follow)
    following.start()
    following.join(timeout=20)
    stop.set()
    following.join()
    if not told or not isinstance(told[0], LogMismatch):
        stage.verdict.skipped += 1


PLAYS = [
    Play("splits and crashes while a feed is read", _feed),
    Play("splits while a table is folded", _folded_through_splits),
    Play("errors and splits while a table is folded", _folded_through_errors, partitions=2),
    Play("pages of the feed that come too late", _folded_too_late, partitions=2),
    Play("two workers that lose their table while they commit", _stolen, partitions=2),
    Play("splits in the middle of a rebuild", _rebuilt_through_splits),
    Play("splits in the middle of a fold as of a moment", _moment_through_splits),
    Play("a merge while a table is folded", _merged, partitions=4),
    Play("a merge in the middle of a rebuild", _rebuilt_through_a_merge, partitions=4),
    Play("a container made anew while a table is folded", _made_anew, partitions=2),
    Play("storms while appending, folding, publishing", _storm, partitions=2, throughput=400),
]
