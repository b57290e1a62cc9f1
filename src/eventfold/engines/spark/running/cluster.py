"""Spark as a `Cluster`: what `engines/open.py` opens."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from eventfold.engines.port import From, Source
from eventfold.engines.spark.job import TableJob
from eventfold.engines.spark.running.following import Following
from eventfold.engines.spark.running.reaching import check_reach
from eventfold.engines.spark.running.session import made, opened
from eventfold.engines.spark.sources.admission import SupportsTriggerAvailableNow  # noqa: F401 - what lacks it is refused
from eventfold.engines.spark.sources.open import open_source
from eventfold.events.registry import Registry
from eventfold.readmodels.declaring.table import TableSpec


class SparkCluster:
    """Spark 4; see `Cluster`."""

    def session(self, jars: Path | None = None) -> AbstractContextManager[SparkSession]:
        """The session of this process, or a new one."""
        return opened(jars)

    def made(self, jars: Path | None, settings: Mapping[str, str]) -> SparkSession:
        """A new session."""
        return made(jars, settings)

    def check(self, session: SparkSession, lake: str) -> None:
        """By the file systems of its Hadoop."""
        check_reach(session, lake)

    def source(self, which: From | None, *, store: str | None, lake: str, bus: str | None) -> Source:
        """By its name."""
        return open_source(which, store=store, lake=lake, bus=bus)

    def job(
        self,
        session: SparkSession,
        spec: TableSpec,
        registry: Registry,
        *,
        every: str,
        **options: Any,
    ) -> Following:
        """The job of one table."""
        return Following(spec.name, lambda: TableJob(session, spec, registry, **options), every=every)
