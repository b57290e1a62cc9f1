"""Whether the events that a cursor names still stand at their places, as far as a topic can tell."""

from eventfold.bus.feed.windows import Windows
from eventfold.errors import CheckpointBeyondHead, ForeignCursor
from eventfold.feed.cursor import Cursor, Mark


def verify(cursor: Cursor, end: Cursor, windows: Windows) -> None:
    """Looks the witness of each mark up in the topic.

    Args:
        cursor: that is verified.
        end: of the topic.
        windows: give readers of it.

    Raises:
        CheckpointBeyondHead: the topic has not come so far.
        ForeignCursor: another event stands there.
    """
    if all(mark.position == 0 for mark in cursor.marks.values()):
        return
    for name, mark in cursor.marks.items():
        if mark.position > (there := end.marks.get(name, mark).position):
            raise CheckpointBeyondHead(
                f"The topic ends at position {there} of partition {name}, the cursor stands at {mark.position}: the"
                " relay has not come so far, or its log was restored from an older copy.",
                partition=name,
            )
    before = {name: Mark(max(0, mark.position - 1)) for name, mark in cursor.marks.items()}
    left = {n: m for n, m in cursor.marks.items() if m.position and m.event}
    window = windows.new(Cursor(cursor.log, before))
    try:
        while left:
            events, caught_up = windows.read_on(window, 1, None)
            for event in events:
                wanted = left.get(event.partition)
                if wanted is not None and event.position >= wanted.position:
                    if event.position > wanted.position or event.id_bytes.hex() != wanted.event:
                        raise _another(event.partition, wanted)
                    del left[event.partition]
            if caught_up:
                return
    finally:
        window.close()


def _another(name: str, mark: Mark) -> ForeignCursor:
    return ForeignCursor(
        f"Another event stands at position {mark.position} of partition {name} than when this cursor was written: the"
        " topic was filled from another copy of the log. Rebuild what follows it: `eventfold rebuild`.",
        position=mark.position,
    )
