"""A relay that rests between batches sends what came meanwhile in one, and keeps nobody waiting who is behind."""

import threading

from eventfold.bus.relay.relay import Relay
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
