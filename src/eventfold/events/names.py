"""The names under which event types are stored, and which characters of a name nobody sees."""

import re
import unicodedata
from functools import lru_cache

from eventfold import limits
from eventfold.errors import EventTypeInvalid

_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _\-.:/()&+,]*")
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""What Unicode lets programs leave out (Default_Ignorable_Code_Point), bidirectional controls among it, and blanks."""


@lru_cache(maxsize=4096)
def hidden_in(name: str) -> str:
    """The first invisible or bidirectional character of a name, `U+200B ZERO WIDTH SPACE`; empty where it has none."""
    found = _HIDDEN.search(name)
    if found is None:
        return ""
    return f"U+{ord(found[0]):04X} {unicodedata.name(found[0], '')}".rstrip()


@lru_cache(maxsize=4096)
def check_event_type(name: str) -> str:
    """Returns `name` if it may be stored as an event type.

    Args:
        name: 1 to 128 letters, digits and ` _-.:/()&+,`, beginning with a letter or digit, not ending with a space.

    Raises:
        EventTypeInvalid: otherwise.
    """
    if len(name) > limits.EVENT_TYPE_CHARS or not _TYPE.fullmatch(name) or name.endswith(" "):
        raise EventTypeInvalid(
            f"{name[:140]!r} cannot be an event type: use 1 to {limits.EVENT_TYPE_CHARS} letters, digits and"
            " ' _-.:/()&+,', beginning with a letter or digit.",
            type=name[:140],
        )
    return name
