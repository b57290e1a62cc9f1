"""Counting by type: every event once, whatever splits, ends or is followed by two at once, over any log."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from eventfold.app.live import Live
from eventfold.events.envelope import NewEvent
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Feed
from eventfold.readmodels.counting.port import Ledger
from eventfold.readmodels.counting.typecounts import by_type_of
from eventfold.readmodels.counting.unknown import Sought
from eventfold.readmodels.following.ledger import LedgerKeeper, is_counted
from eventfold.store.port import ANY, Store
from eventfold.testing.contract.bench import Bench, OverALog
from eventfold.testing.contract.boxes import Boxes, closed, filled, labelled, opened
from eventfold.testing.contract.crashing import CrashAt, Crashed, Step, Watched

LIMIT = 3
_CATEGORIES = ("box", "crate")
Wrap = Callable[[Any, Step], Any]
"""Puts something around a ledger, whose calls are steps."""


class Small:
    """A feed whose pages are small."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def read(self, after: Cursor, limit: int, **filters: Any) -> Any:
        """At most a few events."""
        return self._feed.read(after, min(limit, LIMIT), **filters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._feed, name)


class AtTheEnd:
    """A follower that has seen everything."""

    name = "nobody"

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def where(self) -> Cursor:
        """After the last event."""
        return self._feed.end()

    def step(self) -> bool:
        """Nothing is left."""
        return True

    def finish(self) -> None:
        """Nothing is held."""


def watched(ledger: Ledger, step: Step) -> Any:
    """The ledger itself, each call of which is a step."""
    return Watched(ledger, "ledger", step)


def keeper(live: Live, ledger: Any) -> LedgerKeeper:
    """Keeps a ledger in small pages, up to the end of the log."""
    small: Any = Small(live.store.feed())
    return LedgerKeeper(AtTheEnd(small), ledger, small.read, small)


def assert_counted(live: Live) -> None:
    """What is counted is the log up to the cursor of the counts.

    Raises:
        AssertionError: an event was counted twice or never.
    """
    ledger, feed = live._ledger(), live.store.feed()
    wanted = Counter[tuple[str, str]]()
    for batch in feed.arrow(feed.start(), ledger.counted_to() or feed.start(), ["stream", "type"]):
        wanted.update(by_type_of(batch))
    found = {
        (category, name): events
        for category in _CATEGORIES
        for name, events in ledger.unknown(Sought(frozenset({category}), frozenset(), frozenset()))
    }
    assert found == dict(wanted)


def crashes(bench: Bench, *, behind: bool, split: bool, wrap: Wrap = watched) -> int:
    """Ends a keeper before each of its steps in turn, each over a log of its own; how many steps there were.

    Args:
        bench: gives the logs.
        behind: whether the ledger begins inside the log, so that what stands before is brought in.
        split: whether a partition splits after the crash.
        wrap: what is put around the ledger.

    Raises:
        AssertionError: an event was counted twice or never.
    """
    at = 0
    while True:
        at += 1
        place = bench.another()
        store = place.store()
        _fill(store)
        store.close()
        step = CrashAt(at)
        try:
            _life(place, step, wrap, behind=behind)
        except Crashed:
            pass
        else:
            return len(step.passed)
        if split:
            place.split()
        with place.open(publishes=False) as live:
            try:
                assert_counted(live)
            except AssertionError as error:
                raise AssertionError(f"before step {at}, {step.passed[-1]}: {error}") from error
            live.store.append("box-5", [opened(), filled(1)], expected=0)
        _life(place, CrashAt(0), wrap, behind=behind)


def _life(place: Bench, step: Step, wrap: Wrap, *, behind: bool) -> None:
    with place.open(publishes=False) as live:
        feed = live.store.feed()
        live._state.ledger(feed.read(feed.start(), 5).cursor if behind else feed.start())
        kept = keeper(live, wrap(live._ledger(), step))
        while not kept.keep():
            pass
        step("end")
        assert is_counted(live._ledger(), feed)
        assert live._ledger().counted_to() == live._ledger().cursor()  # the next page is one commit for both
        assert_counted(live)


def _fill(store: Store) -> None:
    """Two categories, in several pages."""
    for stream, events in (
        ("box-1", [opened()]),
        ("crate-1", [opened("grace"), labelled("poison")]),
        ("box-1", [filled(1)]),
        ("box-2", [opened(), filled(7)]),
        ("crate-1", [filled(2)]),
        ("box-1", [closed()]),
        ("box-2", [labelled("5")]),
    ):
        store.append(stream, events, expected=ANY)


def _grow(store: Store, dice: random.Random, most: int) -> None:
    for _ in range(dice.randint(0, most)):
        event: NewEvent = (
            dice.choice([opened, closed])() if dice.random() < 0.3 else filled(dice.randint(1, 9))
        )
        store.append(f"{dice.choice(_CATEGORIES)}-{dice.randint(1, 6)}", [event], expected=ANY)


class CountingContract(OverALog):
    """What is counted by type, over any log."""

    @pytest.mark.parametrize("behind", [False, True], ids=["from the start", "brought in"])
    def test_a_crash_at_any_step_of_the_keeper_counts_nothing_twice_or_never(
        self, bench: Bench, *, behind: bool
    ) -> None:
        with bench.open(publishes=False) as live:
            countable = live.store.feed().capabilities.countable
        assert crashes(bench, behind=behind and countable, split=bench.splits) >= 6

    def test_what_stands_behind_is_brought_in_where_that_costs_nothing_and_is_unknown_elsewhere(
        self, bench: Bench
    ) -> None:
        with bench.open(publishes=False) as live:
            _fill(live.store)
            feed = live.store.feed()
            ledger = live._state.ledger(feed.end())
            kept = keeper(live, ledger)
            while not kept.keep():
                pass
            assert is_counted(ledger, feed) is feed.capabilities.countable
            live.store.append("box-7", [opened()], expected=ANY)
            while not kept.keep():
                pass
            assert is_counted(ledger, feed) is feed.capabilities.countable
            live.table(Boxes).rebuild()
            assert is_counted(ledger, feed)
            assert_counted(live)

    @pytest.mark.parametrize("seed", range(3))
    def test_two_keepers_of_one_state_count_nothing_twice_while_the_log_grows_and_splits(
        self, bench: Bench, seed: int
    ) -> None:
        dice = random.Random(seed)  # noqa: S311 - to be repeated, no secret
        with bench.open(publishes=False) as one, bench.open(publishes=False) as other:
            _grow(one.store, dice, 8)
            feed = one.store.feed()
            behind = seed and feed.capabilities.countable
            ledger = one._state.ledger(feed.end() if behind else feed.start())
            kept = [keeper(live, live._ledger()) for live in (one, other)]
            for _ in range(40):
                dice.choice(kept).keep()
                if dice.random() < 0.3:
                    _grow(one.store, dice, 3)
                if dice.random() < 0.05:
                    bench.split()
            while not all([k.keep() for k in kept]):  # noqa: C419 - each of them
                pass
            assert is_counted(ledger, feed)
            assert_counted(one)

    @pytest.mark.slow
    @pytest.mark.parametrize("seed", range(2))
    def test_rebuilds_and_audits_leave_the_counts_of_the_whole_log(self, bench: Bench, seed: int) -> None:
        dice = random.Random(seed)  # noqa: S311 - as above
        for _ in range(4):
            with bench.open(publishes=False) as live:
                _grow(live.store, dice, 8)
                acts: list[Callable[[], object]] = [live.catch_up, live.table(Boxes).rebuild, live.verify]
                for act in dice.sample(acts, 2):
                    act()
                    assert_counted(live)
                    _grow(live.store, dice, 2)
                    if dice.random() < 0.3:
                        bench.split()
        with bench.open(publishes=False) as live:
            live.catch_up()
            assert live.unknown() == []
            assert_counted(live)
