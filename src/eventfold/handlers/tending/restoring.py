"""A restore that goes on, as handlers see it: those that begin meanwhile are held too, until they stand at its end."""

from eventfold.feed.effects.port import Effects, Name
from eventfold.handlers.records import RESTORE, Held
from eventfold.handlers.tending.moving import holds

LOG = "eventfold.restore"
"""What stands in the place of a handler where the log as a whole is held: no handler is called so."""


def announce(effects: Effects, held: Held) -> None:
    """From now on who begins is held.

    Raises:
        StorageError: that is not known; repeat it.
    """
    effects.note(LOG, [held.note(RESTORE)])


def announced(effects: Effects) -> Held | None:
    """The restore that goes on, or was interrupted."""
    return holds(effects, LOG).get(RESTORE)


def withdraw(effects: Effects) -> None:
    """It is over."""
    effects.note(LOG, drop=[Name(Held.kind, RESTORE)])


def held_by_it(effects: Effects) -> list[str]:
    """The handlers that wait for the end of a restore."""
    return [reader for reader in effects.readers() if RESTORE in holds(effects, reader)]
