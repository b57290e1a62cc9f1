"""A session of Spark on this machine alone."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from eventfold.engines.open import open_cluster

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def open_session(
    jars: Path, *, cores: int = 2, scratch: Path | None = None, brief: bool = True
) -> "SparkSession":
    """Starts Spark with Delta Lake; it listens on loopback only.

    The process and its workers keep the time zone UTC from here on: rows that become Python objects have naive times in
    the zone of the process.

    Args:
        jars: as `spark_jars` gives them.
        cores: how many tasks run at once.
        scratch: where it keeps what it spills; None: where the machine keeps temporary files.
        brief: whether it compiles as quickly as it can, which suits what runs once; what runs for long is slower then.
    """
    os.environ["TZ"] = "UTC"
    time.tzset()
    options = ["-Duser.timezone=UTC", "-XX:+UseSerialGC", *(["-XX:TieredStopAtLevel=1"] if brief else [])]
    settings = {
        "spark.master": f"local[{cores}]",
        "spark.driver.memory": "1g",
        "spark.driver.extraJavaOptions": " ".join(options),
        "spark.sql.shuffle.partitions": str(cores),
        "spark.databricks.delta.snapshotPartitions": "1",
    }
    if scratch is not None:
        settings["spark.local.dir"] = str(scratch)
        settings["spark.sql.warehouse.dir"] = str(scratch / "warehouse")
    session: SparkSession = open_cluster().made(jars, settings)
    return session
