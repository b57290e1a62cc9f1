"""Settings of a session for a while: others work with it too, and find it as it was."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

RELIES_ON = {"spark.sql.session.timeZone": "UTC", "spark.sql.ansi.enabled": "true"}
"""Under which a fold is shown to be that of the reference."""


@contextmanager
def setting(session: "SparkSession", values: Mapping[str, str]) -> Iterator[None]:
    """Sets them, and puts back what was there."""
    before = {name: session.conf.get(name, None) for name in values}
    try:
        for name, value in values.items():
            session.conf.set(name, value)
        yield
    finally:
        for name, old in before.items():
            if old is None:
                session.conf.unset(name)
            else:
                session.conf.set(name, old)
