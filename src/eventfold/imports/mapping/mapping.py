"""From a row to an event: which columns say the stream, the type and the time; the others are its data."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, tzinfo
from itertools import product
from math import prod
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import structs

from eventfold import limits
from eventfold.errors import ConfigInvalid, EncodingInvalid, EventfoldError, RowInvalid, TimeInvalid
from eventfold.events.envelope import NewEvent, to_us
from eventfold.events.ids import keyed_row_id, row_id
from eventfold.events.jsontext import encode_text
from eventfold.events.metadata import check_metadata, metadata_text
from eventfold.events.names import check_new_event_type, composed
from eventfold.events.shape import check_key
from eventfold.events.times import parse_time
from eventfold.imports.files.lists import as_list, list_items
from eventfold.imports.files.rows import Cells, Row
from eventfold.imports.mapping.cells import cell_text, numbers
from eventfold.imports.mapping.naming import Naming
from eventfold.imports.settling.prepared import Prepared, Unclear, Wrong, missing
from eventfold.imports.settling.repeats import Repeats
from eventfold.store.checks import check_event
from eventfold.store.port import Capabilities

_NULL = msgspec.Raw(b"null")
_NOBODY = UUID(int=0)
_UNREAD = (KeyError, EventfoldError, msgspec.MsgspecError, UnicodeError, RecursionError)


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    r"""Which column means what; one column may be given as plain text.

    Attributes:
        stream: the columns that name the entity; several are joined by `stream_separator`, and then none may be empty,
            and only the last may hold that character: else other cells could give the same name.
        stream_separator: the character between several stream columns.
        category: stands before it in the name of the stream, with `_` for a dash, but where the value begins with it:
            `case-1` is taken as it is in the category `case`. Empty where the column holds whole stream names.
        replace: writes `%2F`, `%5C`, `%3F` and `%23` for `/ \ ? #` in names of streams, which can have none of these;
            see `replaced`. Default: such rows are refused.
        type: the columns that name the type of the event; several are joined by `type_separator`.
        event_type: the one type of all rows, instead of a column.
        type_separator: stands between several type columns.
        time: the column that says when it happened; empty = not known.
        timezone: the zone of times that have none, for example `Europe/Amsterdam`; empty = such times are refused.
        cut_times: drops what a time says finer than a microsecond, instead of refusing it.
        data: the columns that are kept as data, or `name=column` to keep one under another name; empty = all that are
            not named above.
        lists: columns whose cells hold lists, written as `['a', 'b']` or in JSON; where such a column names the entity,
            the event belongs to the stream of each.
        decimal_commas: columns whose numbers have a comma before their decimals, `1.234,50`; they become `1234.50`.
        whole: columns whose numbers are whole, and may be written `1.0`; they become `1`.
        metadata: columns that are kept as metadata, `actor=column` for example; empty cells are left out.
        id: the columns that tell a row from all others; empty = all that the row says. A row that says something else
            under the same id is refused.
        unrelated: a row whose list names no entity is none of theirs and left out, instead of refused.
    """

    stream: str | tuple[str, ...]
    stream_separator: str = "-"
    category: str = ""
    replace: bool = False
    type: str | tuple[str, ...] = ()
    event_type: str = ""
    type_separator: str = ":"
    time: str = ""
    timezone: str = ""
    cut_times: bool = False
    data: str | tuple[str, ...] = ()
    lists: str | tuple[str, ...] = ()
    decimal_commas: str | tuple[str, ...] = ()
    whole: str | tuple[str, ...] = ()
    metadata: str | tuple[str, ...] = ()
    id: str | tuple[str, ...] = ()
    unrelated: bool = False

    def __post_init__(self) -> None:
        # text is a sequence of texts too: "id" would be the columns i and d
        for name in ("stream", "type", "data", "lists", "decimal_commas", "whole", "metadata", "id"):
            given = getattr(self, name)
            if isinstance(given, str):
                structs.force_setattr(self, name, (given,) if given else ())


class Mapper:
    """Makes events of rows; the same row gives the same event id whenever and from wherever it is read.

    Args:
        mapping: which column means what.
        source: the name of the log that is imported.
        can: what the store can keep.
        naming: makes the names of streams; default: as the mapping says, without a log.
        former: whether the log may hold events of earlier releases, whose ids are made otherwise.

    Raises:
        ConfigInvalid: no stream, no type, or both a column and a constant for it; an unknown time zone; a separator of
            streams that is not one character; a source that cannot be kept.
        EventTypeInvalid: the one type of all rows cannot be one.
    """

    def __init__(
        self,
        mapping: Mapping,
        source: str,
        can: Capabilities,
        *,
        naming: Naming | None = None,
        former: bool = True,
    ) -> None:
        if not mapping.stream:
            raise ConfigInvalid("Say which column names the stream: --stream COLUMN.", key="stream")
        if bool(mapping.type) == bool(mapping.event_type):
            raise ConfigInvalid(
                "Say which column names the type, --type COLUMN, or one type for all rows, --event-type NAME.",
                key="type",
            )
        if len(mapping.stream_separator) != 1:
            raise ConfigInvalid(
                "What separates the columns of a stream, --stream-separator, is one character.", key="stream"
            )
        if mapping.event_type:
            check_new_event_type(mapping.event_type)
        self._mapping = mapping
        self._source = source
        self._can = can
        self._zone = _zone(mapping.timezone)
        self._kept = [_kept(written) for written in mapping.data]
        self._about = [_kept(written) for written in mapping.metadata]
        check_metadata({name: "" for name, _ in self._about})
        self._naming = {*mapping.stream, *mapping.type, mapping.time}
        self._used = self._naming | {column for _, column in self._about}
        self._lists_entities = not set(mapping.stream).isdisjoint(mapping.lists)
        self._encode = msgspec.json.Encoder().encode
        self._canonical = msgspec.json.Encoder(order="sorted").encode
        self._metadata = _metadata(source)
        self._former = former
        self._numbers = numbers(mapping.decimal_commas, mapping.whole)
        self._repeats = Repeats()
        self._earlier = Repeats()
        self._stream = naming or Naming(mapping.category, replace=mapping.replace)
        self._unclear: dict[tuple[str, ...], Unclear] = {}

    def __call__(self, row: Row) -> list[Prepared]:
        """The event of a row; one for each entity, where a list names several.

        Raises:
            EventfoldError: the row is no event that could be kept.
        """
        row = self._taken(row)
        if row.error is not None:
            raise row.error
        cells, mapping = row.cells, self._mapping
        keys = cells if row.plain is None else {**cells, **row.plain}
        try:
            forms = self._forms(row.cells, row.former)
        except UnicodeEncodeError:
            raise EncodingInvalid(
                "The row is not UTF-8; of CSV in another encoding say which, --encoding latin-1 for example.",
                line=row.line,
            ) from None
        try:
            if self._numbers is not None:
                read = self._numbers(cells)
                cells, keys = {**cells, **read}, {**keys, **read}
            if mapping.lists:
                cells = {**cells, **{name: as_list(name, cells[name]) for name in mapping.lists}}
            named = cells if row.plain is None else {**cells, **row.plain}
            streams = [(self._stream(name), unclear) for name, unclear in self._entities(named)]
            kind = mapping.event_type or self._type(named)
            text = self._data(cells, row.plain)
            occurred = self._time(named[mapping.time]) if mapping.time else None
            metadata = self._metadata_of(cells) if self._about else self._metadata
            event = NewEvent(_NOBODY, kind, 1, text, metadata, occurred)
            check_event(event, self._can)
            found = []
            for stream, unclear in streams:
                place = Prepared(row.line, stream, event, unclear, reread=row.former is not None)
                event_id = self._identify(place, keys, forms)
                place.event = NewEvent(event_id, kind, 1, text, metadata, occurred, checked=text)
                found.append(place)
        except KeyError as error:
            raise RowInvalid(f"The row has no column {error.args[0]!r}.", line=row.line) from None
        return found

    def missing(self, row: Row, error: EventfoldError) -> list[Prepared]:
        """Where a refused row is missing: in each stream that it names, as far as that can be read."""
        us: int | None = limits.INT_MIN
        row = self._taken(row)
        with suppress(*_UNREAD):
            # a time in another's place would let pass what follows in the stream
            if not (self._mapping.time and row.shifted):
                us = self._time(row.cells[self._mapping.time]) if self._mapping.time else None
        return self.places(row, Wrong(error), us)

    def places(self, row: Row, wrong: Wrong, us: int | None = None) -> list[Prepared]:
        """The streams that a row names and the ids that it has in them, as far as both can be read."""
        row, mapping = self._taken(row), self._mapping
        read: Cells = row.plain or {}
        if self._numbers is not None:
            with suppress(*_UNREAD):
                read = {**read, **self._numbers(row.cells)}
        choices = []
        for name in mapping.stream:
            try:
                cell = read[name] if name in read else row.cells[name]
                is_list = name in mapping.lists
                choices.append(list_items(as_list(name, cell)) if is_list else [cell_text(cell)])
            except _UNREAD:
                return []
        found: dict[str, Prepared] = {}
        for parts in product(*choices):
            with suppress(*_UNREAD):
                stream = self._stream(self._joined(parts)[0])
                if stream not in found:
                    found[stream] = missing(row.line, stream, wrong, us)
        cells = row.cells if row.error is None else row.former
        if cells is not None:
            with suppress(*_UNREAD):
                forms = self._forms(cells, row.former)
                keys = {**cells, **read}
                for place in found.values():
                    event_id = self._identify(place, keys, forms)
                    place.event = NewEvent(event_id, "", 1, "{}", self._metadata, us)
        return list(found.values())

    def _taken(self, row: Row) -> Row:
        """The row, cut where that was asked for and all that is wrong with it."""
        return Row(row.line, row.cut) if self._mapping.cut_times and row.cut is not None else row

    def _forms(self, cells: Cells, former: Cells | None) -> tuple[str, str, str]:
        """What a row says, the same with its empty cells as earlier releases took it, and that without them."""
        says, whole = self._said(cells)
        if not self._former:
            return says, "", ""
        if former is None:
            return says, whole, ""
        earlier, whole = self._said(former)
        return says, whole, earlier

    def _said(self, cells: Cells) -> tuple[str, str]:
        whole = self._canonical(cells).decode()
        values = cells.values()
        if "" in values or _NULL in values:
            said = {name: cell for name, cell in cells.items() if cell not in ("", _NULL)}
            return self._canonical(said).decode(), whole
        return whole, whole

    def _identify(self, place: Prepared, cells: Cells, forms: tuple[str, str, str]) -> UUID:
        """The id of a row in a stream; the place gets what else it may be known by."""
        says, place.former, earlier = forms
        if earlier:
            place.earlier, _ = self._earlier.id_of(place.stream, earlier, "")
        if self._mapping.id:
            place.content = row_id(place.stream, says)
            return keyed_row_id(place.stream, self._key(cells))
        event_id, place.repeat = self._repeats.id_of(place.stream, says, place.former)
        return event_id

    def _key(self, cells: Cells) -> str:
        """What tells a row from all others."""
        parts = [cell_text(cells[name]) for name in self._mapping.id]
        if "" in parts:
            raise RowInvalid("One of the columns that tell the row from others is empty.")
        return self._encode(parts).decode()

    def _data(self, cells: Cells, plain: Cells | None) -> str:
        """What is kept of a row, as JSON text; of a cell that names something, what it holds beside that."""
        if self._kept:
            data = {name: cell for name, column in self._kept if (cell := cells[column]) != ""}
        else:
            used = self._used if plain is None else self._used - (self._naming & plain.keys())
            data = {name: cell for name, cell in cells.items() if cell != "" and name not in used}
        return self._encode(data).decode()

    def _metadata_of(self, cells: Cells) -> str:
        """The metadata of a row: where it was imported from, and what its own columns say."""
        found: dict[str, str | msgspec.Raw] = {"importedFrom": self._source}
        for name, column in self._about:
            cell = cells[column]
            if cell not in ("", _NULL):
                found[name] = cell
        return self._encode(found).decode()

    def _entities(self, cells: Cells) -> Iterable[tuple[str, Unclear | None]]:
        """What names the entity, or each of several; and what speaks against it."""
        named = self._mapping.stream
        if not self._lists_entities:
            return (self._joined(tuple([cell_text(cells[name]) for name in named])),)
        choices = [
            list_items(cells[name]) if name in self._mapping.lists else [cell_text(cells[name])]
            for name in named
        ]
        if prod(map(len, choices)) > limits.BATCH_EVENTS:
            raise RowInvalid(f"The row names more than {limits.BATCH_EVENTS} entities.")
        found: dict[str, Unclear | None] = {}
        for name, unclear in map(self._joined, product(*choices)):
            found[name] = found.get(name) or unclear
        if not found and not self._mapping.unrelated:
            raise RowInvalid("The row names no entity: its list is empty.")
        return found.items()

    def _joined(self, parts: tuple[str, ...]) -> tuple[str, Unclear | None]:
        """The parts as one name; with one of several missing, other rows of the same entity would not be found."""
        between = self._mapping.stream_separator
        if len(parts) == 1:
            return parts[0], None
        if "" in parts:
            raise RowInvalid("One of the columns that name the stream is empty.")
        name = between.join(parts)
        if name.count(between) - parts[-1].count(between) < len(parts):
            return name, None
        if parts not in self._unclear:
            refusal = RowInvalid(
                f"{name!r:.60} would be the name of other cells too: {between!r} stands in a column before the last."
                " Join them by a character that does not, with --stream-separator."
            )
            self._unclear[parts] = Unclear(refusal)
        return name, self._unclear[parts]

    def _type(self, cells: Cells) -> str:
        return composed(
            self._mapping.type_separator.join([cell_text(cells[name]) for name in self._mapping.type])
        )

    def _time(self, cell: str | msgspec.Raw) -> int | None:
        written = cell if isinstance(cell, str) else msgspec.json.decode(cell)
        if not written and (written is None or isinstance(written, str)):
            return None
        found = parse_time(written, self._mapping.time, cut=self._mapping.cut_times)
        if found.tzinfo is None:
            if self._zone is None:
                raise TimeInvalid(
                    f"{written!r:.60} has no time zone: say which one is meant, as in --timezone Europe/Berlin.",
                    field=self._mapping.time,
                )
            found = found.replace(tzinfo=self._zone)
        try:
            if self._zone is not None and found.tzinfo is self._zone and _is_doubtful(found):
                raise TimeInvalid(
                    f"{written!r:.60} happened twice or never in {self._mapping.timezone}, where clocks are changed;"
                    " write it with its offset.",
                    field=self._mapping.time,
                )
            return to_us(found)
        except (OverflowError, ValueError):
            raise TimeInvalid(f"{written!r:.60} lies outside the years 1 to 9999.") from None


def _is_doubtful(time: datetime) -> bool:
    """Whether a local time is shown twice, or skipped, when clocks are changed."""
    return time.utcoffset() != time.replace(fold=1).utcoffset()


def _metadata(source: str) -> str:
    try:
        return metadata_text({"importedFrom": source})
    except EventfoldError as error:
        raise ConfigInvalid(
            f"The source {source!r:.60} cannot be kept: {error.message}", key="source"
        ) from None


def _kept(written: str) -> tuple[str, str]:
    """A name and the column that it stands for."""
    name, given, column = written.partition("=")
    if given and not (name and column):
        raise ConfigInvalid(f"{written!r} keeps no column: write a column, or name=column.", key="data")
    check_key(name)
    encode_text(name)
    return name, column or name


def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigInvalid(f"There is no time zone {name!r}.", key="timezone") from None
