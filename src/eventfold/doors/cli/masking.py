"""Secrets are never shown: not in an answer, not in an error, not by `config`."""

import os

from eventfold.handlers.targets.repeating import MASK, without_secrets


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
    return without_secrets(text)


def has_secret(text: str) -> bool:
    """Whether a setting carries a secret."""
    return masked(text) != text
