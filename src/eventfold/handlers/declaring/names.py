"""Names of handlers, targets and event types, as definitions give them."""

import re
from collections.abc import Sequence

from eventfold.errors import DefinitionError
from eventfold.events.event import Event
from eventfold.events.names import check_event_type

_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,79}", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,47}", re.ASCII)


def check_name(name: object, what: str) -> str:
    """The name, if handlers and targets can be called so.

    Raises:
        DefinitionError: they cannot.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise DefinitionError(
            f"{name!r:.60} is no name of a {what}: take a small letter, then up to 47 of a-z, 0-9, _ and -."
        )
    return name


def check_target(name: object) -> str:
    """The name, if a target can be called so: as `check_name`, and behind a colon a topic may stand.

    Raises:
        DefinitionError: it cannot.
    """
    head, colon, topic = name.partition(":") if isinstance(name, str) else ("", "", "")
    if not colon:
        return check_name(name, "target")
    if not _NAME.fullmatch(head) or head == "function" or not _TOPIC.fullmatch(topic):
        raise DefinitionError(
            f"{name!r:.60} is no name of a target: in front of the colon stands a name, as kafka, behind it a"
            " topic, up to 79 of A-Z, a-z, 0-9 and ._-"
        )
    return f"{head}:{topic}"


def stored_names(types: type[Event] | str | Sequence[type[Event] | str], where: str) -> tuple[str, ...]:
    """The stored names of types that are given as classes or as such names.

    Raises:
        DefinitionError: something else is given.
    """
    given = (types,) if isinstance(types, str | type) else tuple(types)
    found = []
    for one in given:
        if isinstance(one, type) and issubclass(one, Event):
            found.append(one.stored_name)
        elif isinstance(one, str):
            found.append(check_event_type(one))
        else:
            raise DefinitionError(f"{where} takes types of events or their stored names, not {one!r:.60}.")
    return tuple(dict.fromkeys(found))
