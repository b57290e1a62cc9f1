"""What is said where a log is needed, and only a topic of its events is open."""

from eventfold.errors import CapabilityMissing
from eventfold.store.port import Store


def expect_log(store: Store, what: str) -> None:
    """Refuses what only the log itself can do.

    Args:
        store: what is open.
        what: is asked for, as the beginning of the sentence: "Appending".

    Raises:
        CapabilityMissing: the log is not open, but only a topic.
    """
    if not store.capabilities.has_log:
        raise only_the_log(what)


def only_the_log(what: str) -> CapabilityMissing:
    """The error of what only the log itself can do."""
    return CapabilityMissing(
        f"{what} needs the log itself, and only a topic of its events is open. Open the log, and name the topic beside"
        " it: --store URL --bus TOPIC, in Python app.open(URL, bus=TOPIC)."
    )
