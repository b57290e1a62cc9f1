"""The URL of an event hub of Azure Event Hubs, as settings of a client of its endpoint for Kafka."""

import os
import re
from typing import Any

from eventfold.bus.kafka.entra import Tokens
from eventfold.bus.kafka.security import CONNECTION, authority
from eventfold.bus.kafka.topic import KafkaTopic
from eventfold.bus.kafka.url import is_server, mode_of, options_of, split, topic_of
from eventfold.bus.port import Topic
from eventfold.errors import ConfigInvalid, UnsupportedUrl

USER = "$ConnectionString"
_NAMESPACE = re.compile(r"[A-Za-z][A-Za-z0-9-]{4,48}[A-Za-z0-9]", re.ASCII)
_DOMAIN = ".servicebus.windows.net"
_PORT = 9093
_NEEDED = ("Endpoint", "SharedAccessKeyName", "SharedAccessKey")
_SETTINGS: dict[str, Any] = {
    "security.protocol": "SASL_SSL",
    # the service closes a connection that was idle for 240 s
    "socket.keepalive.enable": True,
    "metadata.max.age.ms": 180_000,
    "connections.max.idle.ms": 180_000,
    # it gives itself 20 s for an answer
    "request.timeout.ms": 60_000,
    # it closes a connection where a request has more than 1,046,528 bytes
    "message.max.bytes": 1_000_000,
}
_COMPRESSIONS = ("none", "gzip")


def open_url(url: str, secret: str | None = None) -> Topic:
    """The event hub of `eventhubs://NAMESPACE/HUB[?mode=MODE&compression=gzip&ca=FILE]`.

    NAMESPACE is its name, or the whole host with its port where the cloud or the end of the line is another one.
    The connection string is the secret, or stands in the environment; without one Entra ID signs in.

    Raises:
        UnsupportedUrl: it is no such URL. What it holds is not repeated, since that may be a secret.
        ConfigInvalid: the connection string in the environment cannot be that of the namespace.
    """
    parts = split(url, _wrong)
    given = parts.netloc
    if not is_server(given) or not (_NAMESPACE.fullmatch(given) or "." in given or ":" in given):
        raise _wrong(
            "a namespace is its name, or its whole host; a connection string stands in the environment"
        )
    host = given + _DOMAIN if _NAMESPACE.fullmatch(given) else given
    name, colon, port = host.rpartition(":") if re.search(r":[0-9]+$", host) else (host, "", "")
    hub = topic_of(parts, _wrong)
    options = options_of(parts, {"ca", "compression"}, _wrong)
    mode = mode_of(options, "plain", _wrong)
    compression = options.pop("compression", _COMPRESSIONS[0])
    if compression not in _COMPRESSIONS:
        raise _wrong(f"compression is {' or '.join(_COMPRESSIONS)}, since the service takes no other")
    client = {
        "bootstrap.servers": f"{name}:{port if colon else _PORT}",
        **_SETTINGS,
        **({} if compression == "none" else {"compression.type": compression}),
        **authority(options.pop("ca", None)),
        **_signing_in(name, hub, secret),
    }
    return KafkaTopic(client, hub, mode=mode)


def _signing_in(host: str, hub: str, secret: str | None) -> dict[str, Any]:
    """By the connection string that is given, or that of the environment, else by Entra ID."""
    connection = (secret or os.environ.get(CONNECTION, "")).strip()
    if not connection:
        return {"sasl.mechanisms": "OAUTHBEARER", "oauth_cb": Tokens(host, CONNECTION)}
    check_connection(connection, host, hub)
    return {"sasl.mechanisms": "PLAIN", "sasl.username": USER, "sasl.password": connection}


def check_connection(connection: str, host: str, hub: str) -> None:
    """Refuses a connection string that cannot be that of an event hub; it is never repeated.

    Raises:
        ConfigInvalid: a part of it is missing, it is a token, or it belongs to another namespace or hub.
    """
    said = dict(part.partition("=")[::2] for part in connection.strip(";").split(";"))
    if "SharedAccessSignature" in said:
        raise _amiss(
            "holds a signature, which the endpoint for Kafka does not take: give one with a SharedAccessKey"
        )
    missing = next((name for name in _NEEDED if not said.get(name)), None)
    if missing is not None:
        raise _amiss(f"has no {missing}: copy it whole, as the portal or az shows it")
    found = re.fullmatch(r"sb://([^/:]+)(:[0-9]+)?/?", said["Endpoint"])
    if found is None:
        raise _amiss("has an Endpoint that is not sb://HOST/")
    if found[1].lower() != host.lower():
        raise _amiss(f"is that of the namespace {found[1]:.80}, and the topic is on {host:.80}")
    if said.get("EntityPath", hub) != hub:
        raise _amiss(f"is for the event hub {said['EntityPath']:.80} alone, and the topic is {hub:.80}")


def _amiss(what: str) -> ConfigInvalid:
    return ConfigInvalid(f"The connection string in {CONNECTION} {what}.", key=CONNECTION)


def _wrong(what: str) -> UnsupportedUrl:
    return UnsupportedUrl(f"A topic is eventhubs://NAMESPACE/HUB: {what}.", scheme="eventhubs", key="bus")
