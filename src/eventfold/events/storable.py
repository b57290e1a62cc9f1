"""Whether JSON text may be stored as it stands: what an append asks of data and metadata that a program wrote itself.

Most text is as machines write it, and a look is enough: read and written again it is the same, so that no key stands
twice and nothing hides in an escape. Only what differs is taken apart, to be accepted or refused by its own error.
"""

import math
from typing import Any

import msgspec

from eventfold import limits
from eventfold.errors import EventfoldError, JsonTooDeep
from eventfold.events.jsontext import compact_object
from eventfold.events.shape import RESERVED_KEY

_LONG = b"0" * len(str(limits.INT_MAX))
_DIGITS = bytes(b"0"[0] if chr(byte).isdigit() else b" "[0] for byte in range(128)) + b" " * 128
_RESERVED = RESERVED_KEY.encode()
_NUL = b"\\u0000"


def _fraction(digits: str) -> msgspec.Raw:
    if not math.isfinite(float(digits)):
        raise ValueError(digits)
    return msgspec.Raw(digits.encode())  # 1.10 stays 1.10


_decode = msgspec.json.Decoder(dict[str, Any], float_hook=_fraction).decode
_encode = msgspec.json.Encoder().encode
_value = msgspec.json.Decoder(msgspec.Raw).decode


def check_storable(text: str) -> None:
    """Refuses text that is no JSON object which every reader can take back.

    Raises:
        InvalidJson, InvalidEvent: as `compact_object`.
    """
    if not _is_plain(text):
        compact_object(text)


def is_storable(text: str) -> bool:
    """Whether `check_storable` takes it."""
    try:
        check_storable(text)
    except EventfoldError:
        return False
    return True


def is_value(text: str) -> bool:
    """Whether text is one JSON value that every reader can take apart and cut out of other JSON again as it was.

    What logs hold that were written before appends were strict may be none.
    """
    if text != text.strip():
        return False
    # a level has five characters at least, or two where there are lists: what is short is flat, if it is JSON at all
    if (
        len(text) > (2 if "[" in text else 5) * limits.JSON_DEPTH
        and text.count("{") + text.count("[") > limits.JSON_DEPTH
        and depth(text.encode()) > limits.JSON_DEPTH
    ):
        return False
    try:
        _value(text)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return False
    return True


def check_depth(text: bytes, name: str) -> None:
    """Refuses JSON that was written by us and is nested too deep.

    Args:
        text: valid JSON.
        name: of its type, for the sentence.

    Raises:
        JsonTooDeep: deeper than `limits.JSON_DEPTH`.
    """
    # as many brackets as levels are needed, so that nearly all JSON is known to be flat without a look at its levels
    if text.count(b"{") + text.count(b"[") > limits.JSON_DEPTH and depth(text) > limits.JSON_DEPTH:
        raise too_deep(name)


def too_deep(name: str) -> JsonTooDeep:
    """The error, in a sentence."""
    return JsonTooDeep(f"{name}: the data is nested deeper than {limits.JSON_DEPTH} levels.", type=name)


def depth(text: bytes) -> int:
    """How many levels of lists and maps JSON has; of other text, at least as many as a reader would count."""
    level = deepest = 0
    inside = escaped = False
    for byte in text:
        if inside:
            if escaped:
                escaped = False
            elif byte == _BACKSLASH:
                escaped = True
            elif byte == _QUOTE:
                inside = False
        elif byte == _QUOTE:
            inside = True
        elif byte in _OPENING:
            level += 1
            deepest = max(deepest, level)
        elif byte in _CLOSING:
            level -= 1
    return deepest


_QUOTE, _BACKSLASH = b'"\\'
_OPENING, _CLOSING = frozenset(b"{["), frozenset(b"}]")


def _is_plain(text: str) -> bool:
    try:
        written = text.encode()
        if written.count(b"{") + written.count(b"[") > limits.JSON_DEPTH:
            return False
        if _RESERVED in written or _NUL in written or _LONG in written.translate(_DIGITS):
            return False
        return _encode(_decode(text)) == written
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return False
