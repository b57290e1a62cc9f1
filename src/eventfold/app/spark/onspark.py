"""`OnSpark`: the tables of an app, bound to a log, a lake and a session of Spark."""

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import TracebackType
from typing import Any, Self

from eventfold.app.definition import Definition
from eventfold.app.parts.tablestatus import TableStatus
from eventfold.app.pulse import Pulse
from eventfold.app.status import Status
from eventfold.engines.port import MOST, MOST_OF_ALL, Cluster, Job, Ran, Source
from eventfold.errors import EventfoldError, LogMismatch, RangeInvalid, StorageFailed, TableNotFound
from eventfold.feed.cursor import Cursor
from eventfold.feed.loop import Loop, catch_up
from eventfold.readmodels.declaring.layout import bind
from eventfold.readmodels.declaring.table import Table
from eventfold.readmodels.open import open_publication
from eventfold.readmodels.publishing.ownership import check_owner
from eventfold.readmodels.publishing.publication import SPARK, Version
from eventfold.readmodels.telling import parked_warnings

_EVERY = re.compile(r"\s*(\d{1,9}\s+(millisecond|second|minute|hour)s?\s*)+", re.ASCII)


class OnSpark:
    """The tables of an app on Spark; made by `App.on_spark`. They need no state.

    Args:
        app: the definition.
        cluster: the engine.
        session: of Spark; it is left when this is closed.
        source: of the events.
        lake: the folder of the published tables.
        checkpoints: the folder where Spark notes how far it has read, while it runs.
    """

    def __init__(
        self,
        app: Definition,
        cluster: Cluster,
        session: AbstractContextManager[Any],
        source: Source,
        *,
        lake: str,
        checkpoints: str,
    ) -> None:
        self.app = app
        self.pulse = Pulse()
        self._cluster = cluster
        self._closing = ExitStack()
        self._session = self._closing.enter_context(session)
        try:
            cluster.check(self._session, lake)
        except BaseException:
            self._closing.close()
            raise
        self._source = source
        self._lake = lake
        self._checkpoints = checkpoints
        self._jobs: dict[str, Job] = {}

    def __repr__(self) -> str:
        """Its name and its tables."""
        return f"<{self.app.name} on Spark: {', '.join(self.app.tables) or 'no tables'}>"

    def tables(self) -> list[str]:
        """The tables that jobs keep: those that Spark has, and those of which nothing is published yet."""
        return [name for name, version in self._versions().items() if _is_free(version)]

    def left(self) -> dict[str, str]:
        """The tables that another engine keeps, with its name; `take-over TABLE --engine spark` gives them to Spark."""
        return {
            name: v.stamp.engine for name, v in self._versions().items() if v is not None and not _is_free(v)
        }

    def run(
        self,
        *tables: str | type[Table],
        every: str = "",
        most: int = MOST,
        stop: threading.Event | None = None,
    ) -> list[Ran]:
        """Takes what is there now into tables, each event once, and ends; or goes on.

        A table that cannot go on keeps no other from it. Where it dies at any moment, run it again: what has landed is
        not folded again, whatever becomes of the checkpoints.

        Args:
            tables: their names or classes; none: those of `tables()`.
            every: how often there is a batch, as `30 seconds`, and it goes on until it is stopped or interrupted;
                empty: it ends with what is there now.
            most: events of one batch, at most.
            stop: ends what goes on between two batches; set it from a signal handler or another thread.

        Returns:
            What was done, table by table.

        Raises:
            TableNotFound: the app has no such table.
            EngineFenced: another engine keeps the table that is named, or all tables.
            RangeInvalid: no such time, or number.
            TableInvalid: a table was published under another definition.
            LogMismatch: a table and the log do not belong together.
            StorageFailed: Spark could not go on, or has ended; what has landed is kept.
        """
        check_every(every)
        if not 1 <= most <= MOST_OF_ALL:
            raise RangeInvalid(
                f"most = {most}: a batch has from 1 to {MOST_OF_ALL:,} events (--most, in Python most=...).",
                field="most",
            )
        chosen = self._chosen(tables)
        jobs = {name: self._job(name, every, most) for name in chosen}
        self._jobs = {**self._jobs, **jobs}
        with _told_as_ours():
            if every:
                with self.pulse.of(Loop(jobs.values())) as loop:
                    loop.run(stop or threading.Event())
            else:
                catch_up(jobs.values())
        return [done for job in jobs.values() if (done := job.ran()) is not None]

    def status(self) -> Status:
        """How far the tables are that Spark keeps; events a second where jobs of this process have made a batch."""
        shown = [
            self._status(name, version) for name, version in self._versions().items() if _is_free(version)
        ]
        return Status(
            app=self.app.name,
            log=self._source.log_id,
            events=self._source.lag(Cursor(self._source.log_id, {})),
            last_recorded=None,
            requests=None,
            charge=None,
            warnings=[
                *parked_warnings({t.name: t.parked for t in shown}),
                *(f"{t.name}: {t.problem}" for t in shown if t.problem),
            ],
            tables=shown,
            unknown=[],
        )

    def close(self) -> None:
        """Ends the session, if it was made for this alone."""
        self._closing.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes it."""
        self.close()

    def _chosen(self, tables: Sequence[str | type[Table]]) -> list[str]:
        found = names_of(self.app, tables) or self.tables()
        if not found:
            for version in self._versions().values():
                if version is not None:
                    check_owner(version.stamp, version.stamp.epoch, SPARK)
        return found

    def _job(self, name: str, every: str, most: int) -> Job:
        return self._cluster.job(
            self._session,
            self.app.tables[name],
            self.app.registry,
            source=self._source,
            lake=self._lake,
            checkpoints=self._checkpoints,
            most=most,
            every=every,
        )

    def _versions(self) -> dict[str, Version | None]:
        """The newest published version of each table."""
        found: dict[str, Version | None] = {}
        for name, spec in self.app.tables.items():
            layout = bind(spec, total_order=self._source.total_order)
            publication = open_publication(self._lake, layout, self._source.log_id)
            try:
                found[name] = publication.head()
            except LogMismatch:
                found[name] = None  # its job says why it cannot go on
        return found

    def _status(self, name: str, version: Version | None) -> TableStatus:
        job = self._jobs.get(name)
        rate = job.rate if job is not None else None
        problem = self.pulse.stopped().get(f"table {name}")
        told = "" if problem is None else problem.message
        if version is None:
            return TableStatus(name=name, rate=rate, engine=SPARK, problem=told)
        stamp = version.stamp
        try:
            lag = self._source.lag(stamp.cursor)
        except EventfoldError as error:
            lag, told = None, told or error.message
        return TableStatus(
            name=name,
            generation=stamp.generation,
            lag=lag,
            cursor=stamp.cursor,
            rate=rate,
            parked=stamp.parked_count,
            published=version.number,
            engine=stamp.engine,
            problem=told,
        )


def names_of(app: Definition, tables: Sequence[str | type[Table]]) -> list[str]:
    """The names of tables, each once.

    Args:
        app: that has them.
        tables: names or classes.

    Raises:
        TableNotFound: the app has no such table.
    """
    names = [
        name if isinstance(name, str) else str(getattr(getattr(name, "spec", name), "name", name))
        for name in tables
    ]
    for name in names:
        if name not in app.tables:
            known = ", ".join(sorted(app.tables)) or "none"
            raise TableNotFound(f"{app.name} has no table {name!r:.60}; it has: {known}.", table=name)
    return list(dict.fromkeys(names))


def check_every(every: str) -> None:
    """Refuses what is no time between two batches; empty is none.

    Raises:
        RangeInvalid: it cannot be.
    """
    if every and not _EVERY.fullmatch(every):
        raise RangeInvalid(
            f"{every[:40]!r} is no time between two batches: write a number and a unit, --every '30 seconds' (in Python"
            " every='30 seconds').",
            field="every",
        )


@contextmanager
def _told_as_ours() -> Iterator[None]:
    """What Spark raises outside of a batch, as where its Java has gone."""
    try:
        yield
    except EventfoldError:
        raise
    except Exception as error:
        said = str(error).strip().partition("\n")[0][:300] or type(error).__name__
        raise StorageFailed(
            f"Spark cannot go on: {said}. What has landed is kept; start it again, and it goes on there."
        ) from error


def _is_free(version: Version | None) -> bool:
    return version is None or version.stamp.engine == SPARK
