"""A session of Spark on this machine alone."""

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def open_session(jars: Path, *, cores: int = 2, scratch: Path | None = None) -> "SparkSession":
    """Starts Spark with Delta Lake; it listens on loopback only.

    The process and its workers keep the time zone UTC from here on: rows that become Python objects have naive times in
    the zone of the process.

    Args:
        jars: as `spark_jars` gives them.
        cores: how many tasks run at once.
        scratch: where it keeps what it spills; None: where the machine keeps temporary files.
    """
    from pyspark.sql import SparkSession

    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    os.environ["PYSPARK_PYTHON"] = sys.executable  # else workers are any python3 of the path
    os.environ["TZ"] = "UTC"
    time.tzset()
    settings = {
        "spark.jars": ",".join(str(path) for path in sorted(jars.glob("*.jar"))),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.driver.extraJavaOptions": "-Duser.timezone=UTC -XX:+UseSerialGC",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(cores),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.databricks.delta.snapshotPartitions": "1",
    }
    if scratch is not None:
        settings["spark.local.dir"] = str(scratch)
        settings["spark.sql.warehouse.dir"] = str(scratch / "warehouse")
    builder = SparkSession.builder.master(f"local[{cores}]").appName("eventfold")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session
