"""The end of a producer, whatever state it is in."""

from contextlib import suppress

from confluent_kafka import KafkaException, Producer


def close(producer: Producer) -> None:
    """Gives up what it has begun; nothing that is not acknowledged is sent any more, and nothing is waited for."""
    producer.purge()
    with suppress(KafkaException):
        producer.abort_transaction(1.0)
    # confluent-kafka 2.16 answers SystemError for one that was fenced; it is closed all the same
    with suppress(KafkaException, SystemError):
        producer.close()
