"""What a server says, made fit to be repeated: short, on one line, without what it was told in confidence."""

import re
from collections.abc import Iterable

MOST = 160  # characters
MASK = "***"
_PART = r"[^\s<>()\[\]\"',;:@/]"
# it begins where a word begins, and gives nothing back: else a long text without blanks takes time squared
_ADDRESS = re.compile(rf"(?<!{_PART})({_PART}){_PART}*+@({_PART}++)")
_USER = re.compile(
    r"(?<=://)(?!(?<=abfss://)(?:[a-z0-9-]++|CONTAINER)@)[^/@\s]*+@"
)  # there a container stands before the @
_PAIR = re.compile(
    r"((?:^|[?&;\s])[\w-]*(?:key|secret|token|password|pwd|sig|signature)=)[^&;\s'\"]+", re.IGNORECASE
)
_CONTROLS = re.compile(r"[^ -~\u00a1-\u2027\u202f-\ud7ff]+")


def without_addresses(text: str) -> str:
    """A text for a log: of an address of mail its first letter and its domain, as in `a***@example.org`."""
    return _ADDRESS.sub(r"\1***@\2", text)


def without_secrets(text: str) -> str:
    """A text without what stands before the `@` of a URL, and without the values of keys and passwords."""
    return _PAIR.sub(rf"\1{MASK}", _USER.sub(f"{MASK}@", text))


def repeated(said: bytes, secrets: Iterable[str]) -> str:
    """The beginning of what was said, as the end of a sentence: a colon and its words; empty where it said nothing.

    Args:
        said: of a server, which may be an enemy.
        secrets: what is taken out, the longest first: servers repeat what they were sent.
    """
    text = said.decode(errors="replace")
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    plain = " ".join(_CONTROLS.sub(" ", text[: 4 * MOST]).split())
    if not plain:
        return ""
    return f": {plain if len(plain) <= MOST else plain[: MOST - 1] + '…'}".rstrip(".")
