"""The port of engines that keep published tables by themselves: streaming jobs, each with a session around it."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

import msgspec

from eventfold.events.registry import Registry
from eventfold.feed.cursor import Cursor
from eventfold.feed.loop import Follower
from eventfold.readmodels.declaring.table import TableSpec

From = Literal["store", "lake-copy", "bus"]
"""The log itself, its copy in the lake, or a topic of its events."""
SOURCES: tuple[From, ...] = get_args(From)
MOST = 1_000_000
"""Events of one batch, unless somebody says otherwise."""
MOST_OF_ALL = 1_000_000_000
"""Whatever anybody says."""


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """What a job did with one table.

    Attributes:
        table: its name.
        events: how many new events it took.
        batches: in how many commits.
        version: the newest version of the Delta table.
        position: what that contains of the log.
        parked: how many streams wait.
        seconds: how long it took.
    """

    table: str
    events: int
    batches: int
    version: int
    position: int
    parked: int
    seconds: float


class Source(Protocol):
    """Where jobs take events from: the events of one log, and what is asked of it beside them."""

    @property
    def log_id(self) -> str:
        """Of the log."""

    @property
    def total_order(self) -> bool:
        """Whether positions order all of its events."""

    def lag(self, cursor: Cursor) -> int | None:
        """Events behind a cursor; None where they cannot be counted."""


class Job(Follower, Protocol):
    """Keeps one table; a loop runs it. Its steps raise `EngineFenced` where another engine has the table."""

    @property
    def rate(self) -> float | None:
        """Events a second of the last batch; None where there was none yet."""

    def ran(self) -> Ran | None:
        """What it did; None where it never had its turn."""


class Cluster(Protocol):
    """An engine of jobs."""

    def session(self, jars: Path | None = None) -> AbstractContextManager[Any]:
        """The session of this process; where there is none, one that ends with the context.

        Args:
            jars: a folder with the jars of Delta Lake for a new one; None: they are brought from Maven, once.

        Raises:
            ExtraMissing: something is not installed.
        """

    def made(self, jars: Path | None, settings: Mapping[str, str]) -> Any:
        """A new session, with settings beside its own; errors as `session`."""

    def check(self, session: Any, lake: str) -> None:
        """Whether a session has what it needs to read and write a lake; nothing is read.

        Raises:
            ExtraMissing: it has not.
        """

    def source(self, which: From | None, *, store: str | None, lake: str, bus: str | None) -> Source:
        """Where events are taken from.

        Args:
            which: None: the topic where one is named, else the store.
            store: the URL of the log, or of a topic of it.
            lake: the folder of the Delta tables, with the copy.
            bus: the URL of the topic.

        Raises:
            ConfigInvalid: there is no such source, or its place is not named.
            LogNotFound: there is no log, no copy of it.
            CapabilityMissing: Spark cannot follow it.
            UnsupportedUrl, StorageError, BusUnavailable, TopicUnfit: it cannot be opened.
        """

    def job(
        self,
        session: Any,
        spec: TableSpec,
        registry: Registry,
        *,
        source: Source,
        lake: str,
        checkpoints: str,
        most: int,
        every: str,
    ) -> Job:
        """The job of one table; when its turn comes, it makes the table where nothing is published yet.

        Args:
            session: of Spark.
            spec: of the table.
            registry: knows event types and upcasters.
            source: of the events.
            lake: the folder of the published tables.
            checkpoints: the folder where Spark notes how far it has read, while it runs.
            most: events of one batch, at most.
            every: a processing time; empty: what is there is taken, and the job has nothing more to do.
        """
