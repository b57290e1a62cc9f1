"""The jars of the broker."""

from pathlib import Path

from eventfold.testing import jars
from eventfold.testing.jars import JarsMissing as KafkaMissing

__all__ = ["KafkaMissing", "kafka_jars", "needs"]

_POM = Path(__file__).with_name("pom.xml")
_WHAT = "A Kafka broker for tests"


def kafka_jars(folder: Path | str | None = None) -> Path:
    """The folder with the jars; they are brought into it where they are not there yet.

    Args:
        folder: where they are kept, a folder of their own; None: `eventfold/kafka` in the cache of the user.

    Raises:
        KafkaMissing: there is no Java or no Maven, or Maven could not bring them.
    """
    return jars.bring(_POM, Path(folder) if folder is not None else jars.cache("kafka"), _WHAT)


def needs(*programs: str) -> None:
    """Raises `KafkaMissing` where a program is not on the path."""
    jars.needs(_WHAT, *programs)
