"""What the client says by the way: the cause, where its answer is only that time has passed."""

import time
from collections.abc import Mapping
from typing import Any, Protocol

from confluent_kafka import KafkaError

_DOWN: int = KafkaError._ALL_BROKERS_DOWN  # noqa: SLF001 - a name of the client
_GONE = (_DOWN, KafkaError._TRANSPORT)  # noqa: SLF001 - a name of the client
_CAUSES = (KafkaError._AUTHENTICATION, KafkaError._SSL)  # noqa: SLF001 - names of the client


class Polled(Protocol):
    """A client that tells what it has to say only when it is polled."""

    def poll(self, timeout: float, /) -> object:
        """Lets it speak."""


class Hearing:
    """Keeps what the client said, and keeps it from writing to the standard error of the process."""

    def __init__(self) -> None:
        self.last = ""
        self._gone: float | None = None
        """Since when a broker is not there, as far as was heard; another one may do."""
        self.client: Mapping[str, Any] = {}
        """The settings of who is listened to; none of its secrets is repeated."""
        self.refusal: KafkaError | None = None
        """Why no connection came to be that no time will mend: a user or a certificate that is not believed."""

    def settings(self, client: Mapping[str, Any]) -> dict[str, Any]:
        """Settings of a client that is listened to.

        Raises:
            ConfigInvalid: it signs in by a token, and there is none.
        """
        if "oauth_cb" in client:
            client["oauth_cb"]("")  # a client waits for ten seconds, and then only says that it got none
        self.client = client
        own = {
            "log_level": 0,
            "allow.auto.create.topics": False,  # else asking for a topic makes it, with one partition
            "socket.nagle.disable": True,  # else a request waits until what was sent before it has come
            "message.max.bytes": 16 * 1024 * 1024,  # the topic's own limit is the one that counts
        }
        return {**own, **client, "error_cb": self._heard}

    @property
    def servers(self) -> str:
        """Where the broker is looked for."""
        return str(self.client.get("bootstrap.servers", ""))

    def gone(self) -> float:
        """For how many seconds a broker is not there, and nothing was done; 0.0 where nothing was heard of that."""
        return 0.0 if self._gone is None else max(time.monotonic() - self._gone, 1e-9)

    def back(self) -> None:
        """Something was done: whatever broker is not there is not needed."""
        self._gone = None

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
        if error.code() in _GONE and self._gone is None:
            self._gone = time.monotonic()
        if (
            error.code() != _DOWN or not self.last
        ):  # that all are down follows the cause, and says nothing of it
            self.last = error.str()
