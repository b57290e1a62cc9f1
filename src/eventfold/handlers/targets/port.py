"""The port of targets: where effects go. A user's own target is a class with these two methods."""

from math import isfinite
from typing import Any, Protocol

import msgspec

from eventfold.errors import EffectRefused
from eventfold.handlers.declaring.message import Message


class Target(Protocol):
    """Takes effects, several at once from different threads.

    A class may have an attribute `rate`: effects a second, at most, by all handlers of this process together; above 0.
    """

    def send(self, payload: Any, message: Message) -> None:
        """Delivers an effect; returns when the other side has taken it.

        It ends within a time limit of its own: what hangs for ever holds a place of `concurrency=`.

        Args:
            payload: what the handler's function returned; of `publish`, a `Body`.
            message: the event it came from; `message.key` is the same at every repeat.

        Raises:
            EffectRefused: it will not be taken as it is, however often it is tried: after some tries its stream is
                parked. Any error that is not named here counts as this one.
            TargetUnavailable: nobody answered, or the answer was to come again later: the target pauses and no event
                is blamed.
        """

    def close(self) -> None:
        """Releases what is held. What hangs in it is left after a second, what it raises is logged."""


class Body(msgspec.Struct, frozen=True):
    """A payload as bytes.

    Attributes:
        media_type: as HTTP names it.
        content: the bytes.
    """

    media_type: str
    content: bytes


def as_body(payload: Any) -> Body:
    """A payload as bytes: itself, where it is one already, else as JSON.

    Raises:
        EffectRefused: it is not JSON.
    """
    if isinstance(payload, Body):
        return payload
    try:
        content = _encode(payload)
        if b"null" in content:  # which a number that JSON does not have is written as
            _check_numbers(msgspec.to_builtins(payload))
        return Body("application/json", content)
    except (TypeError, ValueError, RecursionError) as error:
        raise EffectRefused(f"What the handler returned is no JSON: {error}.") from None


def _check_numbers(value: Any) -> None:
    """Raises ValueError where one is NaN or infinite."""
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(f"the number {value} has no form in it")
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple):
        for one in value:
            _check_numbers(one)


_encode = msgspec.json.Encoder(decimal_format="string").encode
