"""A client that is told to wait with some partitions of a topic gives all of them in the end, once and in order."""

from collections.abc import Collection
from contextlib import closing
from pathlib import Path

import pytest

from eventfold.bus.feed.feed import BusFeed
from eventfold.bus.kafka.reading import KafkaReader
from eventfold.bus.kafka.topic import KafkaTopic
from eventfold.bus.relay.relay import Relay
from eventfold.feed.loop import catch_up
from eventfold.store.open import open_store
from tests.bus.conftest import MakeTopic
from tests.bus.feed.test_forgotten import follow
from tests.bus.relay.judge import events_of
from tests.bus.relay.making import fill
from tests.bus.sharing import Shared


def test_what_was_held_back_is_read_on_where_it_stopped(
    tmp_path: Path, kafka: Shared, topic: MakeTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client gives a large piece of one partition after the other."""
    held = list[set[int]]()
    hold = KafkaReader.hold

    def spied(reader: KafkaReader, partitions: Collection[int]) -> None:
        held.append(set(partitions))
        hold(reader, partitions)

    monkeypatch.setattr(KafkaReader, "hold", spied)
    monkeypatch.setattr("eventfold.bus.feed.window.WAITING_BYTES", 20_000)
    with (
        open_store(f"sqlite:///{tmp_path}/log.db") as store,
        closing(KafkaTopic(kafka.plain, topic(3))) as there,
    ):
        fill(store, 4_000)
        catch_up([Relay(store, there, page=100)])
        with closing(BusFeed(KafkaTopic(kafka.plain, there.name), store.log_id, store.feed())) as feed:
            events, cursor = follow(feed, feed.start(), 1_000)
            while len(events) < 4_000:  # markers are written after the commit
                more, cursor = follow(feed, cursor, 1_000)
                events += more
        assert events == events_of(store)
    assert any(held), "nothing had to wait"
    assert not all(held), "what waited was never read on"
