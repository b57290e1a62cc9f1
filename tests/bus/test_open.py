"""A URL names a topic; what names none is refused without being repeated."""

from contextlib import closing
from pathlib import Path

import pytest

from eventfold.bus.kafka.topic import KafkaTopic
from eventfold.bus.open import open_topic
from eventfold.errors import ConfigInvalid, UnsupportedUrl

PASSWORD, CONNECTION = "EVENTFOLD_KAFKA_PASSWORD", "EVENTFOLD_EVENTHUBS_CONNECTION"
SHOP = "Endpoint=sb://shop-events.servicebus.windows.net/;SharedAccessKeyName=relay;SharedAccessKey=hunter2="


def opened(url: str) -> KafkaTopic:
    with closing(open_topic(url)) as topic:
        assert isinstance(topic, KafkaTopic)
        return topic


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    file.write_text("-----BEGIN CERTIFICATE-----\n")
    return file


@pytest.mark.parametrize(
    ("url", "servers", "mode"),
    [
        ("kafka://127.0.0.1:9092/shop", "127.0.0.1:9092", "transactional"),
        ("kafka://a.example:9092,b.example:9093/shop", "a.example:9092,b.example:9093", "transactional"),
        ("kafka://[::1]:9092/shop?mode=plain", "[::1]:9092", "plain"),
    ],
)
def test_a_url_names_brokers_topic_and_mode(url: str, servers: str, mode: str) -> None:
    topic = opened(url)
    assert (topic.name, topic._client, topic._mode) == ("shop", {"bootstrap.servers": servers}, mode)


def test_a_user_signs_in_over_tls_with_the_password_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, ca: Path
) -> None:
    monkeypatch.setenv(PASSWORD, "hunter2")
    assert opened("kafka://a.example:9093/shop?user=me&mechanism=SCRAM-SHA-512")._client == {
        "bootstrap.servers": "a.example:9093",
        "security.protocol": "SASL_SSL",
        "sasl.mechanisms": "SCRAM-SHA-512",
        "sasl.username": "me",
        "sasl.password": "hunter2",
    }
    assert opened(f"kafka://a.example:9093/shop?ca={ca}")._client == {
        "bootstrap.servers": "a.example:9093",
        "security.protocol": "SSL",
        "ssl.ca.location": str(ca),
    }
    on_this_machine = opened("kafka://localhost:9092/shop?user=me&security=sasl_plaintext")
    assert on_this_machine._client["security.protocol"] == "SASL_PLAINTEXT"


@pytest.mark.parametrize(
    ("url", "servers", "mode"),
    [
        ("eventhubs://shop-events/orders", "shop-events.servicebus.windows.net:9093", "plain"),
        (
            "eventhubs://shop-events.servicebus.windows.net/orders?mode=transactional",
            "shop-events.servicebus.windows.net:9093",
            "transactional",
        ),
    ],
)
def test_an_event_hub_is_spoken_to_as_it_wants(
    monkeypatch: pytest.MonkeyPatch, url: str, servers: str, mode: str
) -> None:
    monkeypatch.setenv(CONNECTION, SHOP)
    topic = opened(url)
    client = topic._client
    assert (topic.name, topic._mode, client["bootstrap.servers"]) == ("orders", mode, servers)
    assert (client["security.protocol"], client["sasl.mechanisms"]) == ("SASL_SSL", "PLAIN")
    assert (client["sasl.username"], client["sasl.password"]) == ("$ConnectionString", SHOP)
    assert client["message.max.bytes"] < 1_046_528
    assert client["metadata.max.age.ms"] < 240_000
    assert client["connections.max.idle.ms"] < 240_000
    assert client["request.timeout.ms"] == 60_000
    assert client["socket.keepalive.enable"] is True
    assert "compression.type" not in client
    assert opened(f"{url.partition('?')[0]}?compression=gzip")._client["compression.type"] == "gzip"


def test_without_a_connection_string_entra_id_signs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CONNECTION, raising=False)
    client = opened("eventhubs://shop-events.servicebus.chinacloudapi.cn/orders")._client
    assert client["bootstrap.servers"] == "shop-events.servicebus.chinacloudapi.cn:9093"
    assert client["sasl.mechanisms"] == "OAUTHBEARER"
    assert "sasl.password" not in client


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("127.0.0.1:9092", "kafka://HOST:PORT/TOPIC"),
        ("amqp://127.0.0.1/shop", "'amqp'"),
        ("kafka://127.0.0.1:9092", "a topic stands behind"),
        ("kafka://127.0.0.1:9092/a/b", "a topic stands behind"),
        ("kafka://127.0.0.1:9092/..", "a topic stands behind"),
        ("kafka:///shop", "HOST:PORT"),
        ("kafka://127.0.0.1:92804/shop", "HOST:PORT"),  # 27268, as a client would take it
        ("kafka://127.0.0.1:0/shop", "HOST:PORT"),
        ("kafka://127.0.0.1:9092,127.0.0.1:65536/shop", "HOST:PORT"),
        ("kafka://[::1/shop", "no URL"),
        ("kafka://me:hunter2@127.0.0.1:9092/shop", "without a user"),
        ("kafka://127.0.0.1:9092/shop?mode=fast", "transactional or plain"),
        ("kafka://127.0.0.1:9092/shop?acks=0", "ca, mechanism, mode, security, user"),
        ("kafka://127.0.0.1:9092/shop?password=hunter2", "ca, mechanism, mode, security, user"),
        ("kafka://127.0.0.1:9092/shop?mode=plain&mode=plain", "stands once"),
        ("kafka://127.0.0.1:9092/shop?user=", "has a value"),
        (f"eventhubs://{SHOP}/orders", "stands in the environment"),
        ("eventhubs://shop/orders", "its name, or its whole host"),
        ("eventhubs://shop-events", "a topic stands behind"),
        ("eventhubs://shop-events/orders?compression=snappy", "none or gzip"),
        ("eventhubs://shop-events/orders?user=me", "ca, compression, mode"),
    ],
)
def test_what_names_no_topic_is_refused(url: str, said: str) -> None:
    with pytest.raises(UnsupportedUrl) as caught:
        open_topic(url)
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value.as_dict())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("security=tls", "security of a topic is plaintext"),
        ("user=me&mechanism=GSSAPI", "mechanism of a topic is PLAIN"),
        ("security=sasl_ssl", "user of a topic is missing"),
        ("user=me&security=ssl", "where a user signs in"),
        ("mechanism=PLAIN", "says how a user signs in"),
        ("user=me&security=sasl_plaintext", "readable on its way"),
        ("ca=/a.pem&security=plaintext", "encrypted connections"),
        ("ca=a.pem", "absolute path"),
        ("ca=/nowhere/a.pem", "No such file"),
        ("ca=/dev/null", "no certificate in PEM"),
    ],
)
def test_options_that_contradict_each_other_are_named(
    monkeypatch: pytest.MonkeyPatch, options: str, said: str
) -> None:
    monkeypatch.setenv(PASSWORD, "hunter2")
    with pytest.raises(ConfigInvalid) as caught:
        open_topic(f"kafka://a.example:9093/shop?{options}")
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value.as_dict())


def test_a_user_without_a_password_is_told_where_it_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSWORD, raising=False)
    with pytest.raises(ConfigInvalid, match=PASSWORD):
        open_topic("kafka://a.example:9093/shop?user=me")


@pytest.mark.parametrize(
    ("connection", "said"),
    [
        ("hunter2", "has no Endpoint"),
        (SHOP.replace("SharedAccessKey=hunter2=", ""), "has no SharedAccessKey:"),
        (SHOP.replace("sb://", "https://"), "not sb://HOST/"),
        (SHOP.replace("shop-events", "test-events"), "of the namespace test-events.servicebus.windows.net"),
        (f"{SHOP};EntityPath=payments", "for the event hub payments alone"),
        (SHOP.replace("SharedAccessKey=", "SharedAccessSignature="), "does not take"),
    ],
)
def test_a_connection_string_of_something_else_is_refused_before_it_is_sent(
    monkeypatch: pytest.MonkeyPatch, connection: str, said: str
) -> None:
    monkeypatch.setenv(CONNECTION, connection)
    with pytest.raises(ConfigInvalid) as caught:
        open_topic("eventhubs://shop-events/orders")
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value.as_dict())
    monkeypatch.setenv(CONNECTION, f"{SHOP};EntityPath=orders;")
    opened("eventhubs://shop-events/orders")
