"""A relay that rests between batches sends what came meanwhile in one, and keeps nobody waiting who is behind."""

import threading

import pytest

from eventfold.bus.relay.batches import Batch
from eventfold.bus.relay.relay import Relay
from eventfold.feed.cursor import Cursor, Mark
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


@pytest.mark.parametrize(("moves", "told"), [("token", 2), ("position", 102)])
def test_where_only_tokens_of_a_log_move_it_says_so_seldom(moves: str, told: int) -> None:
    """Over a hundred seconds without an event; a position that moves is told each second."""
    now = 0.0
    with Scene(1, 1) as scene:
        fill(scene.store, 1)
        relay = Relay(scene.store, scene.topic, clock=lambda: now, seconds=1e6)
        relay.step()
        read = relay._batches.read

        def moved(cursor: Cursor) -> Batch:
            mark = cursor.marks["0"]
            by = 0 if moves == "token" else 1
            after = {"0": Mark(mark.position + by, mark.event, f"{now}")}
            return read(scene.store.feed().end())._replace(cursor=Cursor(cursor.log, after))

        relay._batches.read = moved  # type: ignore[method-assign] # of a log that has none
        relay._told = relay._cursor
        for _ in range(101):
            now += 1.0
            relay.step()
        for part in scene.topic.parts:
            assert sum(one is not None and one.key is None for one in part) == told, part
        relay._stop_sending()
        relay._heart.stop()
