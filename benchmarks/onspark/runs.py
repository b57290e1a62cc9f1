"""What is measured: each run returns events a second."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

import eventfold as ef
from benchmarks.onspark import byhand, orders
from eventfold.engines.open import open_engine
from eventfold.engines.spark.batch import choose, current_versions
from eventfold.engines.spark.folding import parts
from eventfold.engines.spark.job import TableJob
from eventfold.engines.spark.sources.log import COLUMNS, EventfoldSource
from eventfold.engines.spark.sources.store import StoreSource
from eventfold.readmodels.declaring.layout import bind
from eventfold.readmodels.folding.history import needed_columns
from eventfold.readmodels.port import Scope
from eventfold.testing.spark import open_session

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

LAYOUT = bind(orders.Orders.spec, total_order=True)
REGISTRY = orders.APP.registry


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return orders.EVENTS / (time.perf_counter() - began)


def _away(rows: "DataFrame") -> None:
    """Computes all rows, and keeps none."""
    rows.write.format("noop").mode("overwrite").save()


class Bench:
    """A log, the same as a file, and a session that has done each of it once: what is measured is not its start.

    Args:
        jars: of Spark.
        folder: where all of it is made.
    """

    def __init__(self, jars: Path, folder: Path) -> None:
        self._log = f"sqlite:///{folder}/log.db"
        self._file = folder / "events.parquet"
        orders.fill(self._log)
        orders.keep(self._log, self._file)
        self.session = open_session(jars, scratch=folder, brief=False)
        self.session.dataSource.register(EventfoldSource)
        self.fold(folder)
        self.fold_by_hand(folder)
        self.catch_up_by_hand(folder / "warm")
        self.catch_up(folder / "warm")

    def _events(self) -> "DataFrame":
        return self.session.read.parquet(str(self._file))

    def fold(self, _: Path) -> float:
        """By the definition, from the file, as a job folds a batch: versions are supposed, rows are kept and judged."""
        supposed = current_versions(LAYOUT, REGISTRY)

        def run() -> None:
            chosen = choose(self._events(), LAYOUT, REGISTRY, Scope(), supposed, supposed=True)
            with parts(chosen, LAYOUT) as part:
                assert part is not None, "a job would fold these event by event"
                _away(part.rows)

        return _timed(run)

    def fold_by_hand(self, _: Path) -> float:
        """The same from the same file."""
        return _timed(lambda: _away(byhand.fold(self._events())))

    def fold_embedded(self, _: Path) -> float:
        """The same by DuckDB from the same file."""
        with pq.ParquetFile(self._file) as file:
            events = file.iter_batches(batch_size=100_000, columns=needed_columns(LAYOUT, Scope()))
            return _timed(lambda: open_engine().fold(events, LAYOUT, REGISTRY, scope=Scope()))

    def catch_up(self, folder: Path) -> float:
        """From the log into Delta."""
        job = TableJob(
            self.session,
            orders.Orders.spec,
            REGISTRY,
            source=StoreSource(self._log),
            lake=str(folder / "lake"),
            checkpoints=str(folder / "noted"),
        )
        return _timed(job.run)

    def catch_up_by_hand(self, folder: Path) -> float:
        """The same from the same source."""
        return _timed(lambda: byhand.catch_up(self.session, self._log, folder))

    def catch_up_embedded(self, folder: Path) -> float:
        """The same by DuckDB, with its state."""
        with orders.APP.open(
            self._log, state=f"sqlite:///{folder}/embedded.state", lake=str(folder / "embedded")
        ) as live:
            return _timed(live.catch_up)

    def reading(self, ranges: int) -> Callable[[Path], float]:
        """All columns of the log, so many ranges side by side."""
        reader = self.session.read.format("eventfold").option("log", self._log).option("ranges", str(ranges))
        return lambda _: _timed(lambda: _away(reader.load()))

    def read_bare(self, _: Path) -> float:
        """The same columns without Spark."""
        with ef.open_store(self._log, create=False) as store:
            feed = store.feed()
            batches = feed.arrow(feed.start(), feed.end(), COLUMNS.names, limit=10_000)
            return _timed(lambda: sum(batch.num_rows for batch in batches))
