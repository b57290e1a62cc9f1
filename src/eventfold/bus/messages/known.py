"""Parts of messages that were checked already, by the bytes that they were: few are looked at twice."""

from typing import TypeVar

import msgspec

from eventfold import limits
from eventfold.bus.messages.faults import check_name
from eventfold.bus.messages.form import PROGRESS
from eventfold.events.document import time_us

K = TypeVar("K")
V = TypeVar("V")
_NAME_BYTES = 256
"""Of names that are kept."""
_TIME_BYTES = len("2026-01-01T00:00:00.000000Z")
_MOST_NAMES, _MOST_OTHERS = 16_384, 1_024
BETWEEN = b',"metadata":'
"""Data and metadata of a document."""
_encode = msgspec.json.Encoder().encode


class _Known(dict[K, V]):
    """Finds out what it does not know; what no relay writes is a `ValueError` or a `MessageInvalid`.

    Args:
        most: how many are kept.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def __missing__(self, key: K) -> V:
        found = self.found(key)
        if len(self) >= self._most:
            self.clear()
        return self.setdefault(key, found)

    def found(self, key: K) -> V:
        """What it means."""
        raise NotImplementedError


class _Names(_Known[bytes, str]):
    """Names as text."""

    def found(self, key: bytes) -> str:
        if len(key) > _NAME_BYTES:
            raise ValueError(key)
        name = key.decode()
        check_name(name, "")
        return name


class _Numbers(_Known[bytes, int]):
    """Numbers from 1, as JSON writes them."""

    def found(self, key: bytes) -> int:
        if not key.isdigit() or key[0] == 0x30 or not 0 < int(key) <= limits.INT_MAX:
            raise ValueError(key)
        return int(key)


class _Streams(_Known[tuple[bytes, bytes], tuple[str, str, bytes]]):
    """A stream and the type of an event, and what they are in a document, with what stands around them."""

    def found(self, key: tuple[bytes, bytes]) -> tuple[str, str, bytes]:
        stream, event_type = NAMES.found(key[0]), NAMES[key[1]]
        if event_type == PROGRESS:
            raise ValueError(key)
        named = _encode(stream), _encode(event_type)
        return stream, event_type, b'","aggregateId":%b,"eventType":%b,"version":' % named


class _Moments(_Known[bytes, tuple[int, bytes]]):
    """Times as `time_text` writes them, in microseconds since 1970, and what they are in a document."""

    def found(self, key: bytes) -> tuple[int, bytes]:
        us = time_us(key.decode()) if len(key) == _TIME_BYTES else None
        if us is None:
            raise ValueError(key)
        return us, b',"timestamp":"%b","data":' % key


class _Schemas(_Known[bytes, tuple[int, bytes]]):
    """Versions of a schema, and how a document ends whose metadata say nothing more."""

    def found(self, key: bytes) -> tuple[int, bytes]:
        return NUMBERS[key], b'%b{"schemaVersion":%b}}' % (BETWEEN, key)


NAMES, NUMBERS = _Names(_MOST_OTHERS), _Numbers(_MOST_OTHERS)
STREAMS, MOMENTS, SCHEMAS = _Streams(_MOST_NAMES), _Moments(_MOST_OTHERS), _Schemas(_MOST_OTHERS)
