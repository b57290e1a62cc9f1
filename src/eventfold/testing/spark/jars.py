"""The jars that Spark is given: Delta Lake, and Kafka as a source."""

from pathlib import Path

from eventfold.testing import jars
from eventfold.testing.jars import JarsMissing as SparkMissing

__all__ = ["SparkMissing", "spark_jars"]

_POM = Path(__file__).with_name("pom.xml")


def spark_jars(folder: Path | str | None = None) -> Path:
    """The folder with the jars; they are brought into it where they are not there yet.

    Args:
        folder: where they are kept, a folder of their own; None: `eventfold/spark` in the cache of the user.

    Raises:
        SparkMissing: there is no Java or no Maven, or Maven could not bring them.
    """
    return jars.bring(_POM, Path(folder) if folder is not None else jars.cache("spark"), "Spark for tests")
