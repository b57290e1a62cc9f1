"""One write inside a transaction: check the expectation, insert, or say why not."""

import json
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import apsw
import msgspec

from eventfold.errors import EventIdReused, PartialDuplicate, PayloadInvalid, WrongExpectedVersion
from eventfold.events.envelope import NewEvent
from eventfold.feed.cursor import Token
from eventfold.store.port import ANY, EXISTS, Appended, Expected, Write
from eventfold.store.sqlite.names import Interning
from eventfold.store.sqlite.statements import SQL

PARTITION = "0"
_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(order="sorted", decimal_format="number").encode


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
            raise _wrong_version(write, version)
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
        if not found:
            return None
        for event in write.events:
            row = found.get(event.id.bytes)
            if row is not None and (row[1] != write.stream or not _same_content(event, row)):
                where = "with other content" if row[1] == write.stream else f"in the stream {row[1]}"
                raise EventIdReused(
                    f"The event id {event.id} is stored already, {where}; every new event needs a new id.",
                    event_id=event.id,
                    stream=write.stream,
                )
        versions = [found[event.id.bytes][2] for event in write.events if event.id.bytes in found]
        in_a_row = all(b == a + 1 for a, b in pairwise(versions))
        if len(versions) < len(write.events) or not in_a_row:
            raise PartialDuplicate(
                f"{len(versions)} of these {len(write.events)} events are stored in {write.stream} already, but not as"
                " one append; repeat an append only as it was.",
                stream=write.stream,
                known=len(versions),
                given=len(write.events),
            )
        last = found[write.events[-1].id.bytes]
        return Appended(last[2], self._token(last[0]), deduplicated=True)

    def _token(self, position: int) -> Token:
        return Token(self._log_id, {PARTITION: position})


def _as_expected(expected: Expected, version: int) -> bool:
    if expected is ANY:
        return True
    if expected is EXISTS:
        return version > 0
    return expected == version


def _same_content(event: NewEvent, row: tuple[object, ...]) -> bool:
    _, _, _, stored_type, schema_version, _, _, _, data, _ = row
    if stored_type != event.type or schema_version != event.schema_version:
        return False
    return data == event.data or _canonical(str(data)) == _canonical(event.data)


def _canonical(data: str) -> bytes:
    """The JSON with its keys sorted, to be compared as text: 1, 1.0 and true are equal in Python."""
    return _encode(_decode(data))


def _wrong_version(write: Write, actual: int) -> WrongExpectedVersion:
    expected = write.expected.value if not isinstance(write.expected, int) else write.expected
    return WrongExpectedVersion(
        f"The stream {write.stream} is at version {actual}, not {expected}: read it again and decide anew.",
        stream=write.stream,
        expected=expected,
        actual=actual,
    )
