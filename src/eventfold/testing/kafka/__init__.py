"""An Apache Kafka broker for tests: the real one, a node of its own on free ports of this machine.

It needs Java 17 or newer and Maven, which brings its jars once, and `pip install 'eventfold[kafka]'`.

    with KafkaBroker() as broker:
        producer = Producer(broker.client())
"""

from eventfold.testing.kafka.broker import KafkaBroker, KafkaFailed
from eventfold.testing.kafka.jars import KafkaMissing, kafka_jars

__all__ = ["KafkaBroker", "KafkaFailed", "KafkaMissing", "kafka_jars"]
