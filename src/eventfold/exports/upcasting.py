"""Batches in the current schema versions: data that were written in older ones are upcast, and say from where."""

from typing import NamedTuple

import pyarrow as pa

from eventfold.errors import EventfoldError
from eventfold.events.registry import Registry


class _Stored(NamedTuple):
    type: str
    schema_version: int
    data: str


def as_stored(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch as it is, with a column that says so."""
    return batch.append_column("upgraded_from", pa.nulls(batch.num_rows, pa.int64()))


def upcast(batch: pa.RecordBatch, registry: Registry) -> pa.RecordBatch:
    """The batch with every event in its current schema version; those that are current keep their bytes.

    Raises:
        EventTypeUnknown, SchemaVersionUnknown, UpcasterFailed: naming stream and version of the event.
    """
    types = batch.column("type").to_pylist()
    versions = batch.column("schema_version").to_pylist()
    current = {name: registry.version_of(name) for name in set(types)}
    old = [
        n
        for n, (name, version) in enumerate(zip(types, versions, strict=True))
        if current[name] != version and not (current[name] is None and registry.untyped)
    ]
    if not old:
        return as_stored(batch)
    data = batch.column("data").to_pylist()
    upgraded: list[int | None] = [None] * batch.num_rows
    for n in old:
        try:
            data[n] = registry.current_data(_Stored(types[n], versions[n], data[n]))
        except EventfoldError as error:
            stream, version = batch.column("stream")[n].as_py(), batch.column("version")[n].as_py()
            sentence = f"{error.message} This is version {version} of {stream}; with --stored it is exported as it is."
            raise type(error)(sentence, **error.facts, stream=stream, stream_version=version) from error
        upgraded[n], versions[n] = versions[n], current[types[n]]
    found = {name: batch.column(name) for name in batch.schema.names}
    found |= {"data": pa.array(data, pa.string()), "schema_version": pa.array(versions, pa.int64())}
    found["upgraded_from"] = pa.array(upgraded, pa.int64())
    return pa.RecordBatch.from_pydict(found)
