#!/usr/bin/env bash
# PySpark 4.2.0: a Python data source that one session has registered can neither be used nor registered in another
# session of the same process: `register` looks for the name in the session that is active, and registers in the one
# that it is called on. A session that is copied, as that of `foreachBatch` is, knows it and takes it again; a class with
# another name is taken.
#
# Seen:
#   pyspark 4.2.0
#   as described: the first session, registered: taken, read
#   as described: the first session, registered again: taken, read
#   as described: a new session: not found
#   as described: a new session, registered: DATA_SOURCE_ALREADY_EXISTS, not found
#   as described: a new session, registered under another name: taken, read
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

import pyspark
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition


class Numbers(DataSource):
    @classmethod
    def name(cls):
        return "numbers"

    def schema(self):
        return "n BIGINT"

    def reader(self, schema):
        return Reader()


class Others(Numbers):
    @classmethod
    def name(cls):
        return "others"


class Reader(DataSourceReader):
    def partitions(self):
        return [InputPartition(0)]

    def read(self, partition):
        yield (7,)


def registered(session, source):
    try:
        session.dataSource.register(source)
    except PySparkException as error:
        return error.getCondition()
    return "taken"


def read(session, source):
    try:
        return "read" if session.read.format(source.name()).load().collect()[0].n == 7 else "other rows"
    except Exception as error:
        return "not found" if "DATA_SOURCE_NOT_FOUND" in str(error) else type(error).__name__


first = (
    SparkSession.builder.master("local[1]")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.host", "127.0.0.1")
    .getOrCreate()
)
first.sparkContext.setLogLevel("OFF")
second = first.newSession()
print("pyspark", pyspark.__version__)
seen = {
    "the first session, registered": (registered(first, Numbers), read(first, Numbers)),
    "the first session, registered again": (registered(first, Numbers), read(first, Numbers)),
    "a new session": (read(second, Numbers),),
    "a new session, registered": (registered(second, Numbers), read(second, Numbers)),
    "a new session, registered under another name": (registered(second, Others), read(second, Others)),
}
EXPECTED = (
    ("taken", "read"),
    ("taken", "read"),
    ("not found",),
    ("DATA_SOURCE_ALREADY_EXISTS", "not found"),
    ("taken", "read"),
)
changed = False
for (what, found), expected in zip(seen.items(), EXPECTED, strict=True):
    changed = changed or found != expected
    print("as described:" if found == expected else "CHANGED:", f"{what}: {', '.join(found)}")
first.stop()
sys.exit(1 if changed else 0)
PYTHON
