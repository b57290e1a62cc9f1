"""Settling an append whose answer was lost: repeated with the same ids, unknown until an answer says what it was."""

from collections.abc import Callable

from eventfold.errors import Conflict, EventfoldError, OutcomeUnknown
from eventfold.store.port import Appended

ATTEMPTS = 6


def settled(append: Callable[[], Appended]) -> Appended:
    """The answer of an append, repeated while its outcome is unknown.

    Once an answer was lost, an attempt that did nothing (the service is busy, the store has fenced itself, a limit was
    reached) says nothing about the one before it: only an answer or a conflict settles it.

    Args:
        append: makes one attempt, always with the same ids, stream and expectation.

    Raises:
        OutcomeUnknown: no attempt settled it; the fact `cause` says why, where that is known.
        Conflict: as `Store.append`; nothing was written.
        EventfoldError: as `Store.append`; nothing was written, and no answer was lost.
    """
    unknown: OutcomeUnknown | None = None
    for _ in range(ATTEMPTS):
        try:
            return append()
        except OutcomeUnknown as error:
            unknown = error
        except Conflict:
            raise
        except EventfoldError as error:
            if unknown is None:
                raise
            unknown.facts.setdefault("cause", error.code)
    assert unknown is not None
    raise unknown
