#!/usr/bin/env bash
# PySpark 4.2.0: createDataFrame of an Arrow table whose columns have an empty chunk drops all rows behind it, without an
# error, unless that chunk is the first. Tables get such chunks where they are concatenated or filtered. `combine_chunks()` before it keeps
# all rows, and so does `mapInArrow`, which may give empty batches wherever it likes.
#
# Seen (chunks of 0 or 2 rows in their order, rows of the Arrow table, rows of the data frame):
#   pyspark 4.2.0, pyarrow 26.0.1
#   as described: 0 2: 2 rows, createDataFrame 2, combined 2, mapInArrow 2
#   as described: 0 0 2: 2 rows, createDataFrame 0, combined 2, mapInArrow 2
#   as described: 2 0 2: 4 rows, createDataFrame 2, combined 4, mapInArrow 4
#   as described: 2 0 0 2: 4 rows, createDataFrame 2, combined 4, mapInArrow 4
#   as described: 0 2 0 2: 4 rows, createDataFrame 2, combined 4, mapInArrow 4
#
# It needs Java 17 or newer. Exit code 0: the behaviour is as described. Anything else: it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyspark==4.2.0 pyarrow==26.0.1 pandas==2.3.3
cd "$folder"
SPARK_LOCAL_IP=127.0.0.1 PYSPARK_PYTHON="$folder/venv/bin/python" "$folder/venv/bin/python" - <<'PYTHON'
import sys

import pyarrow as pa
import pyspark
from pyspark.sql import SparkSession

EXPECTED = {(0, 2): 2, (0, 0, 2): 0, (2, 0, 2): 2, (2, 0, 0, 2): 2, (0, 2, 0, 2): 2}
print(f"pyspark {pyspark.__version__}, pyarrow {pa.__version__}")
session = (
    SparkSession.builder.master("local[1]")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.host", "127.0.0.1")
    .getOrCreate()
)
session.sparkContext.setLogLevel("OFF")


def chunks(sizes):
    return [pa.RecordBatch.from_pydict({"a": pa.array(range(size), pa.int64())}) for size in sizes]


def mapped(sizes):
    def give(batches):
        for _ in batches:
            pass
        for size in sizes:
            yield pa.RecordBatch.from_pydict({"a": pa.array(range(size), pa.int64())})

    return session.range(1).coalesce(1).mapInArrow(give, "a long").count()


changed = False
for sizes, expected in EXPECTED.items():
    table = pa.Table.from_batches(chunks(sizes))
    plain = session.createDataFrame(table).count()
    combined = session.createDataFrame(table.combine_chunks()).count()
    holds = (plain, combined, mapped(sizes)) == (expected, table.num_rows, table.num_rows)
    changed = changed or not holds
    print(
        "as described:" if holds else "CHANGED:",
        f"{' '.join(map(str, sizes))}: {table.num_rows} rows, createDataFrame {plain}, combined {combined},"
        f" mapInArrow {mapped(sizes)}",
    )
session.stop()
sys.exit(1 if changed else 0)
PYTHON
