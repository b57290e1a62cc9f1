"""The settings of a topic as clients in Java take them, such as Spark's."""

from collections.abc import Mapping
from typing import Any

from eventfold.errors import ConfigInvalid

_MODULES = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
}
_SAME = ("bootstrap.servers", "security.protocol", "metadata.max.age.ms", "connections.max.idle.ms")
_WAITS = "request.timeout.ms"


def java_settings(client: Mapping[str, Any]) -> dict[str, str]:
    """The same settings under the names of Java.

    Args:
        client: settings of librdkafka.

    Raises:
        ConfigInvalid: it signs in by Entra ID.
    """
    if "oauth_cb" in client:
        raise ConfigInvalid(
            "Spark signs in at an event hub with its connection string alone: set EVENTFOLD_EVENTHUBS_CONNECTION in the"
            " environment.",
            key="bus",
        )
    found = {name: str(client[name]) for name in (*_SAME, _WAITS) if name in client}
    mechanism = client.get("sasl.mechanisms")
    if mechanism is not None:
        user, password = (_quoted(client[f"sasl.{name}"]) for name in ("username", "password"))
        found["sasl.mechanism"] = mechanism
        found["sasl.jaas.config"] = f"{_MODULES[mechanism]} required username={user} password={password};"
    if "ssl.ca.location" in client:
        found |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": client["ssl.ca.location"]}
    return found


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
