"""Reading what an export wrote, exactly: the events of another log with their versions and times, their data untouched.

Documents in JSON Lines are read here, rows of Parquet in `parquetevents.py`.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import msgspec

from eventfold.errors import EventfoldError, PayloadInvalid, QueryInvalid, RowInvalid, TimeInvalid
from eventfold.events.envelope import to_us
from eventfold.events.jsontext import compact_object
from eventfold.events.times import parse_time
from eventfold.imports.reading import form_of, lines_of
from eventfold.imports.recorded import Recorded, recorded, refuse_upcast

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", re.ASCII)


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    id: UUID
    aggregateId: str  # noqa: N815 - the document's own names
    eventType: str  # noqa: N815
    version: int
    timestamp: str
    data: msgspec.Raw
    metadata: msgspec.Raw


class _Own(msgspec.Struct):
    schemaVersion: int  # noqa: N815
    upgradedFrom: int | None = None  # noqa: N815
    occurredAt: str | None = None  # noqa: N815


class _When(msgspec.Struct):
    timestamp: str


_when = msgspec.json.Decoder(_When).decode
_document = msgspec.json.Decoder(_Document).decode
_own = msgspec.json.Decoder(_Own).decode
_OURS = frozenset(_Own.__struct_fields__)


def exported_events(path: Path) -> Iterator[Recorded]:
    """The events of an exported file.

    Raises:
        NotFound: there is no such file.
        QueryInvalid: it is neither JSON Lines nor Parquet.
        RowInvalid: also while reading: it is damaged or ends in the middle.
        ExtraMissing: a Parquet file, and pyarrow is not installed.
    """
    match form_of(path):
        case "jsonl":
            for line, text, error in lines_of(path):
                yield Recorded(line, error=error) if error is not None else _of_line(line, text)
        case "parquet":
            from eventfold.imports.parquetevents import recorded_rows

            yield from recorded_rows(path)
        case form:
            raise QueryInvalid(f"An export is JSON Lines or Parquet, not {form}.", file=path.name)


def exported_times(path: Path) -> Iterator[int]:
    """When the events of an exported file were recorded, microseconds since 1970, as far as they can be read.

    The file is read to its end, so that one that is damaged is noticed; errors as `exported_events`.
    """
    if form_of(path) == "parquet":
        from eventfold.imports.parquetevents import recorded_times

        yield from recorded_times(path)
        return
    for _, text, _ in lines_of(path):
        with suppress(msgspec.MsgspecError, EventfoldError):
            yield _time_us(_when(text).timestamp)


def _of_line(line: int, text: bytes) -> Recorded:
    try:
        compact_object(text, around=1)
        try:
            found = _document(text)
            own = _own(found.metadata)
        except msgspec.MsgspecError as error:
            raise RowInvalid(f"This is no document of an export: {error}.", line=line) from None
        if not bytes(found.data).startswith(b"{"):
            raise PayloadInvalid("The data of a document are an object.", line=line)
        if own.upgradedFrom is not None:
            refuse_upcast(line, own.upgradedFrom)
        return recorded(
            line,
            found.id,
            found.aggregateId,
            found.version,
            found.eventType,
            own.schemaVersion,
            bytes(found.data).decode(),
            _users(bytes(found.metadata), own),
            None if own.occurredAt is None else _time_us(own.occurredAt),
            _time_us(found.timestamp),
        )
    except EventfoldError as error:
        return Recorded(line, error=error)


def _users(metadata: bytes, own: _Own) -> str:
    """What is left of the metadata without our own keys, byte for byte where an export wrote them before the rest."""
    before = f'{{"schemaVersion":{own.schemaVersion}'
    if own.occurredAt is not None:
        before += f',"occurredAt":"{own.occurredAt}"'
    if metadata.startswith(before.encode()):
        rest = metadata[len(before.encode()) :].decode()
        if rest == "}":
            return "{}"
        if rest.startswith(","):
            return "{" + rest[1:]
    kept: dict[str, msgspec.Raw] = msgspec.json.decode(metadata, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({key: raw for key, raw in kept.items() if key not in _OURS}).decode()


def _time_us(text: object) -> int:
    """A time of an export: UTC, in microseconds; anything finer would be lost in silence."""
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise TimeInvalid(f"{str(text)[:40]!r} is no time of an export: UTC, with up to six decimals.")
    return to_us(parse_time(text, "timestamp"))
