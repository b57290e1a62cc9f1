"""What is wrong with a message, as errors, and attributes that are taken as what they must be."""

import re

from eventfold import limits
from eventfold.errors import MessageInvalid, TimeInvalid
from eventfold.events.document import time_us
from eventfold.events.envelope import to_us
from eventfold.events.times import parse_time

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_DIGITS = len(str(limits.INT_MAX))


def number(text: str, name: str, least: int) -> int:
    """A whole number of 64 bits.

    Raises:
        MessageInvalid: it is none, or smaller than `least`.
    """
    if text.isdigit() and text.isascii() and len(text) <= _DIGITS:
        found = int(text)
        if least <= found <= limits.INT_MAX:
            return found
    raise wrong(name, f"is {text!r:.40}, and no whole number from {least}")


def moment_us(text: str, name: str) -> int:
    """A time, microseconds since 1970.

    Raises:
        MessageInvalid: it is none.
    """
    us = time_us(text)
    if us is not None:
        return us
    try:  # another program may write the same moment otherwise
        found = parse_time(text, name)
        if found.utcoffset() is not None:
            return to_us(found)
    except TimeInvalid:
        pass
    raise wrong(name, f"is {text!r:.40}, and no time in UTC with at most six decimals")


def check_name(text: str, name: str) -> None:
    """Refuses what can be no name.

    Raises:
        MessageInvalid: it is empty, too long, or has a control character.
    """
    if 0 < len(text) <= limits.ATTRIBUTE_CHARS and text.isprintable():
        return
    if not text or _CONTROL.search(text):
        raise wrong(name, f"is {text!r:.80}, which is empty or has a control character")
    if len(text) > limits.ATTRIBUTE_CHARS:
        raise wrong(name, f"has {len(text):,} characters; at most {limits.ATTRIBUTE_CHARS:,} fit")


def tampered(what: str) -> MessageInvalid:
    """The error of a body that says something else than its headers, or is no document."""
    return MessageInvalid(
        f"The body of a message was changed on its way: {what:.200}. The log has the event as it is.",
        reason="tampered",
    )


def wrong(name: str, what: str) -> MessageInvalid:
    """The error of an attribute that cannot be what it is."""
    return MessageInvalid(f"{name!r:.42} of a message {what}.", reason="wrong", field=name[:40])


def incomplete(name: str) -> MessageInvalid:
    """The error of a message that lacks an attribute."""
    return MessageInvalid(
        f"A message has headers of ours and lacks ce_{name}: something on its way left it out.",
        reason="incomplete",
        field=name,
    )


def foreign(what: str) -> MessageInvalid:
    """The error of a message of others."""
    return MessageInvalid(
        f"A message is not one of a relay: {what:.200}. Give the topic to one log alone.", reason="foreign"
    )
