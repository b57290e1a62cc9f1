"""`after`: an effect that is due some time after its event, unless something happened by then."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from eventfold.errors import DefinitionError
from eventfold.events.event import Event
from eventfold.handlers.declaring.names import stored_names

LONGEST = timedelta(days=3_660)


class After(msgspec.Struct, frozen=True):
    """When an effect is due.

    Attributes:
        delay: counted from when the event was recorded.
        unless: stored names: a later event of the stream that is one of them cancels it.
    """

    delay: timedelta
    unless: frozenset[str] = frozenset()


def after(
    *,
    days: float = 0,
    hours: float = 0,
    minutes: float = 0,
    seconds: float = 0,
    unless: type[Event] | str | Sequence[type[Event] | str] = (),
) -> After:
    """A deadline: the effect waits this long after its event was recorded.

        @ef.notify(OrderCreated, to="mail", when=ef.after(hours=24, unless=[OrderPaid, OrderCancelled]))

    It is kept with the log, survives restarts, and fires once. Whether it is cancelled is asked of the log when it is
    due. A clock that is set back brings no deadline back.

    Args:
        days: of the delay.
        hours: of the delay.
        minutes: of the delay.
        seconds: of the delay.
        unless: types of events, or stored names.

    Raises:
        DefinitionError: no delay, a negative one, one of more than ten years, or what is no number.
    """
    given = {"days": days, "hours": hours, "minutes": minutes, "seconds": seconds}
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise DefinitionError(f"after({name}={value!r:.60}): take a number.")
    try:
        delay = timedelta(**given)
    except (ValueError, OverflowError):  # NaN, or far too much
        raise DefinitionError(f"after({_told(given)}): no time is as long as that.") from None
    if not timedelta(0) < delay <= LONGEST:
        raise DefinitionError(f"after({delay}): a deadline lies after its event, by ten years at most.")
    return After(delay, frozenset(stored_names(unless, "after(unless=...)")))


def _told(given: dict[str, float]) -> str:
    return ", ".join(f"{name}={value!r:.60}" for name, value in given.items() if value)
