"""Reading what an export wrote, exactly: the events of another log with their versions and times, their data untouched.

Documents in JSON Lines are read here, rows of Parquet in `parquetevents.py`.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from eventfold.errors import EventfoldError, QueryInvalid, RowInvalid, TimeInvalid
from eventfold.events.document import Document, Exact, before_users, read_document, users_of
from eventfold.events.envelope import to_us
from eventfold.events.jsontext import decode_utf8
from eventfold.events.times import parse_time
from eventfold.imports.files.reading import form_of, lines_of
from eventfold.imports.files.rows import bare
from eventfold.imports.restoring.recorded import Recorded, recorded, refuse_upcast

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", re.ASCII)


class _Own(msgspec.Struct):
    schemaVersion: int  # noqa: N815 - the document's own name
    upgradedFrom: int | None = None  # noqa: N815 - so too
    occurredAt: str | None = None  # noqa: N815 - so too


class _When(msgspec.Struct):
    timestamp: str


_TEXT = rb'"(?:[^"\\\\]|\\\\.)*"'
_BEFORE = re.compile(
    rb'\{"id":%s,"aggregateId":%s,"eventType":%s,"version":\d+,"timestamp":%s,"data":' % ((_TEXT,) * 4)
)
_AFTER = b',"metadata":{"schemaVersion":'
_when = msgspec.json.Decoder(_When).decode
_document = msgspec.json.Decoder(Document).decode
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
            from eventfold.imports.restoring.parquetevents import recorded_rows

            yield from recorded_rows(path)
        case form:
            raise QueryInvalid(f"An export is JSON Lines or Parquet, not {form}.", file=path.name)


def is_document(text: bytes) -> bool:
    """Whether a line is a document of an export, whatever its data."""
    try:
        _own(_document(text).metadata)
    except (msgspec.MsgspecError, RecursionError):
        return False
    return True


def exported_times(path: Path) -> Iterator[int]:
    """When the events of an exported file were recorded, microseconds since 1970, as far as they can be read.

    The file is read to its end, so that one that is damaged is noticed; errors as `exported_events`.
    """
    if form_of(path) == "parquet":
        from eventfold.imports.restoring.parquetevents import recorded_times

        yield from recorded_times(path)
        return
    for line, text, _ in lines_of(path):
        with suppress(EventfoldError):
            try:
                timestamp = _when(text).timestamp
            except (msgspec.MsgspecError, RecursionError):
                timestamp = _read(line, text).timestamp
            yield _time_us(timestamp)


def _of_line(line: int, text: bytes) -> Recorded:
    try:
        found = _read(line, text)
        try:
            own = _own(found.metadata)
        except msgspec.MsgspecError as error:
            raise _no_document(line, error) from None
        if own.upgradedFrom is not None:
            refuse_upcast(line, own.upgradedFrom)
        exact = found.exact or Exact()
        return recorded(
            line,
            found.id,
            found.aggregateId,
            found.version,
            found.eventType,
            own.schemaVersion,
            decode_utf8(bytes(found.data)) if exact.data is None else exact.data,
            _users(bytes(found.metadata), own) if exact.metadata is None else exact.metadata,
            None if own.occurredAt is None else _time_us(own.occurredAt),
            _time_us(found.timestamp),
        )
    except EventfoldError as error:
        return Recorded(line, error=bare(error))


def _read(line: int, text: bytes) -> Document:
    """The document of a line; its data and metadata are not taken apart."""
    try:
        return read_document(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        apart = _apart(text)
        if apart is None:
            raise _no_document(line, error) from None
        return apart


def _apart(text: bytes) -> Document | None:
    """The document of a line whose data are no JSON, or too deep: as exports wrote it before they told such data apart.

    Metadata end the line. Where they begin is tried from the right, since what lies inside them is not complete JSON.
    """
    before = _BEFORE.match(text)
    end = len(text)
    while before and (end := text.rfind(_AFTER, before.end(), end)) >= 0:
        try:
            found = _document(text[: before.end()] + b"null" + text[end:])
            found.exact = Exact(data=decode_utf8(text[before.end() : end]))
        except (msgspec.MsgspecError, RecursionError, EventfoldError):
            continue
        return found
    return None


def _no_document(line: int, error: Exception) -> RowInvalid:
    return RowInvalid(f"This is no document of an export: {error}.", line=line)


def _users(metadata: bytes, own: _Own) -> str:
    """What is left of the metadata without our own keys, byte for byte where an export wrote them before the rest."""
    users = users_of(metadata, before_users(own.schemaVersion, own.occurredAt))
    if users is not None:
        return users
    kept: dict[str, msgspec.Raw] = msgspec.json.decode(metadata, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({key: raw for key, raw in kept.items() if key not in _OURS}).decode()


def _time_us(text: object) -> int:
    """A time of an export: UTC, in microseconds; anything finer would be lost in silence."""
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise TimeInvalid(f"{str(text)[:40]!r} is no time of an export: UTC, with up to six decimals.")
    return to_us(parse_time(text, "timestamp"))
