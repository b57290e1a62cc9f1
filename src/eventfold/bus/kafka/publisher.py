"""Sends messages one by one for many threads, through one client: each waits for its own acknowledgement."""

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any, Literal

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as Report

from eventfold.bus.kafka.failures import failure, refused
from eventfold.bus.kafka.hearing import Hearing
from eventfold.bus.kafka.probing import mismatch
from eventfold.bus.messages.form import Headers
from eventfold.errors import BusUnavailable, ConfigInvalid, EffectRefused

_log = logging.getLogger("eventfold.handlers")
_HEARS = 0.2
"""Seconds for which reports are waited for at once."""
_SPARE = 2.0
"""Seconds beyond the limit of the client after which its report is not waited for any more."""
_PROBED = 30.0
"""Seconds between two looks at how a port wants to be spoken to, where nobody answers in the way it is."""
_UNKNOWN = 5.0
"""Seconds for which a topic that nobody knows is waited for: it may be new."""
_UNFIT = {
    KafkaError.MSG_SIZE_TOO_LARGE,
    KafkaError.RECORD_LIST_TOO_LARGE,
    KafkaError.INVALID_MSG_SIZE,
    KafkaError.INVALID_MSG,
    KafkaError.INVALID_RECORD,
    KafkaError.INVALID_TIMESTAMP,
    KafkaError.POLICY_VIOLATION,
}
"""That the topic does not take a message, or one of those it was sent with."""
_ENDED = {
    KafkaError._FATAL,  # noqa: SLF001 - names of the client
    KafkaError._FENCED,  # noqa: SLF001
    KafkaError._STATE,  # noqa: SLF001
    KafkaError.INVALID_PRODUCER_EPOCH,
    KafkaError.PRODUCER_FENCED,
    KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER,
    KafkaError.UNKNOWN_PRODUCER_ID,
}
"""That a client is of no more use."""
Verdict = Literal["unfit", "ended", "failed"]


class KafkaPublisher:
    """Implements `Publisher`.

    Args:
        client: settings of librdkafka: where the broker is and how to speak to it.
        topic: the topic.
        is_idempotent: whether the broker tells a message that the client sends a second time.
        timeout: seconds for one message.
    """

    def __init__(self, client: Mapping[str, Any], topic: str, *, is_idempotent: bool, timeout: float) -> None:
        self._client = dict(client)
        self._topic = topic
        self._timeout = timeout
        self._settings: dict[str, Any] = {
            "enable.idempotence": is_idempotent,
            "acks": "all",
            "partitioner": "murmur2_random",  # a key goes where Kafka's own producers send it
            "message.timeout.ms": int(timeout * 1_000),
            "topic.metadata.propagation.max.ms": int(min(timeout / 2, _UNKNOWN) * 1_000),
            "linger.ms": 1,
        }
        self._lock = threading.Lock()
        self._lines: dict[str, _Line] = {}
        self._closed = False
        self._probed_at = float("-inf")
        self._wrong: ConfigInvalid | None = None

    def publish(self, key: bytes | None, value: bytes, headers: Headers) -> None:
        """Beside those of other threads; what was refused with others is tried alone before it is believed."""
        for alone in (False, True):
            line = self._line(alone=alone)
            outcome = line.send(self._topic, key, value, headers)
            if not outcome.wait(self._timeout + _SPARE):
                raise self._mismatch(line) or BusUnavailable(
                    f"{self._topic} gave no answer within {self._timeout:g} s.", topic=self._topic
                )
            if outcome.verdict is None:
                line.hearing.forget()
                line.hearing.back()
                return
            if outcome.verdict == "ended":
                self._drop(line)
            if outcome.verdict != "unfit":
                raise self._failure(outcome, line)
        raise EffectRefused(
            f"The topic {self._topic} does not take the message, of {len(value):,} bytes: {outcome.said}.",
            target=self._topic,
            status=None,
        )

    def close(self) -> None:
        """What is not acknowledged is given up."""
        with self._lock:
            self._closed = True
            lines, self._lines = list(self._lines.values()), {}
        for line in lines:
            line.close()

    def _line(self, *, alone: bool) -> "_Line":
        name = "alone" if alone else "together"
        with self._lock:
            if self._closed:
                raise BusUnavailable(
                    f"Nothing is sent to {self._topic} any more: it was closed.", topic=self._topic
                )
            if name not in self._lines:
                more = {"batch.num.messages": 1} if alone else {}
                self._lines[name] = _Line(self._client, {**self._settings, **more}, self._topic)
            return self._lines[name]

    def _drop(self, line: "_Line") -> None:
        """The next message gets another client."""
        with self._lock:
            found = [name for name, one in self._lines.items() if one is line]
            for name in found:
                del self._lines[name]
        if found:
            _log.info("The client that sent to %s is replaced.", self._topic)
            threading.Thread(target=line.close, name=f"closing {self._topic}", daemon=True).start()

    def _failure(self, outcome: "_Outcome", line: "_Line") -> Exception:
        hearing = line.hearing
        if hearing.refusal is not None:
            found = refused(hearing.refusal, self._topic, self._client)
            if found is not None:
                return found
        if (wrong := self._mismatch(line)) is not None:
            return wrong
        if outcome.error is None or outcome.verdict == "ended":
            return BusUnavailable(
                f"{self._topic} did not answer, sending: {outcome.said}.", topic=self._topic
            )
        return failure(outcome.error, self._topic, "sending", hearing.last, was_there=False)

    def _mismatch(self, line: "_Line") -> ConfigInvalid | None:
        """What is wrong where TLS is spoken to a port without it, or the other way round; the port is asked seldom."""
        if not line.hearing.gone():
            return None
        with self._lock:
            is_due = time.monotonic() - self._probed_at >= _PROBED
            if is_due:
                self._probed_at = time.monotonic()
        if is_due:
            self._wrong = mismatch(self._client, self._topic)
        return self._wrong


class _Outcome:
    """What becomes of one message."""

    def __init__(self) -> None:
        self.verdict: Verdict | None = None
        self.error: KafkaError | None = None
        self.said = ""
        self._known = threading.Event()

    def wait(self, seconds: float) -> bool:
        """Until it is known; whether it is."""
        return self._known.wait(seconds)

    def told(self, error: KafkaError | None, _message: Report | None = None) -> None:
        """The client reports."""
        if error is not None:
            code = error.code()
            self.error, self.said = error, error.str()
            self.verdict = "unfit" if code in _UNFIT else "ended" if code in _ENDED else "failed"
        self._known.set()

    def ended(self, said: str) -> None:
        """There is no client any more."""
        self.verdict, self.said = "ended", said
        self._known.set()


class _Line:
    """One client, and the thread that hears its reports."""

    def __init__(self, client: Mapping[str, Any], settings: Mapping[str, Any], topic: str) -> None:
        self.hearing = Hearing()
        self._producer = Producer({**self.hearing.settings(client), **settings})
        self._lock = threading.Lock()
        self._ended = False
        self._thread = threading.Thread(target=self._hear, name=f"reports of {topic}", daemon=True)
        self._thread.start()

    def send(self, topic: str, key: bytes | None, value: bytes, headers: Headers) -> _Outcome:
        outcome = _Outcome()
        with self._lock:  # a client that is closed meanwhile would not survive it
            if self._ended:
                outcome.ended("it was closed")
                return outcome
            try:
                self._producer.produce(topic, value, key, on_delivery=outcome.told, headers=headers)
            except KafkaException as error:
                outcome.told(error.args[0])
            except BufferError:
                outcome.ended("its queue is full")
                outcome.verdict = "failed"
        return outcome

    def close(self) -> None:
        """Whoever waits is told that it was given up."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
        self._producer.purge()
        self._thread.join()
        self._producer.poll(0)
        self._producer.close()

    def _hear(self) -> None:
        while not self._ended:
            self._producer.poll(_HEARS)
