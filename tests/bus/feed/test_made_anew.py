"""A topic that is deleted and made again under its readers is followed where they stand, as its relay fills it."""

import logging

import pytest

from eventfold.bus.relay.relay import Relay
from eventfold.feed.loop import catch_up
from tests.bus.feed.test_forgotten import Scene, follow
from tests.bus.relay.judge import events_of
from tests.bus.relay.making import fill


@pytest.mark.parametrize("with_log", [True, False])
@pytest.mark.parametrize("batch", [0, 3, 100])
def test_readers_go_on_in_the_new_one(caplog: pytest.LogCaptureFixture, with_log: bool, batch: int) -> None:
    """Whether it has less than the former one had by then, or more, or other things at the same offsets."""
    with Scene(2, 1) as scene:
        scene.relay(40, 10)
        feed = scene.feed(with_log=with_log)
        before, cursor = follow(feed, feed.start(), 7)
        scene.topic.make_anew()
        if batch:
            scene.relay(60, batch)
        with caplog.at_level(logging.WARNING, "eventfold.bus"):
            more, cursor = follow(feed, cursor, 7)
        assert batch or "was made anew" in caplog.text
        scene.relay(5, 10)
        rest, cursor = follow(feed, cursor, 7)
        assert [*before, *more, *rest] == events_of(scene.store)


def test_a_relay_says_whether_it_sends_or_stands_by() -> None:
    with Scene(1, 1) as scene:
        said: dict[str, list[bool]] = {"first": [], "second": []}
        now = 0.0
        first, second = (
            Relay(scene.store, scene.topic, turned=said[name].append, clock=lambda: now)
            for name in ("first", "second")
        )
        fill(scene.store, 10)
        for relay in (first, second, first, second):
            relay.step()
        assert said == {"first": [False], "second": [True]}
        first.finish()
        now = 60.0
        second.step()
        assert said["second"] == [True, False]
        second.finish()
        catch_up([first])
        assert said["first"] == [False]
