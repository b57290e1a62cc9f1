"""Stream and type names are stored once and referred to by number; a bounded memory spares the look-up."""

import json
from collections.abc import Iterable

import apsw

from eventfold.errors import StorageFailed
from eventfold.sqlite.connect import fetch
from eventfold.store.names import category_of
from eventfold.store.sqlite.statements import SQL

MEMORY = 100_000


class Names:
    """What is known of committed names: both directions, bounded, safe to share between threads.

    Only committed pairs may enter: a number given inside a transaction that is rolled back will be given again.
    """

    def __init__(self, of_ids: str) -> None:
        self._of_ids = of_ids
        self._names: dict[int, str] = {}
        self._ids: dict[str, int] = {}

    def id(self, name: str) -> int | None:
        """The number of a name, if it is remembered."""
        return self._ids.get(name)

    def remember(self, pairs: Iterable[tuple[int, str]]) -> None:
        """Keeps committed pairs; forgets everything when there are too many."""
        if len(self._names) > MEMORY:
            self._names, self._ids = {}, {}
        for number, name in pairs:
            self._names[number] = name
            self._ids[name] = number

    def resolve(self, connection: apsw.Connection, numbers: Iterable[int]) -> dict[int, str]:
        """Number -> name for at least the given numbers, asked for in one query where they are not remembered.

        Raises:
            StorageFailed: the file is damaged, a number has no name.
        """
        names = self._names
        missing = [number for number in set(numbers) if number not in names]
        if missing:
            found = fetch(connection, self._of_ids, (json.dumps(missing),))
            if len(found) < len(missing):
                lost = min(set(missing) - {number for number, _ in found})
                raise StorageFailed(
                    f"{connection.filename or 'The log'} is damaged: events refer to the name {lost}, which is not"
                    " there. Restore a backup.",
                    path=connection.filename,
                )
            self.remember(found)
            if names is not self._names:  # it was too full: give this caller old and new together
                return {**names, **dict(found)}
        return names


class Interning:
    """Gives numbers to names inside one write transaction; they become known when it has committed."""

    def __init__(self, connection: apsw.Connection, streams: Names, types: Names) -> None:
        self._connection = connection
        self._streams = streams
        self._types = types
        self._new_streams: dict[str, int] = {}
        self._new_types: dict[str, int] = {}

    def find_stream(self, name: str) -> int | None:
        """The number of a stream; None where it has never been written."""
        known = self._streams.id(name) or self._new_streams.get(name)
        if known is None and (row := self._connection.execute(SQL["stream_id"], (name,)).fetchone()):
            known = self._new_streams[name] = row[0]
        return known

    def make_stream(self, name: str) -> int:
        """The number of a stream that is written for the first time."""
        number: int = self._connection.execute(SQL["insert_stream"], (name, category_of(name))).get
        self._new_streams[name] = number
        return number

    def type(self, name: str) -> int:
        """The number of an event type."""
        known = self._types.id(name) or self._new_types.get(name)
        if known is None:
            row = self._connection.execute(SQL["type_id"], (name,)).fetchone()
            known = row[0] if row else self._connection.execute(SQL["insert_type"], (name,)).get
            self._new_types[name] = known
        return known

    def forget(self) -> None:
        """After a rollback to a savepoint: what was interned may be gone."""
        self._new_streams.clear()
        self._new_types.clear()

    def committed(self) -> None:
        """After COMMIT: makes the numbers known to everybody."""
        for known, new in ((self._streams, self._new_streams), (self._types, self._new_types)):
            if new:
                known.remember((number, name) for name, number in new.items())
