"""Figures of a live app, told to OpenTelemetry: for whatever exports them, or in the text of Prometheus."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from eventfold.app.status import Status
from eventfold.doors.health.checks import Runs
from eventfold.doors.health.latest import Latest
from eventfold.errors import EventfoldError
from eventfold.extras import needing

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Meter, Observation

TEXT = "text/plain; version=0.0.4; charset=utf-8"
"""The media type of the text of Prometheus."""
Figures = Mapping[str, float | None]
"""By the name of a table, a handler or a follower; None where it is not known."""


def measure(live: Runs, meter: "Meter | None" = None) -> None:
    """Tells OpenTelemetry the figures of a live app, whenever somebody collects them.

    `eventfold.log.events`; of each table `eventfold.table.lag`, `.parked`, `.unpublished`; of each place
    of a table `eventfold.publication.lag`; of each handler
    `eventfold.handler.lag`, `.waiting` (seconds that the first event waits), `.parked`, `.deadlines`; of each follower
    of this process `eventfold.handled` (events), `eventfold.turn` (seconds since its loop turned), `eventfold.stopped`
    (1 where it does not go on). While the log does not answer, those of the process alone are told.

    Args:
        live: the app.
        meter: default: that of the program's own meter provider.

    Raises:
        ExtraMissing: the packages of `eventfold[metrics]` are not installed.
    """
    with needing("Metrics", "metrics"):
        from opentelemetry.metrics import Observation, get_meter
    told = meter or get_meter("eventfold")
    latest = Latest(live.status)

    def observed(by: str, ask: Callable[[], Figures], _: "CallbackOptions") -> "Iterable[Observation]":
        for name, value in ask().items():
            if value is not None:
                yield Observation(value, {by: name} if name else {})

    def gauge(name: str, by: str, unit: str, description: str, ask: Callable[[], Figures]) -> None:
        told.create_observable_gauge(name, [partial(observed, by, ask)], unit, description)

    def kept(name: str, by: str, unit: str, description: str, read: Callable[[Status], Figures]) -> None:
        gauge(name, by, unit, description, lambda: _asked(latest, read))

    kept("eventfold.log.events", "", "{event}", "Events of the log", lambda s: {"": s.events})
    kept(
        "eventfold.table.lag",
        "table",
        "{event}",
        "Events not folded",
        lambda s: {t.name: t.lag for t in s.tables},
    )
    kept(
        "eventfold.table.parked",
        "table",
        "{stream}",
        "Parked streams",
        lambda s: {t.name: t.parked for t in s.tables},
    )
    kept(
        "eventfold.table.unpublished",
        "table",
        "{commit}",
        "Commits not published",
        lambda s: {t.name: t.unpublished for t in s.tables},
    )
    kept(
        "eventfold.table.waiting",
        "table",
        "s",
        "Age of the first event that is not seen in every place",
        lambda s: {t.name: t.seconds for t in s.tables},
    )
    kept(
        "eventfold.table.stale",
        "table",
        "1",
        "Whether an event waits for longer than the table allows",
        lambda s: {t.name: int(t.stale) for t in s.tables if t.fresh is not None},
    )
    kept(
        "eventfold.publication.lag",
        "publication",
        "{event}",
        "Events not published",
        lambda s: {f"{t.name}/{one.place}": one.lag for t in s.tables for one in t.places},
    )
    kept(
        "eventfold.handler.lag",
        "handler",
        "{event}",
        "Events not passed",
        lambda s: {h.name: h.lag for h in s.handlers},
    )
    kept(
        "eventfold.handler.waiting",
        "handler",
        "s",
        "Age of the first event that waits",
        lambda s: {h.name: h.seconds or 0.0 for h in s.handlers},
    )
    kept(
        "eventfold.handler.parked",
        "handler",
        "{stream}",
        "Parked streams",
        lambda s: {h.name: h.parked for h in s.handlers},
    )
    kept(
        "eventfold.handler.deadlines",
        "handler",
        "{effect}",
        "Effects that wait for their time",
        lambda s: {h.name: h.deadlines for h in s.handlers},
    )
    pulse = live.pulse
    gauge("eventfold.turn", "follower", "s", "Since the loop began its last turn", pulse.since)
    gauge(
        "eventfold.stopped",
        "follower",
        "1",
        "Whether it does not go on",
        lambda: {name: int(name in pulse.stopped()) for name in pulse.since()},
    )
    told.create_observable_counter(
        "eventfold.handled",
        [partial(observed, "follower", pulse.handled)],
        "{event}",
        "Events that this process handled",
    )


@contextmanager
def prometheus(live: Runs) -> Iterator[Callable[[], bytes]]:
    """Gives what writes the figures as Prometheus reads them, as long as the context is open.

    Raises:
        ExtraMissing: the packages of `eventfold[metrics]` are not installed.
    """
    with needing("Metrics in the text of Prometheus", "metrics"):
        from opentelemetry.exporter.prometheus import PrometheusMetricReader
        from opentelemetry.sdk.metrics import MeterProvider
        from prometheus_client import CollectorRegistry, generate_latest
    registry = CollectorRegistry()
    reader = PrometheusMetricReader(disable_target_info=True, scope_info_enabled=False, registry=registry)
    provider = MeterProvider([reader], shutdown_on_exit=False)
    measure(live, provider.get_meter("eventfold"))
    try:
        yield Latest(lambda: generate_latest(registry), patience=10.0).get
    finally:
        provider.shutdown()


def _asked(latest: Latest[Status], read: Callable[[Status], Figures]) -> Figures:
    try:
        return read(latest.get())
    except (TimeoutError, EventfoldError):
        return {}
