"""Addresses of mail: a mailbox each, with or without a name, and nothing that could become a header of its own."""

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from eventfold.errors import EffectRefused

if TYPE_CHECKING:
    from email.headerregistry import Address

LONGEST = 320
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_MAILBOX = re.compile(
    r"[^\s\"(),:;<>@\[\]\\.]+(\.[^\s\"(),:;<>@\[\]\\.]+)*@[^\W_]([\w-]*[^\W_])?(\.[^\W_]([\w-]*[^\W_])?)*"
)


def address_of(text: object, what: str) -> "Address":
    """The address that a text is: `ada@example.org`, or `Ada <ada@example.org>`.

    Args:
        text: of one address.
        what: it is for, for the sentence.

    Raises:
        EffectRefused: it is none, or more than one.
    """
    from email.errors import NonASCIILocalPartDefect
    from email.headerregistry import Address, HeaderRegistry

    if isinstance(text, str) and text and len(text) <= LONGEST and not _CONTROLS.search(text):
        header: Any = None
        with suppress(ValueError, IndexError, AttributeError):  # its parser meets what it did not expect
            header = HeaderRegistry()("to", text)
        if (
            header is not None
            and len(header.groups) == 1
            and all(isinstance(defect, NonASCIILocalPartDefect) for defect in header.defects)
        ):
            (group,) = header.groups
            found = group.addresses[0] if len(group.addresses) == 1 and group.display_name is None else None
            if isinstance(found, Address) and _MAILBOX.fullmatch(found.addr_spec):
                return found
    raise EffectRefused(f"{text!r:.80} is no address of mail ({what}): write ada@example.org.")


def one_line(text: object, what: str, longest: int) -> str:
    """A text that can stand in a header.

    Raises:
        EffectRefused: it cannot: a line end in it would begin another header.
    """
    if not isinstance(text, str) or len(text) > longest or _CONTROLS.search(text):
        raise EffectRefused(
            f"The {what} of a mail is one line of text, of {longest} characters at most; {text!r:.80} is not."
        )
    return text
