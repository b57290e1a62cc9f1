"""Batches as JSON Lines: one document a line, put together column by column; stored JSON is copied, never written anew.

What a log holds that is no JSON, or nested deeper than readers go, because it was appended before appends were strict,
stands as text: `"data":null,...,"exact":{"data":"..."}`.
"""

from collections.abc import Callable
from typing import BinaryIO

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from eventfold.events.document import shown, shown_users


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

    data, exact_data = _split(column("data"), shown)
    metadata, exact_metadata = _split(column("metadata"), shown_users)
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
        data,
        ',"metadata":{"schemaVersion":',
        column("schema_version").cast(pa.string()),
        _where(column("upgraded_from"), ',"upgradedFrom":', lambda found: found.cast(pa.string()), ""),
        _where(column("occurred_or_none_us"), ',"occurredAt":"', _times, '"'),
        _rest(metadata),
        _exact(exact_data, exact_metadata, batch.num_rows),
        "}\n",
    ]
    return _joined(*parts)


def _split(column: pa.Array, showing: Callable[[str], str]) -> tuple[pa.Array, dict[int, str]]:
    """The texts of a column as a document shows them, and by row those that it shows otherwise than they are stored."""
    encoded = column.dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    instead = {n: found for n, text in enumerate(texts) if (found := showing(text)) != text}
    if not instead:
        return column, {}
    kept = pa.array([instead.get(n, text) for n, text in enumerate(texts)], pa.string())
    numbers = encoded.indices.to_pylist()
    return kept.take(encoded.indices), {row: texts[n] for row, n in enumerate(numbers) if n in instead}


def _exact(data: dict[int, str], metadata: dict[int, str], rows: int) -> pa.Array | str:
    """What stands beside a document whose data or metadata are not shown as they are stored."""
    if not data and not metadata:
        return ""
    found = [""] * rows
    for row in data.keys() | metadata.keys():
        texts = {name: some[row] for name, some in (("data", data), ("metadata", metadata)) if row in some}
        found[row] = f',"exact":{msgspec.json.encode(texts).decode()}'
    return pa.array(found, pa.large_string())


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
    return pc.if_else(pc.equal(metadata, "{}"), "}", _joined(",", pc.utf8_slice_codeunits(metadata, 1)))
