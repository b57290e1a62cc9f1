"""What the client says by the way: the cause, where its answer is only that time has passed."""

from collections.abc import Mapping
from typing import Any

from confluent_kafka import KafkaError


class Hearing:
    """Keeps the last thing that the client said, and keeps it from writing to the standard error of the process."""

    def __init__(self) -> None:
        self.last = ""

    def settings(self, client: Mapping[str, Any]) -> dict[str, Any]:
        """Settings of a client that is listened to."""
        return {"log_level": 0, **client, "error_cb": self._heard}

    def _heard(self, error: KafkaError) -> None:
        self.last = error.str()
