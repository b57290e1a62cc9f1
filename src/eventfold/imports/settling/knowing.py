"""Which rows of a batch the log holds already, under the id that they have now or had in an earlier release.

The id of a row is made of what it says and of its stream. A row of another log that says the same has the same id, so
that one look-up tells of both; the metadata of the event say which it is. Where they are others, the second one's id is
made of the name of its log too.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import structs

from eventfold import limits
from eventfold.errors import Refused
from eventfold.events.envelope import RecordedEvent
from eventfold.events.ids import (
    EMPTY,
    KEYED,
    check_new_id,
    is_former_row_id,
    of_source,
    row_form,
)
from eventfold.imports.files.numbers import plain_number
from eventfold.imports.settling.formers import Formers, Place
from eventfold.imports.settling.identity import Equal, Source
from eventfold.imports.settling.prepared import Prepared, Wrong
from eventfold.store.checks import check_new_stream
from eventfold.store.port import Store, StreamEnd
from eventfold.store.repeats import canonical

IMPORTED_FROM = "importedFrom"
_WAYS = (
    "--same: they are the same rows, and known; --other: they are others, and written too; --source NAME: the name of"
    " the log that the file is part of; --id COLUMN: the column that tells one row from another"
)
_map = msgspec.json.Decoder(dict[str, Any]).decode
_raw_map = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Sorted(NamedTuple):
    """The rows of a batch by what is to be done with them; those that are known, with the event that is stored.

    None stands for an event that a row of the batch is about to be; where that one has another time or other metadata,
    the known one is also among the unlike.
    """

    new: list[Prepared]
    held: list[Prepared]
    known: list[tuple[Prepared, RecordedEvent | None]]
    changed: list[Prepared]
    refused: list[Prepared]
    unlike: list[Prepared]


class Knowing:
    """Looks rows up.

    Args:
        store: the log.
        source: where the rows come from.
        equal: what is done with rows that equal those of another log.
        keyed: the rows are named by columns, or by an id of their own.
        keep_going: what follows a refused row in its stream is not held back.
    """

    def __init__(
        self, store: Store, source: Source, equal: Equal, *, keyed: bool = False, keep_going: bool = False
    ) -> None:
        self._store = store
        self._source = source
        self._equal = equal
        self._keyed = keyed
        self._keep_going = keep_going
        self._holes: set[str] = set()
        self._there: set[str] = set()
        self._formers = Formers(source.formers)
        feed = store.feed()
        self.empty = not feed.read(feed.start(), 1).events
        """Whether the log had no events when the import began."""
        self.last: dict[str, int] = {}
        """The streams of all rows so far, and when the last event of each happened, as far as that is known."""
        self._unsure: Refused | None = None

    def sort(self, batch: Sequence[Prepared], *, everywhere: bool = False) -> Sorted:
        """Looks the rows of a batch up.

        Args:
            batch: the rows.
            everywhere: also in streams that did not exist when they were met first: another one may write them too.

        Raises:
            Refused: some equal rows of another log, and nobody said what they are.
        """
        self._meet(batch)
        asked = [row for row in batch if everywhere or row.stream in self._there]
        first = self._find(
            (row.stream, event_id)
            for row in asked
            for event_id in (row.event.id, row.content, row.earlier)
            if event_id
        )
        second = self._find(place for row in asked for place in self._more(row, first))
        if self._formers.met:
            left = [row for row in asked if not self._is_known(row, first, second)]
            if self._formers.learn(left, self._find):
                second |= self._find(place for row in left for place in self._more(row, first))
        found = Sorted([], [], [], [], [], [])
        planned: dict[Place, Prepared] = {}
        holes: set[str] = set()
        for row in batch:
            stored = self._stored(row, first, second)
            place = (row.stream, row.event.id)
            twin = None if stored is not None else planned.get(place)
            if stored is not None:
                less = row.wrong is not None or (row.reread and self._is_earlier(row, stored))
                same = less or _says_the_same(row, stored.type, stored.data)
                found.known.append((row, stored)) if same else found.changed.append(row)
            elif row.wrong is not None or self._is_refused(row):
                holes.add(row.stream)
                found.refused.append(row)
            elif twin is not None:
                same = _says_the_same(row, twin.event.type, twin.event.data)
                found.known.append((row, None)) if same else found.changed.append(row)
                if same and not _is_like(row, twin):
                    found.unlike.append(row)
            elif not self._keep_going and (row.stream in holes or row.stream in self._holes):
                found.held.append(row)
            else:
                planned[place] = row
                found.new.append(row)
        return found

    def _is_known(
        self, row: Prepared, first: dict[Place, RecordedEvent], second: dict[Place, RecordedEvent]
    ) -> bool:
        if _met(row, first) is not None or (row.content and (row.stream, row.content) in first):
            return True
        return any((row.stream, event_id) in second for _, event_id in self._formers.ids(row))

    def _is_refused(self, row: Prepared) -> bool:
        """Whether only a row that is stored already may have its id or the name of its stream."""
        if row.event.id.int in EMPTY or not row.stream.isascii():
            try:
                check_new_id(row.event.id)
                check_new_stream(row.stream, [row.event], lambda stream: stream in self._there)
            except Refused as error:
                row.wrong = Wrong(error)
        return row.wrong is not None

    def settled(self, found: Sorted) -> None:
        """The batch is done with: what comes after it is held back behind its refused rows."""
        self._holes.update(row.stream for row in found.refused)

    def _meet(self, batch: Sequence[Prepared]) -> None:
        """Looks at the ends of the streams that are met for the first time."""
        met = [stream for stream in dict.fromkeys(row.stream for row in batch) if stream not in self.last]
        self.last |= dict.fromkeys(met, limits.INT_MIN)
        if met and not self.empty:
            for end in self._store.ends(met):
                self._note(end)

    def _note(self, end: StreamEnd) -> None:
        owner = owner_of(end.metadata)
        self._there.add(end.stream)
        us = end.recorded_us if end.occurred_us is None and owner is None else end.occurred_us
        if us is not None:
            self.last[end.stream] = us
        if owner is None or (self._equal == "other" and owner != self._source.name):
            return
        if is_former_row_id(end.id):
            self._formers.met = True
            if owner not in self._formers.names:
                self._formers.names.append(owner)
        if row_form(end.id) == KEYED and not self._keyed:
            raise Refused(
                f"The log holds rows of {end.stream} that --id COLUMN told apart, from {owner!r}: say it again, or say"
                " --source NAME if these are rows of another log.",
                stream=end.stream,
                source=owner,
            )

    def _find(self, places: Iterable[Place]) -> dict[Place, RecordedEvent]:
        asked: dict[str, list[UUID]] = {}
        for stream, event_id in places:
            asked.setdefault(stream, []).append(event_id)
        return {(event.stream, event.id): event for event in self._store.find(asked)} if asked else {}

    def _more(self, row: Prepared, first: dict[Place, RecordedEvent]) -> list[Place]:
        """Where else a row may stand."""
        stored = _met(row, first)
        if stored is not None:
            if self._owner(row, stored) is None:
                return []
            return [
                *((row.stream, own) for own in self._own_ids(row)),
                *((row.stream, known) for _, known in self._own_formers(row)),
            ]
        if row.content is not None and (row.stream, row.content) in first:
            return []
        return [(row.stream, event_id) for _, event_id in self._formers.ids(row)]

    def _stored(
        self, row: Prepared, first: dict[Place, RecordedEvent], second: dict[Place, RecordedEvent]
    ) -> RecordedEvent | None:
        """The event of a row; one that is another's gets the id under which it is written."""
        stored = _met(row, first)
        if stored is not None:
            owner = self._owner(row, stored)
            if owner is None:
                return stored
            own_ids = self._own_ids(row)
            named = next((event for own in own_ids if (event := second.get((row.stream, own)))), None)
            if named is None:
                known = self._known_before(row, second)
                if known is not None:
                    return known
                self._ask(row, owner)
            row.event = structs.replace(row.event, id=own_ids[0])
            return named
        if row.content is not None and (named := first.get((row.stream, row.content))) is not None:
            return named
        if second:
            for source, event_id in self._formers.ids(row):
                stored = second.get((row.stream, event_id))
                if stored is None:
                    continue
                if source not in self._source.formers:
                    self._ask(row, source)
                    return stored
                return self._known_before(row, second)
        return None

    def _own_formers(self, row: Prepared) -> list[tuple[str, UUID]]:
        return [(name, known) for name, known in self._formers.ids(row) if name in self._source.formers]

    def _known_before(self, row: Prepared, second: dict[Place, RecordedEvent]) -> RecordedEvent | None:
        """The event that an earlier release made of the row, or of one of a file that it called by the same name."""
        for source, event_id in self._own_formers(row):
            stored = second.get((row.stream, event_id))
            if stored is not None and (self._source.sure or self._equal != "other"):
                if not self._source.sure:
                    self._unsure = self._unsure or self._question(row, source)
                return stored
        return None

    def _is_earlier(self, row: Prepared, stored: RecordedEvent) -> bool:
        """Whether an event has an id that says all of the row, as it was read when the event was made."""
        if is_former_row_id(stored.id) or stored.id == row.earlier:
            return True
        return row.earlier is not None and stored.id == of_source(row.earlier, self._source.name)

    def _own_ids(self, row: Prepared) -> list[UUID]:
        return [of_source(known, self._source.name) for known in (row.event.id, row.earlier) if known]

    def _owner(self, row: Prepared, stored: RecordedEvent) -> str | None:
        """The other log whose row an equal event is; None where it is this row."""
        if row.fixed or self._equal == "same" or stored.metadata == row.event.metadata:
            return None
        owner = owner_of(stored.metadata)
        return None if owner == self._source.name else owner

    def decide(self) -> None:
        """Asks, where a file has new rows beside such as an earlier release took under a name that other files had too.

        A file without new rows is taken for the one that was imported then: nothing of it would be written.

        Raises:
            Refused: nobody said what the equal rows are.
        """
        if self._unsure is not None and self._equal == "ask":
            raise self._unsure

    def _ask(self, row: Prepared, owner: str) -> None:
        if self._equal == "ask":
            raise self._question(row, owner)

    def _question(self, row: Prepared, owner: str) -> Refused:
        return Refused(
            f"Row {row.line} of {self._source.name!r} equals one that the log holds from {owner!r}, in the stream"
            f" {row.stream}. Say what such rows are ({_WAYS}).",
            line=row.line,
            stream=row.stream,
            source=owner,
        )


def owner_of(metadata: str) -> str | None:
    """The name of the log that an event was imported from."""
    if IMPORTED_FROM not in metadata:
        return None
    found = _map(metadata).get(IMPORTED_FROM)
    return found if isinstance(found, str) else None


def _met(row: Prepared, found: dict[Place, RecordedEvent]) -> RecordedEvent | None:
    stored = found.get((row.stream, row.event.id))
    return found.get((row.stream, row.earlier)) if stored is None and row.earlier else stored


def differs(row: Prepared, stored: RecordedEvent) -> bool:
    """Whether a row that is known would be stored with another time or other metadata now."""
    if row.wrong is not None:
        return False  # nobody knows what it would be
    if stored.occurred_or_none_us != row.event.occurred_us:
        return True
    if row.reread and not _says_the_same(row, row.event.type, stored.data):
        return True
    if stored.metadata == row.event.metadata:
        return False
    return _but(row.event.metadata, IMPORTED_FROM) != _but(stored.metadata, IMPORTED_FROM)


def _is_like(row: Prepared, twin: Prepared) -> bool:
    return (row.event.occurred_us, row.event.metadata) == (twin.event.occurred_us, twin.event.metadata)


def _says_the_same(row: Prepared, event_type: str, data: str) -> bool:
    """Whether type and data agree; a field that is null says nothing."""
    if event_type != row.event.type:
        return False
    return data == row.event.data or _but(data) == _but(row.event.data)


def _but(text: str, left_out: str = "") -> bytes:
    """A JSON object in canonical form, without its nulls and one of its fields."""
    kept = {
        name: plain_number(raw)
        for name, raw in _raw_map(text).items()
        if name != left_out and bytes(raw) != b"null"
    }
    return canonical(msgspec.json.encode(kept).decode())
