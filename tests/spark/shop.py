"""One log, one lake, and a table in it that goes from engine to engine."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import eventfold as ef
from eventfold.engines.spark.job import TableJob
from eventfold.engines.spark.sources.port import Source
from eventfold.engines.spark.sources.store import StoreSource
from eventfold.readmodels.lakecopy.copier import Copier
from eventfold.readmodels.open import open_copy
from eventfold.testing.making import make

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from eventfold.app.live import Live


class Noted(ef.Event):
    n: int


class Closed(ef.Event):
    pass


class Boxes(ef.Table, category="box", name="boxes"):
    box_id = ef.key()
    n = ef.last(Noted.n)
    total = ef.sum(Noted.n, "decimal(18,2)")
    seen = ef.last(ef.recorded_at)
    some = ef.collect(Noted.n, limit=3)
    gone = ef.delete_on(Closed)


APP = ef.App("shop", tables=[Boxes], events=[Noted, Closed])


class Shop:
    """One log, one lake, a state, and checkpoints of Spark."""

    def __init__(self, session: "SparkSession", folder: Path, *, log: str | None = None) -> None:
        self.session = session
        self.folder = folder
        self.log = log or f"sqlite:///{folder}/log.db"
        self.lake = str(folder / "lake")
        self.state = "here"
        with self.opened():
            pass

    def opened(self, state: str | None = None) -> "Live":
        place = f"sqlite:///{self.folder}/{state or self.state}.state"
        return APP.open(self.log, state=place, lake=self.lake)

    def note(self, first: int, last: int, *, boxes: int = 7) -> None:
        with ef.open_store(self.log) as store:
            for n in range(first, last):
                event = make(event_type="Closed", data={}) if n % 23 == 22 else make(data={"n": n})
                store.append(f"box-{n % boxes}", [event], expected=ef.ANY)

    def copy(self, *, events: int = 8) -> None:
        """Brings the lake copy to the end of the log, so many events a commit."""
        with ef.open_store(self.log) as store:
            copier = Copier(open_copy(self.lake, store.log_id), store.feed(), events=events, patient=False)
            while not copier.copy():
                pass

    def job(self, source: Source | None = None, **options: Any) -> TableJob:
        return TableJob(
            self.session,
            Boxes.spec,
            APP.registry,
            source=source or StoreSource(self.log),
            lake=self.lake,
            checkpoints=str(self.folder / "checkpoints"),
            **options,
        )

    def hand_over(self) -> None:
        with self.opened() as live:
            live.table(Boxes).take_over(engine="spark")

    def embedded(self) -> None:
        """Folds what is there with the embedded engine and publishes it, taking the table over where it must."""
        with self.opened() as live:
            live.table(Boxes).take_over()
            live.catch_up()

    def expected(self) -> list[dict[str, Any]]:
        """A fold from zero, by the embedded engine in a place of its own."""
        other = self.folder / "zero"
        shutil.rmtree(other, ignore_errors=True)
        other.mkdir()
        with APP.open(self.log, state=f"sqlite:///{other}/zero.state", lake=str(other / "lake")) as live:
            live.catch_up()
            publication = live.table(Boxes).publication
            assert publication is not None
            return rows_of(publication)

    def standing(self) -> list[dict[str, Any]]:
        """The rows that are published, whoever keeps them."""
        with self.opened() as live:
            return rows_of(live.table(Boxes).publication)

    def published(self, job: TableJob) -> list[dict[str, Any]]:
        return rows_of(job.publication)


def rows_of(publication: Any) -> list[dict[str, Any]]:
    found = publication.rows(max(publication.versions()))
    return sorted(found.to_pylist(), key=lambda row: str(row["box_id"]))
