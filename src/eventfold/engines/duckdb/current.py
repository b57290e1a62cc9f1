"""Brings the data of a chunk to the current schema versions, before SQL reads it."""

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from eventfold.errors import EventfoldError
from eventfold.events.envelope import RecordedEvent
from eventfold.events.registry import Registry
from eventfold.readmodels.declaring.extract import plan
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.folding.history import recorded


class NotCurrent(Exception):
    """Some event of the chunk has an unknown type or version, or its upcaster failed."""


def current_data(chosen: pa.Table, types: Collection[str], layout: Layout, registry: Registry) -> pa.Table:
    """The chunk with data that SQL can read: only events of old versions are decoded, one by one.

    Raises:
        NotCurrent: see the class.
    """
    old: pa.ChunkedArray | None = None
    for name in types:
        version = registry.version_of(name)
        if version is None:
            if not registry.untyped:
                raise NotCurrent
            continue
        found = plan(layout, name)
        if found is None or not found.needs_data:
            continue
        differs = pc.and_(
            pc.equal(chosen.column("type"), name), pc.not_equal(chosen.column("schema_version"), version)
        )
        old = differs if old is None else pc.or_(old, differs)
    if old is None or not pc.any(old).as_py():
        return chosen
    try:
        fresh = [_data(event, registry) for event in _events(chosen.filter(old))]
    except EventfoldError:
        raise NotCurrent from None
    data = pc.replace_with_mask(
        chosen.column("data").combine_chunks(), old.combine_chunks(), pa.array(fresh, pa.string())
    )
    return chosen.set_column(chosen.column_names.index("data"), "data", data)


def _events(old: pa.Table) -> list[RecordedEvent]:
    return [event for batch in old.to_batches() for event in recorded(batch)]


def _data(event: RecordedEvent, registry: Registry) -> str:
    return registry.current_data(event)
