"""One write inside a transaction: check the expectation, insert, or say why not."""

import json
from collections.abc import Sequence
from typing import Any

import apsw

from eventfold import limits
from eventfold.errors import PayloadInvalid, TimeInvalid
from eventfold.events.envelope import NewEvent
from eventfold.feed.cursor import Token
from eventfold.store.checks import check_recorded
from eventfold.store.port import ANY, EXISTS, Appended, Expected, Write
from eventfold.store.repeats import Known, repeated, wrong_version
from eventfold.store.sqlite import regular
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
        position, last_us = connection.execute(SQL["log_head"]).fetchone() or (0, limits.TIME_MIN_US)
        self.position: int = position
        self.last_us: int = last_us
        self._now_us = now_us
        self._restores = False

    def append_together(self, writes: Sequence[Write]) -> list[Appended] | None:
        """Writes the events of several streams by one statement, which is what nearly every append needs.

        None where something is not as expected or stored already: the caller rolls back to where it was and lets
        `append` look at each write by itself.
        """
        versions: dict[int, int] = {}
        rows: list[tuple[Any, ...]] = []
        answers: list[Appended] = []
        position, last_us = self.position, self.last_us
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
            times = self._recorded(write.events, last_us)
            if times[0] < last_us or not _grows(times):
                return None
            rows += self._rows(position, stream, version, write.events, times)
            last_us = times[-1]
            versions[stream] = version = version + len(write.events)
            position += len(write.events)
            answers.append(Appended(version, self._token(position)))
        try:
            self.connection.executemany(SQL["insert_event"], rows)
        except apsw.ConstraintError:
            return None
        self._note(rows)
        self.position, self.last_us = position, last_us
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
        times = self._recorded(write.events, self.last_us)
        try:
            check_recorded(write.stream, times, self.last_us)
        except TimeInvalid:
            known = self._settled(write)
            if known is None:
                raise
            return known
        if stream is None:
            stream = self.names.make_stream(write.stream)
        try:
            self._insert(stream, version, write.events, times)
        except apsw.ConstraintError as error:
            known = self._settled(write)
            if known is None:
                raise PayloadInvalid(f"SQLite refused the events of {write.stream}: {error}.") from error
            return known
        return Appended(version + len(write.events), self._token(self.position))

    def _insert(self, stream: int, version: int, events: Sequence[NewEvent], times: Sequence[int]) -> None:
        rows = self._rows(self.position, stream, version, events, times)
        self.connection.executemany(SQL["insert_event"], rows)
        self._note(rows)
        self.position += len(rows)
        self.last_us = times[-1]

    def _recorded(self, events: Sequence[NewEvent], last_us: int) -> list[int]:
        """Their recorded times: now, or later where a clock was ahead; as given, where they are restored."""
        now_us = max(self._now_us, last_us)
        given = [event.recorded_us for event in events]
        if given.count(None) == len(given):
            return [now_us] * len(given)
        self._restores = True
        return [now_us if us is None else us for us in given]

    def _rows(
        self, position: int, stream: int, version: int, events: Sequence[NewEvent], times: Sequence[int]
    ) -> list[tuple[Any, ...]]:
        types = {name: self.names.type(name) for name in {event.type for event in events}}
        return [
            (
                position + n,
                stream,
                version + n,
                types[event.type],
                event.schema_version,
                event.id.int.to_bytes(16),
                times[n - 1],
                event.occurred_us,
                event.data,
                event.metadata,
            )
            for n, event in enumerate(events, 1)
        ]

    def _note(self, rows: Sequence[tuple[Any, ...]]) -> None:
        if self._restores:
            regular.note(self.connection, ((row[0], row[8], row[9]) for row in rows))

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


def _grows(times: Sequence[int]) -> bool:
    return len(times) == 1 or list(times) == sorted(times)


def _as_expected(expected: Expected, version: int) -> bool:
    if expected is ANY:
        return True
    if expected is EXISTS:
        return version > 0
    return expected == version
