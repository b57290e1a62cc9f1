"""A relay brings every event of a log to a topic, in order, and goes on after anything that interrupts it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, NewPartitions

from eventfold.bus.feed.feed import BusFeed
from eventfold.bus.kafka.sending.transactional import TransactionalSender
from eventfold.bus.kafka.topic import KafkaTopic, Mode
from eventfold.bus.port import Sender
from eventfold.bus.relay.relay import Relay
from eventfold.errors import ForeignCursor, RelayFenced, TopicRepartitioned, TopicUnfit
from eventfold.feed.loop import catch_up
from eventfold.store.open import open_store
from eventfold.store.port import Store
from eventfold.testing.making import read_all
from tests.bus.conftest import MakeTopic
from tests.bus.relay.judge import events_of, judge
from tests.bus.relay.making import fill
from tests.bus.sharing import Shared

MODES: tuple[Mode, ...] = ("transactional", "plain")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/log.db") as store:
        yield store


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("partitions", [1, 6, 24])
def test_every_event_arrives_once_and_in_order(
    store: Store, kafka: Shared, topic: MakeTopic, mode: Mode, partitions: int
) -> None:
    fill(store, 600)
    with closing(KafkaTopic(kafka.plain, topic(partitions), mode=mode)) as there:
        relay = Relay(store, there, page=100)
        catch_up([relay])
        fill(store, 50)
        again = Relay(store, there, page=7)
        catch_up([again])
        assert (relay.handled, again.handled, again.known) == (600, 50, 0)
        assert judge(store, there) == (0, 0, 0, 0, 650)


@pytest.mark.parametrize("mode", MODES)
def test_without_its_checkpoint_it_finds_what_is_there(
    store: Store, kafka: Shared, topic: MakeTopic, mode: Mode, tmp_path: Path
) -> None:
    """The topic says how far a relay has come, also where the log forgot it."""
    fill(store, 200)
    with closing(KafkaTopic(kafka.plain, topic(3), mode=mode)) as there:
        catch_up([Relay(store, there)])
        effects = store.effects()
        (lease,) = effects.all(f"relay:{there.name}")
        names = [note.name for kind in ("mark", "topic") for note in effects.notes(lease.reader, kind)]
        assert names
        effects.note(lease.reader, (), names)
        fill(store, 30)
        again = Relay(store, there)
        catch_up([again])
        assert (again.handled, again.known) == (30, 0)
        assert judge(store, there) == (0, 0, 0, 0, 230)


def test_of_two_at_once_one_stands_by_and_one_that_knows_of_no_other_is_fenced(
    store: Store, kafka: Shared, topic: MakeTopic, tmp_path: Path
) -> None:
    fill(store, 20)
    name = topic(2)
    with closing(KafkaTopic(kafka.plain, name)) as there, closing(KafkaTopic(kafka.plain, name)) as beside:
        first, second = Relay(store, there), Relay(store, beside)
        first.step()
        assert second.step()
        assert (first.stands_by, second.stands_by) == (False, True)
        # by a lease of its own, as a copy of the log would have one
        stranger = beside.sender()
        stranger.fence()
        fill(store, 20)
        with pytest.raises(RelayFenced, match="Another relay"):
            catch_up([first])
        stranger.close()
        second.finish()
        first.finish()


class _OfTheFirstIdAlone(KafkaTopic):
    """Its relays are of a build that knew no second transactional id."""

    def sender(self) -> Sender:
        found = super().sender()
        assert isinstance(found, TransactionalSender)
        for producer in found._producers[1:]:
            producer.close()
        del found._producers[1:]
        return found


def test_what_a_relay_of_an_earlier_build_did_not_fence_is_one_batch_that_readers_leave_out(
    store: Store, kafka: Shared, topic: MakeTopic
) -> None:
    """Of one that stood still since it had looked at its lease, and sends under the id that its successor has not."""
    fill(store, 20)
    name = topic(2)
    with (
        closing(KafkaTopic(kafka.plain, name)) as there,
        closing(_OfTheFirstIdAlone(kafka.plain, name)) as old,
    ):
        stalled = Relay(store, there, seconds=0.0)
        stalled.step()
        stalled._heart.stop()
        fill(store, 10)
        earlier = Relay(store, old, seconds=0.0)
        catch_up([earlier])
        assert earlier.handled == 10
        stalled._send()
        fill(store, 5)
        with pytest.raises(RelayFenced):
            stalled._send()
        stalled._stop_sending()
        catch_up([Relay(store, there, seconds=0.0)])
        assert judge(store, there) == (0, 0, 0, 10, 35)
        with closing(BusFeed(there, store.log_id)) as feed:
            assert read_all(feed) == events_of(store)


def test_a_topic_of_another_log_is_refused(
    store: Store, kafka: Shared, topic: MakeTopic, tmp_path: Path
) -> None:
    with closing(KafkaTopic(kafka.plain, topic(1))) as there, open_store("sqlite://") as other:
        fill(other, 5)
        catch_up([Relay(other, there)])
        with pytest.raises(ForeignCursor, match="another topic"):
            catch_up([Relay(store, there)])


def test_a_compacted_topic_and_one_that_is_not_there_are_refused(
    store: Store, kafka: Shared, topic: MakeTopic
) -> None:
    compacted = topic(1, **{"cleanup.policy": "compact"})
    for name, said in ((compacted, "compacted"), ("nowhere", "There is no topic nowhere")):
        with closing(KafkaTopic(kafka.plain, name)) as there, pytest.raises(TopicUnfit, match=said):
            catch_up([Relay(store, there)])


def test_partitions_that_were_added_are_refused(store: Store, kafka: Shared, topic: MakeTopic) -> None:
    name = topic(2)
    fill(store, 10)
    with closing(KafkaTopic(kafka.plain, name)) as there:
        catch_up([Relay(store, there)])
        admin = AdminClient(kafka.plain)
        admin.create_partitions([NewPartitions(name, 3)])[name].result(30)
    with (
        closing(KafkaTopic(kafka.plain, name)) as there,
        pytest.raises(TopicRepartitioned, match="has 3 now"),
    ):
        catch_up([Relay(store, there)])
