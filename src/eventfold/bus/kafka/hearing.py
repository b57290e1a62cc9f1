"""What the client says by the way: the cause, where its answer is only that time has passed."""

from collections.abc import Mapping
from typing import Any, Protocol

from confluent_kafka import KafkaError

_DOWN: int = KafkaError._ALL_BROKERS_DOWN  # noqa: SLF001 - a name of the client
_CAUSES = (KafkaError._AUTHENTICATION, KafkaError._SSL)  # noqa: SLF001 - names of the client


class Polled(Protocol):
    """A client that tells what it has to say only when it is polled."""

    def poll(self, timeout: float, /) -> object:
        """Lets it speak."""


class Hearing:
    """Keeps what the client said, and keeps it from writing to the standard error of the process."""

    def __init__(self) -> None:
        self.last = ""
        self.refusal: KafkaError | None = None
        """Why no connection came to be that no time will mend: a user or a certificate that is not believed."""

    def settings(self, client: Mapping[str, Any]) -> dict[str, Any]:
        """Settings of a client that is listened to.

        Raises:
            ConfigInvalid: it signs in by a token, and there is none.
        """
        if "oauth_cb" in client:
            client["oauth_cb"]("")  # a client waits for ten seconds, and then only says that it got none
        own = {
            "log_level": 0,
            "allow.auto.create.topics": False,  # else asking for a topic makes it, with one partition
            "message.max.bytes": 16 * 1024 * 1024,  # the topic's own limit is the one that counts
        }
        return {**own, **client, "error_cb": self._heard}

    def listen(self, client: Polled) -> None:
        """Lets a client say what it has heard, which it does only when it is polled."""
        self.refusal = None
        client.poll(0)

    def forget(self) -> None:
        """What was said before is over: the broker has answered."""
        self.last = ""
        self.refusal = None

    def _heard(self, error: KafkaError) -> None:
        if error.code() in _CAUSES:
            self.refusal = error
        if (
            error.code() != _DOWN or not self.last
        ):  # that all are down follows the cause, and says nothing of it
            self.last = error.str()
