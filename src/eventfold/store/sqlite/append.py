"""One write inside a transaction: check the expectation, insert, or say why not."""

import json
from collections.abc import Sequence

import apsw

from eventfold.errors import PayloadInvalid
from eventfold.events.envelope import NewEvent
from eventfold.feed.cursor import Token
from eventfold.store.port import ANY, EXISTS, Appended, Expected, Write
from eventfold.store.repeats import Known, repeated, wrong_version
from eventfold.store.sqlite.names import Interning
from eventfold.store.sqlite.statements import SQL

PARTITION = "0"


class Transaction:
    """The state of one write transaction: where the log ends and what time it is.

    Args:
        connection: inside BEGIN IMMEDIATE.
        names: gives numbers to names.
        log_id: stands in the tokens.
        now_us: the clock, read once; recorded times never decrease along positions.
    """

    def __init__(self, connection: apsw.Connection, names: Interning, log_id: str, now_us: int) -> None:
        self.connection = connection
        self.names = names
        self._log_id = log_id
        position, recorded_us = connection.execute(SQL["log_head"]).fetchone() or (0, now_us)
        self.position: int = position
        self.recorded_us = max(now_us, recorded_us)

    def append_together(self, writes: Sequence[Write]) -> list[Appended] | None:
        """Writes the events of several streams by one statement, which is what nearly every append needs.

        None where something is not as expected or stored already: the caller rolls back to where it was and lets
        `append` look at each write by itself.
        """
        versions: dict[int, int] = {}
        rows: list[tuple[object, ...]] = []
        answers: list[Appended] = []
        position = self.position
        for write in writes:
            stream = self.names.find_stream(write.stream)
            if stream is None:
                stream = self.names.make_stream(write.stream)
                version = 0
            elif stream in versions:
                version = versions[stream]
            else:
                version = self.connection.execute(SQL["stream_version"], (stream,)).get or 0
            if not _as_expected(write.expected, version):
                return None
            rows += self._rows(position, stream, version, write.events)
            versions[stream] = version = version + len(write.events)
            position += len(write.events)
            answers.append(Appended(version, self._token(position)))
        try:
            self.connection.executemany(SQL["insert_event"], rows)
        except apsw.ConstraintError:
            return None
        self.position = position
        return answers

    def append(self, write: Write) -> Appended:
        """Writes the events of one stream.

        Raises:
            Conflict: as `Store.append`; the caller rolls back to where it was.
        """
        stream = self.names.find_stream(write.stream)
        version: int = (
            0 if stream is None else self.connection.execute(SQL["stream_version"], (stream,)).get or 0
        )
        if not _as_expected(write.expected, version):
            known = self._settled(write)
            if known is not None:
                return known
            raise wrong_version(write.stream, write.expected, version)
        if stream is None:
            stream = self.names.make_stream(write.stream)
        try:
            self._insert(stream, version, write.events)
        except apsw.ConstraintError as error:
            known = self._settled(write)
            if known is None:
                raise PayloadInvalid(f"SQLite refused the events of {write.stream}: {error}.") from error
            return known
        return Appended(version + len(write.events), self._token(self.position))

    def _insert(self, stream: int, version: int, events: Sequence[NewEvent]) -> None:
        rows = self._rows(self.position, stream, version, events)
        self.connection.executemany(SQL["insert_event"], rows)
        self.position += len(rows)

    def _rows(
        self, position: int, stream: int, version: int, events: Sequence[NewEvent]
    ) -> list[tuple[object, ...]]:
        recorded_us = self.recorded_us
        types = {name: self.names.type(name) for name in {event.type for event in events}}
        return [
            (
                position + n,
                stream,
                version + n,
                types[event.type],
                event.schema_version,
                event.id.int.to_bytes(16),
                recorded_us,
                event.occurred_us,
                event.data,
                event.metadata,
            )
            for n, event in enumerate(events, 1)
        ]

    def _settled(self, write: Write) -> Appended | None:
        """The first answer, where all these events are stored as they are; None where none of them is.

        Only reached on a conflict: the ids of new events are not looked for before they are inserted.
        """
        ids = json.dumps([event.id.hex for event in write.events])
        found = {row[5]: row for row in self.connection.execute(SQL["find"], (ids,))}
        # rows that this very write inserted before it failed are no proof of an earlier one
        found = {key: row for key, row in found.items() if row[0] <= self.position}
        known = {key: Known(row[1], row[2], row[3], row[4], row[8]) for key, row in found.items()}
        version = repeated(write.stream, write.events, known)
        if version is None:
            return None
        last = found[write.events[-1].id.bytes]
        return Appended(version, self._token(last[0]), deduplicated=True)

    def _token(self, position: int) -> Token:
        return Token(self._log_id, {PARTITION: position})


def _as_expected(expected: Expected, version: int) -> bool:
    if expected is ANY:
        return True
    if expected is EXISTS:
        return version > 0
    return expected == version
