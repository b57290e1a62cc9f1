"""The attributes of a CloudEvent: their names, and which text they can hold."""

import re

NAME = re.compile(r"[a-z0-9]+", re.ASCII)
"""Names are of small letters and digits, since some protocols know no others."""

JSON = "application/json"
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
"""Media types."""

_URI_REFERENCE = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+", re.ASCII)


def fault_of(text: str) -> str:
    """Why text cannot be the value of an attribute; empty where it can."""
    if not text:
        return "it is empty"
    if text.isascii() and text.isprintable():
        return ""
    for character in text:
        point = ord(character)
        if point < 0x20 or 0x7F <= point <= 0x9F:
            return f"it has the control character U+{point:04X}"
        if 0xD800 <= point <= 0xDFFF:
            return "it has a lone surrogate"
        if 0xFDD0 <= point <= 0xFDEF or point & 0xFFFE == 0xFFFE:
            return f"it has U+{point:04X}, which is no character"
    return ""


def fault_of_source(text: str) -> str:
    """Why text cannot be a URI reference; empty where it can."""
    return fault_of(text) or ("" if _URI_REFERENCE.fullmatch(text) else "it is no URI reference")


def declares_json(media_type: str) -> bool:
    """Whether a media type says that data are JSON."""
    kind = media_type.partition(";")[0].strip().lower()
    return kind.endswith(("/json", "+json"))
