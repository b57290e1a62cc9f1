"""A client in Java is told the same as the one here: Spark reads a topic with it."""

import pytest

from eventfold.bus.kafka.java import java_settings
from eventfold.bus.open import java_client
from eventfold.errors import ConfigInvalid, UnsupportedUrl


def test_settings_have_the_names_of_java() -> None:
    client = {
        "bootstrap.servers": "a:1,b:2",
        "security.protocol": "SASL_SSL",
        "sasl.mechanisms": "SCRAM-SHA-256",
        "sasl.username": 'o"neil',
        "sasl.password": "a\\b",
        "ssl.ca.location": "/ca.pem",
        "request.timeout.ms": 60_000,
        "socket.keepalive.enable": True,
    }
    assert java_settings(client) == {
        "bootstrap.servers": "a:1,b:2",
        "security.protocol": "SASL_SSL",
        "request.timeout.ms": "60000",
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required"
        ' username="o\\"neil" password="a\\\\b";',
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": "/ca.pem",
    }


def test_who_signs_in_by_entra_is_told_how_spark_does() -> None:
    with pytest.raises(ConfigInvalid, match="EVENTFOLD_EVENTHUBS_CONNECTION"):
        java_settings({"bootstrap.servers": "a:1", "oauth_cb": object()})


def test_a_topic_is_named_by_its_url() -> None:
    topic, settings = java_client("kafka://127.0.0.1:9092/orders")
    assert (topic, settings) == ("orders", {"bootstrap.servers": "127.0.0.1:9092"})
    with pytest.raises(UnsupportedUrl):
        java_client("sqlite:///log.db")
