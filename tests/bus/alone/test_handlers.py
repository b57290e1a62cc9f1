"""Handlers on a topic without its log keep their place in a file here; what has commands to give needs the log."""

import logging
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

import eventfold as ef
from eventfold.bus.kafka.topic import KafkaTopic
from eventfold.bus.relay.relay import Relay
from eventfold.errors import CapabilityMissing, CursorExpired, ForeignCursor
from eventfold.feed.loop import catch_up
from eventfold.testing.partitioned import PartitionedStore
from tests.bus.alone.scene import Scene, app, telling, with_handlers
from tests.bus.conftest import MakeTopic
from tests.handlers.app.shop import Created, Order, Paid


def test_a_handler_goes_on_from_its_place_beside_the_state_and_does_nothing_twice(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.order(*range(6))
    scene.relay()
    for first in (6, 9, 12):
        with scene.open(telling, "topic") as live:
            live.handle()
            assert scene.told == [f"order-{n}" for n in range(first)]
            status = live.handlers[0].status()
            assert (status.state, status.lag) == ("caught up", 0)
            assert status.cursor is not None
        scene.order(*range(first, first + 3))
        scene.relay()
    assert [path.name for path in scene.folder.glob("*.handlers")] == ["a.handlers"]
    assert sum("in a place of this machine" in record.message for record in caplog.records) == 1
    (scene.folder / "a.state").unlink()  # what is folded again is deleted, and nobody is told again
    with scene.open(telling, "topic") as live:
        live.handle()
    assert scene.told == [f"order-{n}" for n in range(15)]


def test_a_handler_moves_from_the_log_to_a_place_here_by_its_cursor(scene: Scene) -> None:
    scene.order(*range(4))
    with scene.open(telling, "log", "log") as live:
        live.handle()
        live.handler(tell := telling.handlers["tell"]).pause("it moves to the machine with the topic")
        cursor = live.handler(tell).status().cursor
    assert cursor is not None
    scene.order(*range(4, 7))
    scene.relay()
    with scene.open(telling, "topic") as live:
        live.handler(tell).move(cursor)
        live.handle()
    assert scene.told == [f"order-{n}" for n in range(7)]


def test_a_parked_stream_is_retried_and_skipped_out_of_the_topic(scene: Scene) -> None:
    scene.order(1, total=-1)
    scene.order(2)
    scene.relay()
    with scene.open(telling, "topic") as live:
        live.handle()
        handler = live.handler("tell")
        assert [*handler.parked()] == ["order-1"]
        handler.retry("order-1")
        live.handle()
        assert [*handler.parked()] == ["order-1"]
        handler.skip("order-1", "it was a test")
        live.handle()
        assert (handler.parked(), [skip.stream for skip in handler.skipped()]) == ({}, ["order-1"])
    assert scene.told == ["order-2"]


def test_a_retry_of_what_the_topic_has_forgotten_is_told_to_who_asks_and_stops_no_worker(
    scene: Scene,
) -> None:
    scene.order(1, total=-1)
    scene.relay()
    with scene.open(telling, "topic") as live:
        live.handle()
        scene.order(2)
        scene.relay()
        scene.forget()
        handler = live.handler("tell")
        for ask in (lambda: handler.retry("order-1"), handler.retry_all):
            with pytest.raises(CursorExpired, match="Open the log"):
                ask()
        assert [one.asked for one in handler.parked().values()] == [""]
        live.handle()
        assert scene.told == ["order-2"]
        handler.skip("order-1", "it was a test")  # nothing waits behind it
        live.handle()
        assert handler.parked() == {}


def test_a_deadline_is_kept_here_and_fires_with_the_event_of_the_topic(scene: Scene) -> None:
    @ef.notify(Created, to="desk", since="start", when=ef.after(hours=24, unless=Paid))
    def remind(event: Created, message: ef.Message) -> str:
        return str(event.total)

    reminding = ef.App("shop", aggregates=[Order], handlers=[remind])
    scene.order(1, 2)
    scene.relay()
    with scene.open(reminding, "topic") as live:
        live.handle()
        assert (scene.told, live.handler(remind).status().deadlines) == ([], 2)
    scene.append("order-2", ("Paid", '{"amount": 10}'))
    scene.relay()
    with scene.open(reminding, "topic") as live:
        live.handle(at=datetime.now(UTC) + timedelta(hours=25))
        assert (scene.told, live.handler(remind).status().deadlines) == (["order-1"], 0)


def test_of_a_log_with_partitions_a_stream_is_found_in_its_own_by_its_events(scene: Scene) -> None:
    scene.order(*range(9))
    scene.order(9, total=-1)
    with (
        PartitionedStore(ef.open_store(scene.log), 4) as log,
        closing(KafkaTopic(scene.client, scene.topic, mode="plain")) as there,
    ):
        catch_up([Relay(log, there)])
        feed, names = log.feed(), [one.name for one in log.feed().partitions()]
        with ef.open_store(scene.bus) as store:
            for n in range(10):
                found = store.feed().partition_of(f"order-{n}", names)
                assert found == feed.partition_of(f"order-{n}", names)
            with pytest.raises(CapabilityMissing, match="order-77 belongs"):
                store.feed().partition_of("order-77", names)
    with scene.open(telling, "topic") as live:
        live.handle()
        assert sorted(scene.told) == [f"order-{n}" for n in range(9)]
        live.handler("tell").skip("order-9", "it was a test")
        live.handle()
        assert live.handler("tell").parked() == {}


def test_what_has_commands_to_give_stops_alone_and_says_what_to_open(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.order(1)
    scene.relay()
    with scene.open(with_handlers, "topic") as live:
        with pytest.raises(CapabilityMissing, match=r"thank has commands to give.*--store URL --bus TOPIC"):
            live.handle()
        assert scene.told == ["order-1"]  # the other one has done its work
        assert [(one.name, one.state) for one in live.status().handlers] == [
            ("tell", "caught up"),
            ("thank", "stopped"),
        ]
        with pytest.raises(CapabilityMissing, match="commands to give"):
            live.handler("thank")
    with scene.open(with_handlers, "bus") as live, caplog.at_level(logging.ERROR):
        live.handler("thank")


def test_what_needs_the_log_says_what_to_open_instead(scene: Scene) -> None:
    scene.order(1)
    scene.relay()
    with scene.open(app, "topic") as live:
        live.catch_up()
        for call in (
            lambda: live.table("totals").why("order-1"),
            lambda: live.repository(Order),
            lambda: live.store.append("order-1", [], expected=0),
            lambda: live.store.append_all([]),
            lambda: live.store.head("order-1"),
            live.store.streams,
            lambda: live.store.ends(["order-1"]),
            lambda: live.store.find({}),
            live.store.snapshots,
        ):
            with pytest.raises(CapabilityMissing, match=r"needs the log itself.*app\.open\(URL, bus=TOPIC\)"):
                call()
        assert not (scene.folder / "a.handlers").exists()
    with ef.open_store(scene.bus) as store:
        assert (store.capabilities.has_log, store.log_id) == (False, live.store.log_id)
        with pytest.raises(CapabilityMissing, match="What handlers keep needs the log"):
            store.effects()
    with pytest.raises(ef.errors.ConfigInvalid, match="a topic already"):
        app.open(scene.bus, bus=f"{scene.bus}-other")


def test_the_place_of_another_log_is_refused(scene: Scene, topic: MakeTopic) -> None:
    scene.order(1)
    scene.relay()
    with scene.open(telling, "topic") as live:
        live.handle()
    other = Scene(scene.folder / "other", scene.client, topic(2))
    other.folder.mkdir()
    other.order(1)
    other.relay()
    (scene.folder / "a.state").unlink()
    scene.bus = other.bus
    with scene.open(telling, "topic") as live, pytest.raises(ForeignCursor, match="move the file away"):
        live.handle()
