"""The engine port on Spark: for whoever holds the events as record batches, and for the suites that judge engines."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pyarrow as pa

from eventfold.engines.spark.batch import choose
from eventfold.engines.spark.folding import folded
from eventfold.events.registry import Registry
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.folding.arrowform import from_rows, schema
from eventfold.readmodels.port import Folded, Scope

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class SparkEngine:
    """Folds by Spark, batch after batch.

    Args:
        session: whose time zone is UTC.
    """

    def __init__(self, session: "SparkSession") -> None:
        self._session = session

    def fold(
        self,
        events: Iterable[pa.RecordBatch],
        layout: Layout,
        registry: Registry,
        *,
        scope: Scope,
        base: pa.Table | None = None,
    ) -> Folded:
        """As `Engine.fold`; every record batch is one batch of Spark, whose rows come back to this process."""
        rows = base if base is not None else from_rows(layout, [])
        parked, count = dict(scope.parked), 0
        for batch in events:
            count += batch.num_rows
            going_on = Scope(
                skips=scope.skips,
                parked=parked,
                occurred_to_us=scope.occurred_to_us,
                recorded_to_us=scope.recorded_to_us,
            )
            frame = self._session.createDataFrame(pa.Table.from_batches([batch]))
            # Spark drops what comes behind an empty chunk of a table
            held = self._session.createDataFrame(rows.combine_chunks())
            chosen = choose(frame, layout, registry, going_on)
            with folded(chosen, held, layout, registry, scope.skips) as touched:
                changed = touched.rows.toArrow()
                parked = dict(touched.parked)
            rows = _laid_over(rows, changed, layout)
        return Folded(rows, parked, count)


def _laid_over(rows: pa.Table, changed: pa.Table, layout: Layout) -> pa.Table:
    key = layout.slots[0].name
    left = rows.filter(
        pa.compute.invert(pa.compute.is_in(rows.column(key), changed.column(key).combine_chunks()))
    )
    new = changed.filter(pa.compute.invert(changed.column("_gone"))).select(left.column_names)
    return pa.concat_tables([left, new.cast(schema(layout))])
