"""What the reference fold is given on Spark is spread over tasks by key; one task folds only what must be in order."""

import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from eventfold import Registry, field, key, last
from eventfold.engines.spark.batch import choose
from eventfold.engines.spark.engine import SparkEngine
from eventfold.engines.spark.folding import folded
from eventfold.readmodels.declaring.columns import column
from eventfold.readmodels.declaring.layout import Layout, bind
from eventfold.readmodels.declaring.table import TableSpec, compile_table
from eventfold.readmodels.folding.arrowform import from_rows
from eventfold.readmodels.folding.history import ReferenceEngine
from eventfold.readmodels.port import Scope
from tests.spark.test_spark_equals_reference import Priced, by_key

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

EVENTS = 40
BY_KEY = "hashpartitioning(_group"
ALONE = "Coalesce 1"


def summed(row: dict[str, object] | None, event: object) -> dict[str, object]:
    assert isinstance(event, Priced)
    assert event.amount != "fails"
    return {"seen": (int(row["seen"]) if row else 0) + 1, "of": event.amount}  # type: ignore[call-overload]


IN_PYTHON = compile_table(
    "boxes",
    "box",
    {"id": key(field(Priced, "amount")), "seen": column("int64"), "of": column("string")},
    ["Priced"],
    summed,
)
DOUBTFUL = compile_table(
    "boxes", "box", {"id": key(field("Priced", "amount")), "at": last(field("Priced", "at"), "string")}
)


def events(amounts: list[str | None], *, at: bool) -> pa.RecordBatch:
    """Streams of three events; their keys span streams, and SQL is not certain how `at` was written."""
    return pa.RecordBatch.from_pylist(
        [
            {
                "position": n + 1,
                "partition": "0",
                "stream": f"box-{n // 3}",
                "version": n % 3 + 1,
                "type": "Priced",
                "schema_version": 2,
                "data": json.dumps({"amount": amount, **({"at": 1.5} if at else {})}, separators=(",", ":")),
            }
            for n, amount in enumerate(amounts)
        ]
    )


def planned(session: "SparkSession", layout: Layout, batch: pa.RecordBatch) -> tuple[str, int]:
    """The plan of the rows, and how many streams are parked."""
    registry, frame = Registry([Priced]), session.createDataFrame(pa.Table.from_batches([batch]))
    base = session.createDataFrame(from_rows(layout, []))
    chosen = choose(frame, layout, registry, Scope())
    with folded(chosen, base, layout, registry, frozenset()) as touched:
        return touched.rows._jdf.queryExecution().toString(), len(touched.parked)


@pytest.mark.parametrize("spec", [IN_PYTHON, DOUBTFUL], ids=["python", "doubtful"])
@pytest.mark.parametrize("fails", [False, True])
def test_keys_that_span_streams_are_folded_side_by_side_until_an_event_fails(
    session: "SparkSession", spec: TableSpec, fails: bool
) -> None:
    layout = bind(spec, total_order=True)
    amounts: list[str | None] = [f"{n % 7}" for n in range(EVENTS)]
    if fails:  # one by its fold, one by its key
        amounts[3 * 4] = "fails" if spec is IN_PYTHON else None
    batch = events(amounts, at=spec is DOUBTFUL)
    plan, parked = planned(session, layout, batch)
    assert (BY_KEY in plan, ALONE in plan, parked) == (not fails, fails, int(fails))
    registry, parts = Registry([Priced]), [batch.slice(0, 25), batch.slice(25)]
    ours = SparkEngine(session).fold(parts, layout, registry, scope=Scope())
    assert by_key(ours) == by_key(ReferenceEngine().fold(parts, layout, registry, scope=Scope()))
