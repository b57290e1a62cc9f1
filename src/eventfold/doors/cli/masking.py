"""Secrets are never shown: not in an answer, not in an error, not by `config`."""

import os
import re

MASK = "***"
_USER = re.compile(r"(?<=://)[^/@\s]*@")
_PAIR = re.compile(
    r"((?:^|[?&;\s])[\w-]*(?:key|secret|token|password|pwd|sig|signature)=)[^&;\s'\"]+", re.IGNORECASE
)


def masked(text: str, secrets: tuple[str, ...] = ()) -> str:
    """The text without what stands before the `@` of an address, without the values of keys and passwords.

    Args:
        text: for people or programs.
        secrets: names of variables of the environment whose values are masked too.
    """
    for name in secrets:
        value = os.environ.get(name, "")
        if value:
            text = text.replace(value, MASK)
    return _PAIR.sub(rf"\1{MASK}", _USER.sub(f"{MASK}@", text))


def has_secret(text: str) -> bool:
    """Whether a setting carries a secret."""
    return masked(text) != text
