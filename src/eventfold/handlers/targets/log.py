"""`LogTarget`: each effect is told to the log of the program, for a look before there is a real target."""

import logging

import msgspec

from eventfold.handlers.declaring.message import Message
from eventfold.handlers.targets.effectline import content_of, told
from eventfold.handlers.targets.limits import checked_rate
from eventfold.handlers.targets.port import as_body

LOGGER = "eventfold.effects"
_encode = msgspec.json.Encoder().encode


class LogTarget:
    """A target that logs which effect there would be, as one line of JSON, to the logger `eventfold.effects`.

        targets={"mail": ef.LogTarget()}

    What the effect says is left out unless it is asked for: mails and webhooks carry what no log should.

    Args:
        payload: whether what the handler returned is logged too.
        level: of the log.
        rate: effects a second, at most.
    """

    def __init__(
        self, *, payload: bool = False, level: int = logging.INFO, rate: float | None = None
    ) -> None:
        self._payload = payload
        self._level = level
        self.rate = checked_rate(rate)

    def send(self, payload: object, message: Message) -> None:
        """Logs an effect.

        Raises:
            EffectRefused: it is not JSON.
        """
        body = as_body(payload)
        line = {**told(message), "mediaType": body.media_type, "bytes": len(body.content)}
        if self._payload:
            line |= content_of(body)
        logging.getLogger(LOGGER).log(self._level, "%s", _encode(line).decode())

    def close(self) -> None:
        """Nothing is held."""

    def __repr__(self) -> str:
        """What it is."""
        return "<LogTarget>"
