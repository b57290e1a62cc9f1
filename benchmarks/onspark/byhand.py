"""What one would write without eventfold: the same rows by the same engine, with none of its promises."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_LINE, _PLACED, _SHIPPED = (f"type = '{name}'" for name in ("LineAdded", "OrderPlaced", "OrderShipped"))
FOLD = f"""
SELECT stream AS `order`, max(position) AS at,
  min_by(get_json_object(data, '$.customer'), position) FILTER (WHERE {_PLACED}) AS customer,
  timestamp_micros(min(recorded_us)) AS placed_at,
  count(CASE WHEN {_LINE} THEN 1 END) AS lines,
  sum(CAST(get_json_object(data, '$.quantity') AS BIGINT)) FILTER (WHERE {_LINE}) AS units,
  CAST(sum(CAST(get_json_object(data, '$.price') AS DECIMAL(18,2))) FILTER (WHERE {_LINE}) AS DECIMAL(18,2)) AS total,
  max_by(get_json_object(data, '$.sku'), position) FILTER (WHERE {_LINE}) AS last_sku,
  max_by(get_json_object(data, '$.carrier'), position) FILTER (WHERE {_SHIPPED}) AS carrier,
  timestamp_micros(max(recorded_us)) AS changed_at
FROM {{events}} WHERE stream LIKE 'order-%' AND type IN ('LineAdded', 'OrderPlaced', 'OrderShipped') GROUP BY stream
"""
_COLUMNS = "`order` STRING, at BIGINT, customer STRING, placed_at TIMESTAMP, lines BIGINT, units BIGINT, \
total DECIMAL(18,2), last_sku STRING, carrier STRING, changed_at TIMESTAMP"
_MERGE = """
MERGE INTO delta.`{path}` AS t USING {rows} AS s ON t.`order` = s.`order`
WHEN MATCHED THEN UPDATE SET at = s.at, customer = coalesce(t.customer, s.customer), lines = t.lines + s.lines,
  units = coalesce(t.units + s.units, t.units, s.units), total = coalesce(t.total + s.total, t.total, s.total),
  last_sku = coalesce(s.last_sku, t.last_sku), carrier = coalesce(s.carrier, t.carrier), changed_at = s.changed_at
WHEN NOT MATCHED THEN INSERT *
"""


def fold(events: "DataFrame") -> "DataFrame":
    """The rows of these events."""
    events.createOrReplaceTempView("by_hand_events")
    return events.sparkSession.sql(FOLD.format(events="by_hand_events"))


def catch_up(session: "SparkSession", log: str, folder: Path) -> None:
    """The streaming job as one writes it: fold the batch, merge it."""
    path = str(folder / "by-hand")
    session.sql(f"CREATE TABLE delta.`{path}` ({_COLUMNS}) USING delta")

    def batch(events: "DataFrame", _: int) -> None:
        fold(events).createOrReplaceTempView("by_hand_rows")
        events.sparkSession.sql(_MERGE.format(path=path, rows="by_hand_rows"))

    stream = session.readStream.format("eventfold").option("log", log).load()
    writer = stream.writeStream.option("checkpointLocation", str(folder / "by-hand-noted"))
    writer.foreachBatch(batch).trigger(availableNow=True).start().awaitTermination()
