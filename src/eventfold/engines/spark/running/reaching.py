"""How Spark reaches a lake in an object store: the file system of its addresses comes with jars of its own."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from eventfold.errors import ExtraMissing
from eventfold.readmodels.address import is_address

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def check_reach(session: "SparkSession", lake: str) -> None:
    """Looks for the file system of the addresses of Azure Storage; a session of Spark Connect is not looked at.

    Args:
        session: that is to read the lake.
        lake: a folder, or an address.

    Raises:
        ExtraMissing: there is none.
    """
    if not is_address(lake):
        return
    java: Any = getattr(session, "_jvm", None)
    if java is None:
        return
    settings = session._jsc.hadoopConfiguration()  # noqa: SLF001 - no other way
    try:
        java.org.apache.hadoop.fs.FileSystem.getFileSystemClass("abfss", settings)
    except Exception as error:
        hadoop = java.org.apache.hadoop.util.VersionInfo.getVersion()
        raise ExtraMissing(
            f"This Spark cannot read a lake at abfss://: it lacks org.apache.hadoop:hadoop-azure:{hadoop}. Put it and"
            " what it needs into the folder of --jars FOLDER (in Python jars=...), or start the session with it in"
            " spark.jars.packages; on Databricks, Synapse and Fabric it is there. Spark signs in by its own settings"
            " fs.azure.*, not by the environment.",
            extra="spark",
        ) from error


def remove(session: "SparkSession", place: str) -> None:
    """Removes a folder of an object store that Spark has written, as far as it can; Spark Connect leaves it there."""
    java: Any = getattr(session, "_jvm", None)
    if java is None:
        return
    with suppress(Exception):  # what stays costs room, and is never read
        folder = java.org.apache.hadoop.fs.Path(place)
        settings = session._jsc.hadoopConfiguration()  # noqa: SLF001 - no other way
        folder.getFileSystem(settings).delete(folder, True)
