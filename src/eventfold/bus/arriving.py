"""What of one partition of a topic is new to a reader, and whether something before it is missing.

A relay that was in doubt sends again; what is at or below a place that was reached is left out. Each event names the
one before it, and each record of progress those that it counts on, so that a reader sees a hole where there is one: of
what a topic has forgotten, and of what was overtaken.
"""

from collections.abc import Mapping

from eventfold.bus.marks import Marks, Place
from eventfold.bus.messages.envelopes import EventEnvelope
from eventfold.bus.messages.form import Progress
from eventfold.errors import FeedBroken
from eventfold.feed.cursor import Cursor


class Arriving:
    """One partition of a topic as one reader has read it.

    Args:
        marks: the last event of each partition of the log that was read.
        progress: how far the relay had come at the last record of it; None where none was read.
    """

    def __init__(self, marks: Mapping[str, Place] | None = None, progress: Cursor | None = None) -> None:
        self.marks = Marks(marks)
        self.progress = progress
        self.doubled = 0
        """Events that were there already."""

    def is_new(self, sent: EventEnvelope) -> bool:
        """Whether an event has not been read yet; it has now.

        Raises:
            FeedBroken: an event before it is missing.
        """
        name = sent.partition
        reached = self.marks.reached(name)
        if sent.place <= reached:
            self.doubled += 1
            return False
        if sent.before > reached:
            raise _hole(name, reached, sent.before)
        self.marks.add(name, sent.place)
        return True

    def told(self, progress: Progress) -> None:
        """All up to its cursor that belongs here has been read.

        Raises:
            FeedBroken: an event that it counts on is missing.
        """
        for name, place in progress.sent.items():
            reached = self.marks.reached(name)
            if place > reached:
                raise _hole(name, reached, place)
        self.progress = progress.cursor


def _hole(name: str, reached: Place, before: Place) -> FeedBroken:
    return FeedBroken(
        f"The topic lacks events of partition {name} of the log: after position {reached.position} it goes on behind"
        f" position {before.position}. Nothing of it was handled; fill a new topic from the log, and follow that.",
        partition=name,
    )
