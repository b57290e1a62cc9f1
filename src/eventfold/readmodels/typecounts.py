"""How many events of each type each category has: counted where every event passes, kept in the ledger.

What is counted knows nothing of an app, so that a class may be renamed, and a type be ignored, without another count.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from eventfold.events.envelope import RecordedEvent

if TYPE_CHECKING:
    import pyarrow as pa

TypeCounts = Mapping[tuple[str, str], int]
"""Category and stored name -> how many events."""


def by_type(events: Sequence[RecordedEvent]) -> Counter[tuple[str, str]]:
    """Counts some events."""
    return Counter([(event.stream.partition("-")[0], event.type) for event in events])


def by_type_of(batch: "pa.RecordBatch") -> Counter[tuple[str, str]]:
    """Counts the events of a record batch that has the columns `stream` and `type`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    # of a log most streams come more than once, and their names are cut once each
    streams = pc.dictionary_encode(batch.column("stream"))
    cut = [name.partition("-")[0] for name in streams.dictionary.to_pylist()]
    categories = pc.dictionary_encode(pa.array(cut, pa.string()))
    codes = pc.take(categories.indices, streams.indices)
    table = pa.table({"category": codes, "type": batch.column("type")})
    found = table.group_by(["category", "type"]).aggregate([([], "count_all")])
    names = categories.dictionary.to_pylist()
    rows = zip(*(found.column(name).to_pylist() for name in ("category", "type", "count_all")), strict=True)
    return Counter({(names[code], name): count for code, name, count in rows})
