"""A broker that was asked before it knew all of a topic is asked again, and not believed for a quarter of an hour."""

from contextlib import closing

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions

from eventfold.bus.kafka.topic import KafkaTopic
from eventfold.bus.port import Bounds
from tests.bus.conftest import MakeTopic
from tests.bus.sharing import Shared


def test_partitions_that_came_after_the_first_question_are_found(kafka: Shared, topic: MakeTopic) -> None:
    """A client that nothing is done about goes on saying that there are none, and is the control."""
    name, admin = topic(1), AdminClient(kafka.plain)
    alone = Consumer({**kafka.plain, "group.id": "early"})
    with closing(KafkaTopic(kafka.plain, name)) as there, closing(alone):
        assert there.bounds(0) == (0, 0)
        assert alone.get_watermark_offsets(TopicPartition(name, 0), timeout=10) == (0, 0)
        admin.create_partitions([NewPartitions(name, 3)])[name].result(30)
        assert [there.bounds(n) for n in (1, 2)] == [Bounds(0, 0)] * 2
        assert there.ends(3) == [0, 0, 0]
        with pytest.raises(KafkaException) as caught:
            alone.get_watermark_offsets(TopicPartition(name, 2), timeout=2)
        assert caught.value.args[0].code() == KafkaError._UNKNOWN_PARTITION
