"""How a live app stands: the log, each table, what waits."""

import time
from collections.abc import Sequence
from datetime import datetime

import msgspec

from eventfold.app.parts.tablestatus import TableStatus, stale_told, table_status, watched
from eventfold.app.tables import LiveTable
from eventfold.events.envelope import from_us
from eventfold.feed.port import Feed
from eventfold.handlers.declaring.handler import Handler
from eventfold.handlers.public.topics.standing import SourceStatus, sources
from eventfold.handlers.tending.standing import HandlerStatus, parked_told
from eventfold.handlers.tending.standing import standing as handlers_standing
from eventfold.readmodels.counting.unknown import UnknownType, told
from eventfold.readmodels.lakecopy.standing import CopyStatus
from eventfold.readmodels.notebook import markup
from eventfold.readmodels.telling import parked_warnings
from eventfold.store.port import Store
from eventfold.words import how_many

CLOCK_AHEAD_SECONDS = 5.0
_HANDLERS = ("handler", "kind", "state", "lag", "parked", "error")
_SHOWN = ("table", "rows", "lag", "parked", "generation", "published", "unpublished", "problem")


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The whole app, or a log alone.

    Attributes:
        app: its name; None where only the log was looked at.
        log: the id of the log.
        events: how many the log has; None where that cannot be counted.
        last_recorded: when the last one was recorded.
        requests: what was asked of the store's service by this process; None where there is no service.
        charge: what that cost, in the unit of the service.
        warnings: what a person should look at.
        tables: each table.
        unknown: the events that tables miss, because the app does not know their types; None = not counted yet.
        handlers: each handler.
        copy: the copy of the log in the lake; None where none is kept.
        sources: each source that is received from a topic, by what its receiver keeps with the log.
    """

    app: str | None
    log: str
    events: int | None
    last_recorded: datetime | None
    requests: int | None
    charge: float | None
    warnings: list[str]
    tables: list[TableStatus]
    unknown: list[UnknownType] | None
    handlers: list[HandlerStatus] = []
    copy: CopyStatus | None = None
    sources: list[SourceStatus] = []

    def __repr__(self) -> str:
        """What there is; `print` of its parts tells more."""
        return f"<{self._told()}>"

    def _told(self) -> str:
        events = "a log" if self.events is None else how_many(self.events, "event")
        handlers = f", {how_many(len(self.handlers), 'handler')}" if self.handlers else ""
        return f"Status of {self.app}: {events}, {how_many(len(self.tables), 'table')}{handlers}"

    def _repr_html_(self) -> str:
        """Log, tables and warnings, in a notebook."""
        last = f", the last of {markup.plain(self.last_recorded)}" if self.last_recorded else ""
        rows = (
            [t.name, t.rows, t.lag, t.parked, t.generation, t.published, t.unpublished, t.problem]
            for t in self.tables
        )
        shown = markup.table(_SHOWN, rows, of=len(self.tables)) if self.tables else ""
        if self.handlers:
            states = ([h.name, h.kind, h.state, h.lag, h.parked, h.error] for h in self.handlers)
            shown += markup.table(_HANDLERS, states, of=len(self.handlers))
        if self.copy is not None:
            shown += markup.paragraph(self.copy.told())
        about = markup.paragraph(f"log {self.log}")
        return markup.heading(self._told() + last) + about + shown + markup.warnings(self.warnings)


class TableCaughtUp(msgspec.Struct, frozen=True, kw_only=True):
    """What a catch-up did for one table.

    Attributes:
        name: of the table.
        events: how many it was given; 0 where it was at the end, or another worker keeps it.
        published: the version that was published; None where nothing was to be published.
    """

    name: str
    events: int
    published: int | None = None


class CaughtUp(msgspec.Struct, frozen=True, kw_only=True):
    """What a catch-up did, and what it leaves that a person should look at.

    Attributes:
        tables: what it did for each table.
        unknown: the events that tables miss, because the app does not know their types; None = not counted yet.
        parked: how many streams are parked, by table.
        warnings: all of it, in sentences.
        copied: events that were copied into the lake; None where no copy is kept.
    """

    tables: list[TableCaughtUp]
    unknown: list[UnknownType] | None
    parked: dict[str, int]
    warnings: list[str]
    copied: int | None = None

    def __repr__(self) -> str:
        """What it did for each table, and what waits."""
        done = [
            f"{t.name} {how_many(t.events, 'event') if t.events else 'nothing new'}"
            + ("" if t.published is None else f", published as version {t.published:,}")
            + (f", {self.parked[t.name]:,} parked" if self.parked.get(t.name) else "")
            for t in self.tables
        ]
        if self.copied is not None:
            done.append(f"lake copy {how_many(self.copied, 'event') if self.copied else 'nothing new'}")
        return f"<Caught up: {'; '.join(done) or 'no tables'}>"

    def _repr_html_(self) -> str:
        """The same in a notebook, with what to look at."""
        rows = ([t.name, t.events, t.published, self.parked.get(t.name, 0)] for t in self.tables)
        shown = markup.table(["table", "events", "published", "parked"], rows, of=len(self.tables))
        return markup.heading("Caught up") + shown + markup.warnings(self.warnings)


def status(
    app: str | None,
    store: Store,
    tables: Sequence[LiveTable],
    unknown: list[UnknownType] | None,
    *,
    handlers: Sequence[Handler] = (),
    copy: CopyStatus | None = None,
    watch: float = 0.0,
) -> Status:
    """How everything stands now.

    Args:
        app: its name; None = the log alone is looked at.
        store: the log.
        tables: all of them.
        unknown: the events that they miss.
        handlers: all of them.
        copy: how the copy of the log in the lake stands, where one is kept.
        watch: seconds for which tables that are behind are watched for their rate.
    """
    feed = store.feed()
    last = _last_recorded(feed)
    shown = [table_status(table, feed) for table in tables]
    if watch and any(table.lag for table in shown):
        shown = watched(tables, shown, feed, watch)
    warnings = parked_warnings({t.name: t.parked for t in shown})
    warnings += [f"{t.name}: {t.problem}" for t in shown if t.problem]
    warnings += [f"{t.name}, {one.place}: {one.problem}" for t in shown for one in t.places if one.problem]
    warnings += [stale_told(t) for t in shown if t.stale]
    warnings += told(unknown)
    if copy is not None and copy.problem:
        warnings.append(copy.told())
    stand = handlers_standing(handlers, store)
    warnings += [f"the handler {h.name} is stopped: {h.why}" for h in stand if h.state == "stopped"]
    warnings += [parked_told(h.name, h.parked) for h in stand if h.parked]
    if last is not None and (ahead := last.timestamp() - time.time()) > CLOCK_AHEAD_SECONDS:
        warnings.append(
            f"The last event was recorded {ahead:.0f} s ahead of this machine's clock: recorded times stand still until"
            " it has caught up."
        )
    cost = store.cost()
    return Status(
        app=app,
        requests=cost.requests if cost else None,
        charge=cost.charge if cost else None,
        log=store.log_id,
        events=feed.lag(feed.start()),
        last_recorded=last,
        warnings=warnings,
        tables=shown,
        unknown=unknown,
        handlers=stand,
        copy=copy,
        sources=sources(store.effects()) if store.capabilities.has_log else [],
    )


def _last_recorded(feed: Feed) -> datetime | None:
    end = feed.end()
    latest = 0
    for name, mark in end.marks.items():
        if mark.position and feed.capabilities.total_order:
            before = feed.at_position(mark.position - 1)
            for event in feed.read(before, 1, partitions=[name]).events:
                latest = max(latest, event.recorded_us)
    return from_us(latest) if latest else None
