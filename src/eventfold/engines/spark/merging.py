"""One MERGE for a batch, with stamp and fence in its commit.

The fence is set on the session that the batch belongs to: another one would leave the commit without it, in silence. It
is taken back in any case: left set, it would swallow later writes.
"""

from collections.abc import Callable, Mapping
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from eventfold.engines.spark.settings import setting
from eventfold.engines.spark.update import may_overflow, slot_type, updates
from eventfold.engines.spark.workers import GONE
from eventfold.errors import StaleCursor
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.publishing.publication import Prepared

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Merge = Callable[[str, "DataFrame", Layout, Prepared], None]
_MARK = "eventfold: a sum may leave its type"
_numbers = count()


class NotCertain(Exception):
    """A sum of what is there and of what comes may leave its type; nothing was written."""


def merge(path: str, rows: "DataFrame", layout: Layout, prepared: Prepared) -> None:
    """Upserts and deletes rows, one for each key, in one commit.

    Args:
        path: of the Delta table.
        rows: as they are to be: the slots of the layout and `_gone`.
        layout: of the table.
        prepared: what the commit carries.

    Raises:
        StaleCursor: somebody else has committed since it was prepared; nothing was written.
    """
    values = {slot.name: f"s.`{slot.name}`" for slot in layout.slots}
    _merge(path, rows, prepared, _Changes(GONE, values, values))


def merge_parts(path: str, rows: "DataFrame", layout: Layout, prepared: Prepared) -> None:
    """Adds rows to those that are there, one for each key, in one commit.

    Args:
        path: of the Delta table.
        rows: what events were folded to, onto nothing, as `parts` gives it.
        layout: of the table.
        prepared: what the commit carries.

    Raises:
        NotCertain: a sum may leave its type.
        StaleCursor: somebody else has committed since it was prepared; nothing was written.
    """
    types = {slot.name: slot_type(slot) for slot in layout.slots}
    held = {name: f"CAST({value} AS {types[name]})" for name, value in updates(layout).items()}
    order = layout.slots[1].name
    held[order] = f"CASE WHEN {may_overflow(layout)} THEN raise_error('{_MARK}') ELSE {held[order]} END"
    new = {name: f"CAST(s.`{name}` AS {kind})" for name, kind in types.items()}
    try:
        _merge(path, rows, prepared, _Changes("_empty", held, new))
    except Exception as error:
        if _MARK in str(error):
            raise NotCertain from error
        raise


class _Changes(NamedTuple):
    """What a MERGE makes of rows `s` in a table `t`; all of it comes from the table definition.

    Attributes:
        gone: the column that says that a row is removed.
        held: what each column becomes where the key has a row.
        new: and where it has none.
    """

    gone: str
    held: Mapping[str, str]
    new: Mapping[str, str]

    def statement(self, path: str, view: str) -> str:
        key = next(iter(self.new))
        place = path.replace("`", "``")
        names = ", ".join(f"`{name}`" for name in self.new)
        return (
            f"MERGE INTO delta.`{place}` AS t USING {view} AS s ON t.`{key}` = s.`{key}`"  # noqa: S608 - see above
            f" WHEN MATCHED AND s.{self.gone} THEN DELETE"
            f" WHEN MATCHED THEN UPDATE SET {', '.join(f't.`{name}` = {value}' for name, value in self.held.items())}"
            f" WHEN NOT MATCHED AND NOT s.{self.gone} THEN INSERT ({names}) VALUES ({', '.join(self.new.values())})"
        )


def _merge(path: str, rows: "DataFrame", prepared: Prepared, changes: _Changes) -> None:
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
            done = session.sql(changes.statement(path, view)).collect()
    finally:
        session.catalog.dropTempView(view)
    if not done:  # a transaction that is not newer is passed over without a word
        raise StaleCursor(
            f"Somebody else changed the Delta table {prepared.stamp.table} in the same moment: nothing was written.",
            table=prepared.stamp.table,
        )
