"""The session of Spark: the one that is there, else one made for this process alone."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

from pyspark.sql import SparkSession

from eventfold.engines.spark.settings import RELIES_ON
from eventfold.errors import ExtraMissing

DELTA = "io.delta:delta-spark_4.2_2.13:4.4.0"
"""For Spark 4.2. The package delta-spark 4.4.1 for Python names jars of its own version, which were never published."""
_FROM_AROUND = ("PYSPARK_GATEWAY_PORT", "DATABRICKS_RUNTIME_VERSION", "SPARK_REMOTE")
"""Where one of these is set, a program around us has Spark ready, with settings of its own."""


@contextmanager
def opened(jars: Path | None = None) -> Iterator[SparkSession]:
    """The session of this process, as a notebook has one; where there is none, one that ends with the context.

    Args:
        jars: a folder with the jars of Delta Lake for a new one; None: Spark brings them from Maven, once.

    Raises:
        ExtraMissing: there is no Java, or no jars of Delta Lake.
    """
    there = SparkSession.getActiveSession()
    if there is None and any(os.environ.get(name) for name in _FROM_AROUND):
        there = SparkSession.builder.getOrCreate()
    if there is not None:
        yield there
        return
    session = made(jars)
    try:
        yield session
    finally:
        with suppress(Exception):  # a signal for all has ended Java already
            session.stop()


def made(jars: Path | None = None, settings: Mapping[str, str] | None = None) -> SparkSession:
    """A new session on this machine, with Delta Lake, that listens on loopback only.

    Args:
        jars: as `opened`.
        settings: beside those that it needs.

    Raises:
        ExtraMissing: there is no Java, or no jars of Delta Lake.
    """
    if not os.environ.get("JAVA_HOME") and shutil.which("java") is None:
        raise ExtraMissing(
            "Spark needs Java 17 or newer, and there is none here: install it (`apt-get install"
            " default-jre-headless` on Debian or Ubuntu, `brew install openjdk` on macOS), or set JAVA_HOME.",
            extra="spark",
        )
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else workers are any python3 of the path
    wanted = {
        **_delta(jars),
        "spark.executorEnv.PYTHONPATH": os.pathsep.join(_of_the_program()),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        **RELIES_ON,
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        **(settings or {}),
    }
    builder = SparkSession.builder.master(wanted.pop("spark.master", "local[*]")).appName("eventfold")
    for name, value in wanted.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except Exception as error:
        raise ExtraMissing(
            f"Spark {version('pyspark')} does not start here: {str(error).splitlines()[0][:300]}. It needs Java 17 or"
            f" newer, and the jars of Delta Lake ({DELTA}), from Maven or from a folder: --jars FOLDER.",
            extra="spark",
        ) from error
    session.sparkContext.setLogLevel("ERROR")
    return session


def _delta(jars: Path | None) -> dict[str, str]:
    if jars is None:
        return {"spark.jars.packages": DELTA}
    found = sorted(str(path.absolute()) for path in jars.glob("*.jar"))
    if not any(Path(path).name.startswith("delta-spark") for path in found):
        raise ExtraMissing(
            f"There are no jars of Delta Lake in {jars}: name the folder that has {DELTA} and what it needs, --jars"
            " FOLDER; without the option Spark brings them from Maven.",
            extra="spark",
        )
    return {"spark.jars": ",".join(found)}


def _of_the_program() -> list[str]:
    """Where modules of this program are found, and no package of the installation: workers import the app's too."""
    installed = [Path(prefix).resolve() for prefix in (sys.prefix, sys.base_prefix)]
    places = [Path(place or ".").resolve() for place in sys.path]
    return [
        str(place)
        for place in dict.fromkeys(places)
        if place.is_dir() and not any(place.is_relative_to(prefix) for prefix in installed)
    ]
