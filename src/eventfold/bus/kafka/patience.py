"""How long the broker is waited for: longer where it may be slow than where it is gone, and only while it is wanted."""

import time
import warnings
from collections.abc import Callable
from contextlib import suppress

from confluent_kafka import KafkaException, Producer

from eventfold.bus.kafka.failures import FAR, failure, refused, without_passage
from eventfold.bus.kafka.hearing import Hearing
from eventfold.errors import BusUnavailable

SENDING = 30.0
"""Seconds without any progress for which what was sent is waited for: a broker may hold back who sends much."""
ANSWER = 8.0
"""Seconds for which an answer to a question is waited for, and for which a broker may be gone."""
PIECE = 0.5
"""Seconds of one call, after which the next look is taken at whether to go on."""
LAST_WORD = 1.0
"""Seconds after everything was told to end in which a broker that is there still answers: who leaves has questions."""
_GRACE = 3.0
"""Seconds that a batch under way still has after everything was told to end."""


class Patience:
    """What the clients of one topic share.

    Args:
        sending: seconds for which what was sent is waited for.
    """

    def __init__(self, sending: float = SENDING) -> None:
        self.sending = sending
        self.answer = min(sending, ANSWER)
        self._stop: Callable[[], bool] = bool
        self._stopped: float | None = None

    def heed(self, stop: Callable[[], bool]) -> None:
        """From now on nothing is waited for once this is true."""
        self._stop, self._stopped = stop, None

    def is_over(self, grace: float = 0.0) -> bool:
        """Whether everything was told to end, so many seconds ago."""
        if self._stopped is None and self._stop():
            self._stopped = time.monotonic()
        return self._stopped is not None and time.monotonic() - self._stopped >= grace


class Wait:
    """The wait of a producer for one thing.

    Args:
        patience: how long.
        hearing: what the producer says.
        producer: that is waited for.
        topic: what the topic is called in sentences.
        what: is being done.
    """

    def __init__(
        self, patience: Patience, hearing: Hearing, producer: Producer, topic: str, what: str
    ) -> None:
        self._patience = patience
        self._hearing = hearing
        self._producer = producer
        self._topic = topic
        self._what = what
        hearing.listen(
            producer
        )  # that all brokers were gone once, as while nothing was sent, says nothing of now
        hearing.back()
        self._left = len(producer)
        self._since = time.monotonic()

    def step(self) -> None:
        """Looks whether it is of use to wait on; to be called between any two calls that wait.

        Raises:
            BusUnavailable: nothing moves, no broker is there, or everything was told to end.
            ConfigInvalid: the broker lets nobody in.
        """
        hearing, patience = self._hearing, self._patience
        self._producer.poll(0)
        if hearing.refusal is not None and hearing.gone():  # else others may let it in
            refusal = refused(hearing.refusal, self._topic, hearing.client)
            if refusal is not None:
                raise refusal
        now, left = time.monotonic(), len(self._producer)
        if left < self._left:
            self._since = now
            hearing.back()
        self._left = left
        if patience.is_over(_GRACE):
            raise given_up(self._topic, self._what)
        if hearing.gone() >= patience.answer:
            raise silent(self._topic, self._what, hearing.gone(), hearing)
        if now - self._since >= patience.sending:
            raise silent(self._topic, self._what, now - self._since, hearing)

    def through(self, call: Callable[[float], object]) -> None:
        """Makes a call that goes on where it was when it is repeated, until it has come to its end.

        Args:
            call: takes the seconds that it may need.

        Raises:
            EventfoldError: as `step`, or what the client reports.
        """
        while True:
            try:
                call(PIECE)
                return
            except KafkaException as error:
                if not error.args[0].retriable():
                    self._hearing.listen(self._producer)
                    raise failure(error, self._topic, self._what, self._hearing.last) from None
                self.step()


def given_up(topic: str, what: str) -> BusUnavailable:
    """The error of a wait that was ended by a word from here."""
    return BusUnavailable(
        f"{topic} had not answered yet, {what}, when this program was told to end: it goes on from there when it is"
        " started again.",
        topic=topic,
    )


def silent(topic: str, what: str, seconds: float, hearing: Hearing) -> BusUnavailable:
    """The error of a broker that nobody hears of."""
    heard = f" The client said: {without_passage(hearing.last)}." if hearing.last else ""
    return BusUnavailable(
        f"{topic} did not answer for {seconds:.0f} s, {what}; {FAR.format(hearing.servers)}{heard}",
        topic=topic,
    )


def close(producer: Producer) -> None:
    """Ends a producer in whatever state; nothing not acknowledged is sent any more, and nothing is waited for."""
    producer.purge()
    with suppress(KafkaException):
        producer.abort_transaction(1.0)
    # it warns of what was tried above; confluent-kafka 2.16 answers SystemError for one that was fenced, and closes it
    with warnings.catch_warnings(), suppress(KafkaException, SystemError):
        warnings.simplefilter("ignore", RuntimeWarning)
        producer.close()
