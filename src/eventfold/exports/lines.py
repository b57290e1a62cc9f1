"""Batches as JSON Lines: one document a line, put together column by column; stored JSON is copied, never read."""

from collections.abc import Callable
from typing import BinaryIO

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from eventfold.events.jsontext import compact_object


class Lines:
    """Writes documents to a file.

    Args:
        file: open for writing.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, batch: pa.RecordBatch) -> None:
        """Writes a batch."""
        for line in documents(batch).to_pylist():
            self._file.write(line.encode())

    def close(self) -> None:
        """Nothing is held back."""

    def abandon(self) -> None:
        """Nothing follows."""


def documents(batch: pa.RecordBatch) -> pa.Array:
    """The document of each event, with its line feed."""

    def column(name: str) -> pa.Array:
        return batch.column(name)

    parts = [
        '{"id":"',
        ids(column("id")),
        '","aggregateId":',
        _texts(column("stream")),
        ',"eventType":',
        _texts(column("type")),
        ',"version":',
        column("version").cast(pa.string()),
        ',"timestamp":"',
        _times(column("recorded_us")),
        '","data":',
        column("data"),
        ',"metadata":{"schemaVersion":',
        column("schema_version").cast(pa.string()),
        _where(column("upgraded_from"), ',"upgradedFrom":', lambda found: found.cast(pa.string()), ""),
        _where(column("occurred_or_none_us"), ',"occurredAt":"', _times, '"'),
        _rest(column("metadata")),
        "}\n",
    ]
    return _joined(*parts)


def ids(column: pa.Array) -> pa.Array:
    """Event ids as texts."""
    texts = [found.hex() for found in column.to_pylist()]
    return pa.array([f"{t[:8]}-{t[8:12]}-{t[12:16]}-{t[16:20]}-{t[20:]}" for t in texts], pa.large_string())


def _joined(*parts: pa.Array | str) -> pa.Array:
    # large: a batch of the largest events has more than two gigabytes, where offsets of 32 bits end
    columns = [
        pa.scalar(part, pa.large_string()) if isinstance(part, str) else part.cast(pa.large_string())
        for part in parts
    ]
    return pc.binary_join_element_wise(*columns, pa.scalar("", pa.large_string()))


def _where(column: pa.Array, before: str, text: Callable[[pa.Array], pa.Array], after: str) -> pa.Array:
    """The values with what stands around them; nothing where there is none."""
    if column.null_count == len(column):
        return pa.array([""] * len(column), pa.large_string())
    return pc.fill_null(_joined(before, text(column), after), "")


def _times(column: pa.Array) -> pa.Array:
    """Times in ISO 8601, UTC, with their microseconds."""
    return _joined(pc.strftime(column.cast(pa.timestamp("us")), "%Y-%m-%dT%H:%M:%S"), "Z")


def _texts(column: pa.Array) -> pa.Array:
    """Names as JSON; each distinct one is written once."""
    encoded = column.dictionary_encode()
    names = [msgspec.json.encode(name).decode() for name in encoded.dictionary.to_pylist()]
    return pa.array(names, pa.string()).take(encoded.indices)


def _rest(metadata: pa.Array) -> pa.Array:
    """What follows our own keys of the metadata: those that are stored, and the closing brace."""
    compact = pc.or_(pc.equal(metadata, "{}"), pc.starts_with(metadata, '{"'))
    if not pc.all(compact).as_py():  # written by hand: with spaces, which a splice cannot allow for
        metadata = pa.array([compact_object(text) for text in metadata.to_pylist()], pa.string())
    return pc.if_else(pc.equal(metadata, "{}"), "}", _joined(",", pc.utf8_slice_codeunits(metadata, 1)))
