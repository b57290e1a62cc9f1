"""Texts in other encodings than UTF-8: which there are, and bytes that are none of them."""

import codecs

from eventfold.errors import ConfigInvalid

_OF_PROGRAMS = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape", "utf-7"})
ESCAPED = "eventfold.escaped"
"""Bytes that are no text become lone surrogates, so that only their row is refused, whatever the encoding."""


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udc80" * (error.end - error.start), error.end


codecs.register_error(ESCAPED, _escape)


def encoding_of(name: str) -> str:
    """The encoding of a name, as Python calls it.

    Raises:
        ConfigInvalid: there is none, or it is no encoding of text.
    """
    try:
        found = codecs.lookup(name)
        is_text = bool("a".encode(found.name)) and found.name not in _OF_PROGRAMS
    except (LookupError, ValueError):
        is_text = False
    if not is_text:
        raise ConfigInvalid(
            f"{name!r:.60} is no encoding of text: utf-8, utf-16, latin-1 and cp1252 are some.",
            key="encoding",
        )
    return found.name
