"""The borders of a copy: the only cursors that it can be read from and up to."""

from collections.abc import Sequence

from eventfold.errors import CheckpointBeyondHead, CursorInvalid, ForeignCursor
from eventfold.feed.cursor import Cursor, compare_marks
from eventfold.readmodels.lakecopy.port import CopyStamp, CopyTable


class Borders:
    """What is known of the commits of a copy; it grows, and is looked up by cursor.

    Args:
        table: the copy.
    """

    def __init__(self, table: CopyTable) -> None:
        self._table = table
        self._found: Sequence[CopyStamp] = ()
        self._places: dict[str, int] = {}

    def now(self) -> Sequence[CopyStamp]:
        """Those of now; empty where there is no copy."""
        found = self._table.borders()
        if self._found and (len(found) < len(self._found) or found[len(self._found) - 1] != self._found[-1]):
            self._found, self._places = (), {}  # made anew
        for border in found[len(self._found) :]:
            self._places[border.cursor.to_json()] = border.commit
        self._found = tuple(found)
        return self._found

    def index(self, cursor: Cursor) -> int:
        """The number of a border.

        Raises:
            CursorInvalid: it stands between two borders, which are named.
            ForeignCursor: another event stands there in the copy.
            CheckpointBeyondHead: the copy has not come as far.
        """
        found = self._places.get(cursor.to_json())
        if found is not None:
            return found
        low = self.before(cursor)
        order = compare_marks(cursor, low.cursor)
        if order == "equal" and not any(mark.token for mark in cursor.marks.values()):
            raise ForeignCursor(
                f"Another event stands {place(low)} of the lake copy than when this cursor was written: the log was"
                " restored or swapped since. Rebuild what follows it, `eventfold rebuild`, or open the right lake,"
                " --lake FOLDER."
            )
        if low.commit == self._found[-1].commit and order != "equal":
            raise CheckpointBeyondHead(
                f"The copy in the lake ends {place(low)}, and the cursor stands beyond: read the log, or let `eventfold"
                " run` copy it."
            )
        raise self.no_border("at this cursor", low, self._found[min(low.commit + 1, len(self._found) - 1)])

    def before(self, cursor: Cursor) -> CopyStamp:
        """The last border of which every mark is at or before that of the cursor."""
        return next(
            (b for b in reversed(self._found) if compare_marks(b.cursor, cursor) in {"before", "equal"}),
            self._found[0],
        )

    def at_position(self, position: int) -> CopyStamp:
        """The border at a position, where the log has a total order.

        Raises:
            CursorInvalid: none stands there.
        """
        low, high = 0, len(self._found) - 1
        while low < high:
            middle = (low + high + 1) // 2
            if self._found[middle].position <= position:
                low = middle
            else:
                high = middle - 1
        if self._found[low].position != position:
            raise self.no_border(f"at position {position}", self._found[low], self._found[low + 1])
        return self._found[low]

    def no_border(self, where: str, low: CopyStamp, high: CopyStamp) -> CursorInvalid:
        """What is said of a place between two borders."""
        return CursorInvalid(
            f"The copy in the lake has no border {where}: the next are {place(low)} and {place(high)}. Read it from the"
            " former, which gives some events once more, or read the log itself.",
            lower=low.cursor.to_json(),
            upper=high.cursor.to_json(),
        )


def place(border: CopyStamp) -> str:
    """Where a border stands, for a sentence."""
    if len(border.cursor.marks) > 1:
        return f"after commit {border.commit:,}"
    return f"at position {border.position:,}"
