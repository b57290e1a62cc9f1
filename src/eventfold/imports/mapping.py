"""From a row to an event: which columns say the stream, the type and the time; the others are its data."""

from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo
from functools import lru_cache
from hashlib import blake2b
from itertools import product
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from eventfold import limits
from eventfold.errors import ConfigInvalid, EncodingInvalid, RowInvalid, TimeInvalid
from eventfold.events.envelope import NewEvent, to_us
from eventfold.events.ids import row_event_id
from eventfold.imports.lists import as_list, list_items
from eventfold.imports.reading import Cells, Row
from eventfold.store.checks import check_event
from eventfold.store.names import category_of
from eventfold.store.port import Capabilities

_NAMES = 100_000


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """Which column means what.

    Attributes:
        stream: the columns that name the entity; several are joined by `-`.
        category: stands before it in the name of the stream; empty where the column holds whole stream names.
        type: the columns that name the type of the event; several are joined by `type_separator`.
        event_type: the one type of all rows, instead of a column.
        type_separator: stands between several type columns.
        time: the column that says when it happened; empty = not known.
        timezone: the zone of times that have none, for example `Europe/Amsterdam`; empty = such times are refused.
        data: the columns that are kept as data, or `name=column` to keep one under another name; empty = all that are
            not named above.
        lists: columns whose cells hold lists, written as `['a', 'b']` or in JSON; where such a column names the entity,
            the event belongs to the stream of each.
    """

    stream: tuple[str, ...]
    category: str = ""
    type: tuple[str, ...] = ()
    event_type: str = ""
    type_separator: str = ":"
    time: str = ""
    timezone: str = ""
    data: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()


class Prepared(msgspec.Struct):
    """A row as an event that may be written.

    Attributes:
        line: of the row.
        stream: its stream.
        event: the event.
        late: its time lies before that of an earlier row of the stream.
    """

    line: int
    stream: str
    event: NewEvent
    late: bool = False


class Mapper:
    """Makes events of rows; the same row gives the same event id whenever and from wherever it is read.

    Args:
        mapping: which column means what.
        source: the name of the log that is imported.
        can: what the store can keep.

    Raises:
        ConfigInvalid: no stream, no type, or both a column and a constant for it; an unknown time zone.
    """

    def __init__(self, mapping: Mapping, source: str, can: Capabilities) -> None:
        if not mapping.stream:
            raise ConfigInvalid("Say which column names the stream.", key="stream")
        if bool(mapping.type) == bool(mapping.event_type):
            raise ConfigInvalid("Say which column names the type, or one type for all rows.", key="type")
        self._mapping = mapping
        self._source = source
        self._can = can
        self._zone = _zone(mapping.timezone)
        self._kept = [_kept(written) for written in mapping.data]
        self._used = {*mapping.stream, *mapping.type, mapping.time}
        self._encode = msgspec.json.Encoder().encode
        self._canonical = msgspec.json.Encoder(order="sorted").encode
        self._metadata = msgspec.json.encode({"importedFrom": source}).decode()
        self._seen: set[int] = set()
        self._repeats: dict[int, int] = {}
        self._last: dict[str, int] = {}
        self._stream: Callable[[str], str] = lru_cache(_NAMES)(self._stream_name)

    @property
    def streams(self) -> int:
        """How many streams were seen."""
        return len(self._last)

    def __call__(self, row: Row) -> list[Prepared]:
        """The event of a row; one for each entity, where a list names several.

        Raises:
            EventfoldError: the row is no event that could be kept.
        """
        if row.error is not None:
            raise row.error
        cells, mapping = row.cells, self._mapping
        try:
            if mapping.lists:
                cells = {**cells, **{name: as_list(name, cells[name]) for name in mapping.lists}}
            streams = [self._stream("-".join(ids)) for ids in self._entities(cells)]
            kind = mapping.event_type or mapping.type_separator.join([_text(cells[n]) for n in mapping.type])
            kept = self._kept or [(name, name) for name in cells if name not in self._used]
            data = {name: cell for name, column in kept if (cell := cells[column]) != ""}
            occurred = self._time(_text(cells[mapping.time])) if mapping.time else None
        except KeyError as error:
            raise RowInvalid(f"The row has no column {error.args[0]!r}.", line=row.line) from None
        try:
            text, canonical = self._encode(data).decode(), self._canonical(cells).decode()
        except UnicodeEncodeError:
            raise EncodingInvalid("The row is not UTF-8.", line=row.line) from None
        found = []
        for stream in streams:
            event_id = row_event_id(self._source, stream, canonical, self._repeat(stream, canonical))
            event = NewEvent(event_id, kind, 1, text, self._metadata, occurred)
            check_event(event, self._can)
            found.append(Prepared(row.line, stream, event, self._is_late(stream, occurred)))
        return found

    def _entities(self, cells: Cells) -> Iterable[tuple[str, ...]]:
        """What names the entity, or each of several."""
        named = self._mapping.stream
        if not any(name in self._mapping.lists for name in named):
            return (tuple([_text(cells[name]) for name in named]),)
        choices = [
            list_items(cells[name]) if name in self._mapping.lists else [_text(cells[name])] for name in named
        ]
        found = list(dict.fromkeys(product(*choices)))
        if not found:
            raise RowInvalid("The row names no entity: its list is empty.")
        return found

    def _stream_name(self, written: str) -> str:
        name = f"{self._mapping.category}-{written}" if self._mapping.category else written
        category_of(name)
        return name

    def _time(self, written: str) -> int | None:
        if not written:
            return None
        try:
            found = datetime.fromisoformat(written)
        except ValueError:
            raise TimeInvalid(f"{written!r:.60} is no time in ISO 8601.", field=self._mapping.time) from None
        if found.tzinfo is None:
            if self._zone is None:
                raise TimeInvalid(
                    f"{written!r:.60} has no time zone; name the one it is meant in.",
                    field=self._mapping.time,
                )
            found = found.replace(tzinfo=self._zone)
        try:
            return to_us(found)
        except (OverflowError, ValueError):
            raise TimeInvalid(f"{written!r:.60} lies outside the years 1 to 9999.") from None

    def _repeat(self, stream: str, canonical: str) -> int:
        """How many equal rows of the stream came before."""
        # 64 bits are enough: rows taken for equal by chance only get another id, and always the same one
        mark = int.from_bytes(blake2b(f"{stream}\n{canonical}".encode(), digest_size=8).digest())
        if mark not in self._seen:
            self._seen.add(mark)
            return 0
        self._repeats[mark] = self._repeats.get(mark, 0) + 1
        return self._repeats[mark]

    def _is_late(self, stream: str, occurred: int | None) -> bool:
        last = self._last.get(stream)
        if occurred is None or (last is not None and occurred < last):
            self._last.setdefault(stream, limits.INT_MIN)
            return occurred is not None
        self._last[stream] = occurred
        return False


def _text(cell: str | msgspec.Raw) -> str:
    """A cell as the text of a name or a time."""
    if isinstance(cell, str):
        return cell
    value = msgspec.json.decode(cell)
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise RowInvalid("The stream, the type and the time are text or whole numbers.")


def _kept(written: str) -> tuple[str, str]:
    """A name and the column that it stands for."""
    name, given, column = written.partition("=")
    if given and not (name and column):
        raise ConfigInvalid(f"{written!r} keeps no column: write a column, or name=column.", key="data")
    return name, column or name


def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigInvalid(f"There is no time zone {name!r}.", key="timezone") from None
