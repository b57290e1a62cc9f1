"""A URL names a topic; what names none is refused without being repeated."""

from contextlib import closing

import pytest

from eventfold.bus.kafka.topic import KafkaTopic
from eventfold.bus.open import open_topic
from eventfold.errors import UnsupportedUrl


@pytest.mark.parametrize(
    ("url", "servers", "mode"),
    [
        ("kafka://127.0.0.1:9092/shop", "127.0.0.1:9092", "transactional"),
        ("kafka://a.example:9092,b.example:9093/shop", "a.example:9092,b.example:9093", "transactional"),
        ("kafka://[::1]:9092/shop?mode=plain", "[::1]:9092", "plain"),
    ],
)
def test_a_url_names_brokers_topic_and_mode(url: str, servers: str, mode: str) -> None:
    with closing(open_topic(url)) as topic:
        assert isinstance(topic, KafkaTopic)
        assert (topic.name, topic._client, topic._mode) == ("shop", {"bootstrap.servers": servers}, mode)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("127.0.0.1:9092", "kafka://HOST:PORT/TOPIC"),
        ("amqp://127.0.0.1/shop", "'amqp'"),
        ("kafka://127.0.0.1:9092", "a topic stands behind"),
        ("kafka://127.0.0.1:9092/a/b", "a topic stands behind"),
        ("kafka://127.0.0.1:9092/..", "a topic stands behind"),
        ("kafka:///shop", "HOST:PORT"),
        ("kafka://me:hunter2@127.0.0.1:9092/shop", "without a user"),
        ("kafka://127.0.0.1:9092/shop?mode=fast", "transactional or plain"),
        ("kafka://127.0.0.1:9092/shop?acks=0", "the only option is mode"),
    ],
)
def test_what_names_no_topic_is_refused(url: str, said: str) -> None:
    with pytest.raises(UnsupportedUrl) as caught:
        open_topic(url)
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value.as_dict())
