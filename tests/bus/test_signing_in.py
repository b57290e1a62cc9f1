"""Over TLS as to Event Hubs: who is let in sends and reads; who is not is told whether it is the key or the file."""

import base64
import json
import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure.identity
import pytest
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError
from confluent_kafka.admin import AdminClient

from eventfold.bus.followed import followed
from eventfold.bus.kafka.entra import Tokens
from eventfold.bus.kafka.probing import speaks
from eventfold.bus.kafka.reading import KafkaReader
from eventfold.bus.kafka.topic import KafkaTopic
from eventfold.bus.messages.form import Message
from eventfold.bus.open import open_topic
from eventfold.bus.relay.relay import Relay
from eventfold.errors import BusUnavailable, ConfigInvalid, TopicUnfit
from eventfold.feed.loop import catch_up
from eventfold.store.open import open_store
from tests.bus.conftest import MakeTopic
from tests.bus.relay.judge import judge
from tests.bus.relay.making import fill
from tests.bus.sharing import Shared
from tests.handlers.targets.servers import certificate

CONNECTION = "EVENTFOLD_EVENTHUBS_CONNECTION"
Url = Callable[..., str]


@pytest.fixture
def url(kafka: Shared, topic: MakeTopic, monkeypatch: pytest.MonkeyPatch) -> Url:
    """Makes URLs of a new event hub, whose connection string stands in the environment."""
    monkeypatch.setenv(CONNECTION, kafka.secured["sasl.password"])

    def make(
        name: str = "", options: str = f"&ca={kafka.secured['ssl.ca.location']}", mode: str = "plain"
    ) -> str:
        return f"eventhubs://{kafka.secured['bootstrap.servers']}/{name or topic(2)}?mode={mode}{options}"

    return make


def relayed(url: str) -> None:
    with open_store("sqlite://") as store, closing(open_topic(url)) as there:
        fill(store, 40)
        relay = Relay(store, there)
        catch_up([relay])
        settling = there.sender()
        settling.fence()  # a broker answers to a commit before all of it can be read
        settling.close()
        assert judge(store, there) == (0, 0, 0, 0, 40)


@pytest.mark.parametrize("mode", ["plain", "transactional"])
def test_by_connection_string_a_log_is_relayed(url: Url, mode: str) -> None:
    relayed(url(mode=mode))


def test_a_log_is_followed_there(url: Url, tmp_path: Path) -> None:
    there, store = url(), f"sqlite:///{tmp_path}/log.db"
    with open_store(store) as log, closing(open_topic(there)) as topic:
        fill(log, 40)
        catch_up([Relay(log, topic)])
    with followed(open_store(store), open_topic(there)) as log:
        feed = log.feed()
        page = feed.read(feed.start(), 100)
        assert [event.position for event in page.events] == list(range(1, 41))


def test_compression_is_sent_where_it_is_asked_for(url: Url) -> None:
    relayed(f"{url()}&compression=gzip")


def token(seconds: float) -> str:
    """An unsecured token, as the broker of the tests takes it."""
    now = int(time.time())
    parts = {"alg": "none"}, {"sub": "relay", "iat": now - 10, "exp": now + int(seconds)}
    return (
        ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts) + "."
    )


class Identity:
    """Plays `DefaultAzureCredential`."""

    asked: list[str]
    answer: Any

    def get_token(self, scope: str) -> Any:
        type(self).asked.append(scope)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def identity(monkeypatch: pytest.MonkeyPatch) -> type[Identity]:
    class Mine(Identity):
        asked: list[str] = []
        answer: Any = SimpleNamespace(token=token(3600), expires_on=int(time.time()) + 3600)

    monkeypatch.setattr(azure.identity, "DefaultAzureCredential", Mine)
    return Mine


def test_by_a_token_of_entra_id_a_log_is_relayed(
    url: Url, identity: type[Identity], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = url()
    monkeypatch.delenv(CONNECTION)
    relayed(there)
    assert identity.asked == ["https://localhost/.default"]


def test_nobody_signed_in_is_told_at_once(
    url: Url, identity: type[Identity], monkeypatch: pytest.MonkeyPatch
) -> None:
    identity.answer = ClientAuthenticationError("az login has expired")
    there = url()
    monkeypatch.delenv(CONNECTION)
    with (
        closing(open_topic(there)) as topic,
        pytest.raises(ConfigInvalid, match=r"Nobody is signed in to Event Hubs.*az login has expired"),
    ):
        topic.count()


def test_entra_id_that_does_not_answer_is_asked_again_and_an_old_token_does_meanwhile(
    identity: type[Identity],
) -> None:
    tokens = Tokens("shop-events.servicebus.windows.net", CONNECTION)
    identity.answer = ServiceRequestError("the network is down")
    with pytest.raises(BusUnavailable, match=r"Entra ID did not answer: .*the network is down"):
        tokens()
    soon = int(time.time()) + 60
    identity.answer = SimpleNamespace(token="one", expires_on=soon)
    assert tokens() == ("one", soon)
    identity.answer = ServiceRequestError("the network is down")
    assert tokens() == ("one", soon)
    identity.answer = SimpleNamespace(token="two", expires_on=soon + 3600)
    assert [tokens(), tokens()] == [("two", soon + 3600)] * 2
    assert len(identity.asked) == 4


def refusal(url: str) -> ConfigInvalid:
    with closing(open_topic(url)) as topic, pytest.raises(ConfigInvalid) as caught:
        topic.count()
    return caught.value


def test_a_token_that_is_not_taken_names_the_role(
    url: Url, identity: type[Identity], monkeypatch: pytest.MonkeyPatch
) -> None:
    identity.answer = SimpleNamespace(token="x.y.z", expires_on=int(time.time()) + 3600)
    there = url()
    monkeypatch.delenv(CONNECTION)
    assert "Azure Event Hubs Data Owner" in str(refusal(there))


def test_a_wrong_key_and_an_unknown_certificate_are_told_apart(
    url: Url, kafka: Shared, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    right = kafka.secured["sasl.password"]
    wrong = f"{right[:-8]}hunter22"
    monkeypatch.setenv(CONNECTION, wrong)
    key = refusal(url())
    assert "does not let the connection string in: " in str(key)
    assert "Invalid username or password" in str(key)
    assert key.facts["key"] == CONNECTION
    monkeypatch.setenv(CONNECTION, right)
    unknown = refusal(url(options=""))
    assert "No authority of this machine has signed it" in str(unknown)
    other = certificate(tmp_path, "other").ca_file
    assert f"Nobody in {other} has signed it" in str(refusal(url(options=f"&ca={other}")))
    assert not any("hunter22" in str(e.as_dict()) or right[-8:] in str(e.as_dict()) for e in (key, unknown))


def test_a_user_of_kafka_with_a_wrong_password_is_told_which(
    kafka: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENTFOLD_KAFKA_PASSWORD", "hunter22")
    place = f"kafka://{kafka.secured['bootstrap.servers']}/shop?user=me&ca={kafka.secured['ssl.ca.location']}"
    error = refusal(place)
    assert "does not let the user me in" in str(error)
    assert "EVENTFOLD_KAFKA_PASSWORD" in str(error)
    other = refusal(f"{place}&mechanism=SCRAM-SHA-256")
    assert "It does not take SCRAM-SHA-256" in str(other)
    assert "broker's supported mechanisms: PLAIN,OAUTHBEARER" in str(other)
    assert other.facts["key"] == "bus"
    named = refusal(place.replace("user=me", "user=$ConnectionString"))
    assert named.facts["key"] == "EVENTFOLD_KAFKA_PASSWORD"  # as that of any user of this kind of URL


@pytest.mark.parametrize(
    ("port", "options", "told"),
    [
        ("secured", "", r"speaks TLS, and is called without it: take \?security=ssl, or user=NAME"),
        ("secured", "?user=me&security=sasl_plaintext", r"called without it: take \?security=sasl_ssl,"),
        ("plain", "?security=ssl", r"speaks no TLS, and is called with it: take \?security=plaintext,"),
        ("plain", "?user=me", r"speaks no TLS, and is called with it: take \?security=sasl_plaintext,"),
        ("plain", "?user=me&security=sasl_plaintext", "Nobody signs in at this port"),
    ],
)
def test_a_port_that_is_called_in_another_way_is_told_at_once(
    kafka: Shared, monkeypatch: pytest.MonkeyPatch, port: str, options: str, told: str
) -> None:
    """The client hears no more than that its line was closed."""
    monkeypatch.setenv("EVENTFOLD_KAFKA_PASSWORD", "hunter22")
    client = kafka.plain if port == "plain" else kafka.secured
    error = refusal(f"kafka://{client['bootstrap.servers']}/shop{options}")
    assert re.search(told, str(error))
    assert error.facts["key"] == "bus"


def test_a_port_where_nobody_is_or_somebody_else_speaks_neither() -> None:
    """The control: only what was heard is told."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def hang_up() -> None:
            for _ in range(2):
                server.accept()[0].close()

        talking = threading.Thread(target=hang_up)
        talking.start()
        assert speaks(f"127.0.0.1:{port}") == ""
        talking.join(10)
    assert [speaks(f"127.0.0.1:{port}"), speaks("nowhere")] == ["", ""]


def test_a_reader_that_is_not_let_in_any_more_says_so(kafka: Shared, topic: MakeTopic) -> None:
    """The client tries again for ever, and looks as if it had nothing to read."""
    reader = KafkaReader({**kafka.secured, "sasl.password": "another"}, topic())
    reader.seek({0: 0})
    with pytest.raises(ConfigInvalid, match=r"does not let the user \$ConnectionString in"):
        for _ in range(100):
            assert list(reader.poll(10, 0.3)) == []
    reader.close()


def test_an_event_that_is_too_large_is_not_sent(url: Url) -> None:
    with closing(open_topic(url())) as topic:
        sender = topic.sender()
        sender.fence()
        with pytest.raises(TopicUnfit, match="1 MB at most"):
            sender.send([Message(0, b"box-1", b"x" * 1_100_000, [])])
        sender.close()
        assert topic.bounds(0).end == 0


def test_asking_for_a_topic_does_not_make_it(kafka: Shared) -> None:
    """A broker may make what is asked for, with one partition; most are set up so."""
    with closing(KafkaTopic(kafka.plain, "misspelt")) as topic:
        with pytest.raises(TopicUnfit, match="There is no topic misspelt"):
            topic.count()
        assert topic._hearing.settings({})["allow.auto.create.topics"] is False
    assert "misspelt" not in AdminClient(kafka.plain).list_topics(timeout=10).topics
