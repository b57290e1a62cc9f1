"""How many events of each type each category has: counted where every event passes, kept in the ledger.

What is counted knows nothing of an app, so that a class may be renamed, and a type be ignored, without another count.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

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
    return Counter(
        {(category, name): count for category, name, count in grouped(batch, ["type"], [([], "count_all")])}
    )


def grouped(
    batch: "pa.RecordBatch", by: Sequence[str], aggregates: Sequence[tuple[object, str]]
) -> Iterator[tuple[Any, ...]]:
    """What Arrow aggregates over the events of a record batch, by category and other columns.

    Args:
        batch: with the column `stream`.
        by: columns that are grouped by beside the category.
        aggregates: columns and functions, as `pyarrow.TableGroupBy.aggregate` takes them.
    """
    import pyarrow as pa

    categories = categories_of(batch.column("stream"))
    table = pa.Table.from_batches([batch]).append_column("category", categories.indices)
    found = table.group_by(["category", *by]).aggregate(list(aggregates))
    names = categories.dictionary.to_pylist()
    for code, *values in zip(*(column.to_pylist() for column in found.columns), strict=True):
        yield names[code], *values


def categories_of(streams: "pa.Array") -> "pa.DictionaryArray":
    """The category of each of some streams; most come more than once, and are cut once each."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = pc.dictionary_encode(streams)
    cut = [name.partition("-")[0] for name in names.dictionary.to_pylist()]
    categories = pc.dictionary_encode(pa.array(cut, pa.string()))
    codes = pc.take(categories.indices, names.indices)
    return pa.DictionaryArray.from_arrays(codes, categories.dictionary)
