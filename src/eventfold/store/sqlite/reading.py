"""Reading streams: page by page, each page one finished statement, so that no reader holds the file."""

import json
from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from eventfold import limits
from eventfold.events.envelope import RecordedEvent
from eventfold.events.ids import check_id
from eventfold.sqlite.connect import Pool, fetch
from eventfold.store.checks import check_range
from eventfold.store.names import category_of, checked_streams
from eventfold.store.port import StreamEnd, StreamInfo
from eventfold.store.sqlite.names import Names
from eventfold.store.sqlite.statements import SQL

PAGE = 1000
IDS = 500


class Reading:
    """The questions about streams.

    Args:
        pool: connections for reading.
        streams: the names that are known.
        types: the names that are known.
    """

    def __init__(self, pool: Pool, streams: Names, types: Names) -> None:
        self._pool = pool
        self._streams = streams
        self._types = types

    def read(
        self, stream: str, after: int, to: int | None, limit: int | None, *, backwards: bool
    ) -> Iterator[RecordedEvent]:
        """As `Store.read`."""
        category_of(stream)
        check_range(after, to, limit)
        return self._pages(stream, after, limits.INT_MAX if to is None else to, limit, backwards=backwards)

    def _pages(
        self, stream: str, after: int, to: int, limit: int | None, *, backwards: bool
    ) -> Iterator[RecordedEvent]:
        number = self._number(stream)
        left = limits.INT_MAX if limit is None else limit
        statement = SQL["read_backwards" if backwards else "read_forwards"]
        while number is not None and left > 0 and after < to:
            with self._pool.reading() as connection:
                rows = fetch(connection, statement, (number, after, to, min(PAGE, left)))
                types = self._types.resolve(connection, {row[2] for row in rows})
            for p, v, t, s, i, r, o, d, m in rows:
                if self._pool.closed:
                    self._pool.check()
                yield RecordedEvent(p, stream, v, types[t], s, i, r, o, d, m)
            self._pool.check()
            if len(rows) < PAGE:
                return
            left -= len(rows)
            if backwards:
                to = rows[-1][1] - 1
            else:
                after = rows[-1][1]

    def head(self, stream: str) -> int:
        """As `Store.head`."""
        category_of(stream)
        number = self._number(stream)
        if number is None:
            return 0
        with self._pool.reading() as connection:
            return connection.execute(SQL["stream_version"], (number,)).get or 0

    def find(self, ids: Mapping[str, Iterable[UUID]]) -> Iterator[RecordedEvent]:
        """As `Store.find`."""
        wanted = [(check_id(event_id).hex, stream) for stream, some in ids.items() for event_id in some]
        for at in range(0, len(wanted), IDS):
            page = dict(wanted[at : at + IDS])
            with self._pool.reading() as connection:
                rows = fetch(connection, SQL["find"], (json.dumps(list(page)),))
            for row in self._pool.while_open(rows):
                if page[row[5].hex()] == row[1]:
                    yield RecordedEvent(*row)

    def ends(self, streams: Iterable[str]) -> Iterator[StreamEnd]:
        """As `Store.ends`."""
        wanted = checked_streams(streams)
        for at in range(0, len(wanted), IDS):
            with self._pool.reading() as connection:
                rows = fetch(connection, SQL["ends"], (json.dumps(wanted[at : at + IDS]),))
            for name, version, event_id, recorded_us, occurred_us, metadata in self._pool.while_open(rows):
                yield StreamEnd(name, version, UUID(bytes=event_id), recorded_us, occurred_us, metadata)

    def streams(self, category: str | None) -> Iterator[StreamInfo]:
        """As `Store.streams`."""
        after = ""
        statement = SQL["streams" if category is None else "streams_of_category"]
        scope = () if category is None else (category,)
        while True:
            with self._pool.reading() as connection:
                rows = fetch(connection, statement, (*scope, after, PAGE))
            yield from (StreamInfo(*row) for row in self._pool.while_open(rows))
            if len(rows) < PAGE:
                return
            after = rows[-1][0]

    def _number(self, stream: str) -> int | None:
        number = self._streams.id(stream)
        if number is None:
            with self._pool.reading() as connection:
                row = connection.execute(SQL["stream_id"], (stream,)).fetchone()
            if row is not None:
                number = row[0]
                self._streams.remember([(row[0], stream)])
        return number
