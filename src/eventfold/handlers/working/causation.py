"""What is appended while an event is handled carries where it came from, read from the event when something is."""

from collections.abc import Iterator, Mapping
from typing import Any

from eventfold.errors import CausationTooLong
from eventfold.handlers.declaring.message import TRACEPARENT, Message

DEPTH = "causationDepth"
"""The metadata key that counts how many reactions led to an event."""
DEEPEST = 32


class Causation(Mapping[str, Any]):
    """The metadata of what is appended while an event is handled.

    Actor is the handler; the correlation id is that of the event, or else its id; the causation id is its id.

    Args:
        message: the event and its handler.
    """

    __slots__ = ("_found", "_message")

    def __init__(self, message: Message) -> None:
        self._message = message
        self._found: dict[str, Any] | None = None

    def __getitem__(self, key: str) -> Any:
        return self._read()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def _read(self) -> dict[str, Any]:
        if self._found is None:
            message = self._message
            depth = message.metadata.get(DEPTH, 0)
            depth = depth if isinstance(depth, int) else 0
            if depth >= DEEPEST:
                raise CausationTooLong(
                    f"{message.handler} would react to a reaction to a reaction, {DEEPEST} deep, at version"
                    f" {message.version} of {message.stream}: handlers answer each other in a circle.",
                    handler=message.handler,
                    stream=message.stream,
                    version=message.version,
                )
            self._found = {
                "actor": f"handler:{message.handler}",
                "correlationId": message.correlation_id,
                "causationId": str(message.event_id),
                DEPTH: depth + 1,
            }
            if message.traceparent is not None:
                self._found[TRACEPARENT] = message.traceparent
        return self._found
