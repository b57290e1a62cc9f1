"""The names under which event types are stored."""

import re
from functools import lru_cache

from eventfold import limits
from eventfold.errors import EventTypeInvalid

_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _\-.:/()&+,]*")


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
