"""Equal rows of one file are events of their own: the second of a stream, the third, each with its own id."""

import hashlib
from uuid import UUID

from eventfold.events.ids import row_id


class Repeats:
    """Numbers the equal rows of one import; it keeps a number for each row that was seen."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._more: dict[int, int] = {}
        self._nulls: dict[int, int] = {}

    def id_of(self, stream: str, says: str, former: str) -> tuple[UUID, int]:
        """The id of the next row that says this, and how many rows before it are equal in their former form.

        Rows that are equal in that form are equal in what they say; but not the other way round, where some of them
        have nulls in other places: those alone are counted by themselves.

        Args:
            stream: of the row.
            says: the row in canonical form, without what is empty.
            former: with it; empty where it does not matter.
        """
        first = row_id(stream, says)
        repeat = self._number(first.int)
        event_id = row_id(stream, says, repeat) if repeat else first
        if ":null" not in former:
            return event_id, repeat - self._nulls.get(first.int, 0)
        self._nulls[first.int] = self._nulls.get(first.int, 0) + 1
        text = f"{stream}\n{former}".encode()
        return event_id, self._number(int.from_bytes(hashlib.blake2b(text, digest_size=16).digest()))

    def _number(self, key: int) -> int:
        if key not in self._seen:
            self._seen.add(key)
            return 0
        self._more[key] = self._more.get(key, 0) + 1
        return self._more[key]
