"""A relay that rests between batches sends what came meanwhile in one, and keeps nobody waiting who is behind."""

import threading
from itertools import pairwise

import pytest

from eventfold.bus.relay.batches import Batch
from eventfold.bus.relay.relay import Relay
from eventfold.feed.cursor import Cursor, Mark
from eventfold.store.cosmos.feeding.marks import Place, Seen, compare, to_mark
from tests.bus.feed.test_forgotten import Scene
from tests.bus.relay.making import fill


def test_events_that_come_while_it_rests_share_a_batch() -> None:
    now, stop = 0.0, threading.Event()
    stop.set()  # which cuts its pauses short
    with Scene(1, 1) as scene:
        relay = Relay(scene.store, scene.topic, every=5.0, clock=lambda: now, stop=stop)

        def batches() -> int:
            return scene.topic.parts[0].count(None)

        fill(scene.store, 5)
        relay.step()
        assert (relay.handled, batches()) == (5, 1)
        for _ in range(4):
            fill(scene.store, 5)
            assert not relay.step()
        assert (relay.handled, batches()) == (5, 1)
        now = 5.0
        relay.step()
        assert (relay.handled, batches()) == (25, 2)
        relay.finish()


def test_one_that_is_behind_does_not_rest() -> None:
    with Scene(1, 1) as scene:
        fill(scene.store, 30)
        relay = Relay(scene.store, scene.topic, every=3_600.0, page=10)
        while not relay.step():
            pass
        assert relay.handled == 30
        relay.finish()


RANGE = "-FF"
"""A partition of a change feed, whose marks tell in their tokens too how far it was read."""


def _at(moves: str, look: int) -> Mark:
    """Where the log is read to at a look, where that alone moves."""
    seen = {"-80": Seen(100 + look, "")} if moves == "child" else {}
    place = Place("rid", f"{look}" if moves == "token" else "", seen=seen)
    return to_mark(100 + (look if moves == "position" else 0), "", place)


@pytest.mark.parametrize(
    ("moves", "longest"), [("position", 1.0), ("child", 1.0), ("token", 60.0), ("nothing", 3_600.0)]
)
def test_a_log_that_moves_without_an_event_is_told_of_each_second(
    moves: str, longest: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the log's own comparison; one that stands still by that, and gives other tokens, is told of seldom."""
    now, told = 0.0, list[float]()
    with Scene(1, 1) as scene:
        fill(scene.store, 1)
        relay = Relay(scene.store, scene.topic, clock=lambda: now, seconds=1e6)
        relay.step()
        end = scene.store.feed().end()

        def moved(cursor: Cursor) -> Batch:
            (mark,) = cursor.marks.values()
            after = {RANGE: _at(moves, int(2 * now))} if mark.token else {RANGE: _at(moves, 0)}
            return read(end)._replace(cursor=Cursor(cursor.log, after))

        read = relay._batches.read
        monkeypatch.setattr(relay._batches, "read", moved)
        monkeypatch.setattr(relay._feed, "compare", compare)
        part = scene.topic.parts[0]
        while now < 2.2 * longest + 10:
            now += 0.5  # as long as the loop waits, at most
            before = len(part)
            relay.step()
            if len(part) > before:
                told.append(now)
        assert max(later - one for one, later in pairwise(told)) == pytest.approx(longest, abs=0.5)
        relay._stop_sending()
        relay._heart.stop()
