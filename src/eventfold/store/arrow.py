"""Recorded events as Arrow record batches, for feeds whose service gives events one by one."""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from eventfold.errors import QueryInvalid
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.port import ARROW_COLUMNS, IRREGULAR

_ATTRIBUTES = {"id": "id_bytes"}
_TYPES = {"id": pa.binary(16), "occurred_or_none_us": pa.int64()}


def batches(events: Sequence[RecordedEvent], columns: Sequence[str], limit: int) -> Iterator[pa.RecordBatch]:
    """The events in batches of `limit` rows at most, with the columns asked for; see `Feed.arrow`."""
    if unknown := [name for name in columns if name not in ARROW_COLUMNS and name != IRREGULAR]:
        raise QueryInvalid(f"The feed has no column {unknown[0]!r}; known: {', '.join(ARROW_COLUMNS)}.")
    for at in range(0, len(events), limit):
        part = events[at : at + limit]
        arrays = [
            pa.array(
                [getattr(event, _ATTRIBUTES.get(name, name)) for event in part],
                _TYPES.get(name),
            )
            if name != IRREGULAR
            else pa.repeat(False, len(part))  # a document's JSON was taken apart by the service
            for name in columns
        ]
        yield pa.RecordBatch.from_arrays(arrays, names=list(columns))
