"""One MERGE for a batch, with stamp and fence in its commit.

The fence is set on the session that the batch belongs to: another one would leave the commit without it, in silence. It
is taken back in any case: left set, it would swallow later writes.
"""

from itertools import count
from typing import TYPE_CHECKING

from eventfold.engines.spark.settings import setting
from eventfold.engines.spark.workers import GONE
from eventfold.errors import StaleCursor
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.publishing.publication import Prepared

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_numbers = count()


def merge(path: str, rows: "DataFrame", layout: Layout, prepared: Prepared) -> None:
    """Upserts and deletes rows, one for each key, in one commit.

    Args:
        path: of the Delta table.
        rows: the slots of the layout and `_gone`.
        layout: of the table.
        prepared: what the commit carries.

    Raises:
        StaleCursor: somebody else has committed since it was prepared; nothing was written.
    """
    session = rows.sparkSession
    view = f"eventfold_rows_{next(_numbers)}"
    rows.createOrReplaceTempView(view)
    carried = {
        "spark.databricks.delta.write.txnAppId": prepared.application,
        "spark.databricks.delta.write.txnVersion": str(prepared.transaction),
        "spark.databricks.delta.commitInfo.userMetadata": prepared.stamp.to_json(),
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # else readers get 96 bits and other statistics
    }
    try:
        with setting(session, carried):
            done = session.sql(_statement(path, view, layout)).collect()
    finally:
        session.catalog.dropTempView(view)
    if not done:  # a transaction that is not newer is passed over without a word
        raise StaleCursor(
            f"Somebody else changed the Delta table {layout.spec.name} in the same moment: nothing was written.",
            table=layout.spec.name,
        )


def _statement(path: str, view: str, layout: Layout) -> str:
    """Everything named in it comes from the table definition and the configuration."""
    names = [f"`{slot.name}`" for slot in layout.slots]
    key = names[0]
    place = path.replace("`", "``")
    return (
        f"MERGE INTO delta.`{place}` AS t USING {view} AS s ON t.{key} = s.{key}"  # noqa: S608 - see above
        f" WHEN MATCHED AND s.{GONE} THEN DELETE"
        f" WHEN MATCHED THEN UPDATE SET {', '.join(f't.{name} = s.{name}' for name in names)}"
        f" WHEN NOT MATCHED AND NOT s.{GONE}"
        f" THEN INSERT ({', '.join(names)}) VALUES ({', '.join(f's.{name}' for name in names)})"
    )
