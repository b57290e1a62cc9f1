"""Figures for OpenTelemetry and Prometheus: which there are, and what is told when the log does not answer."""

import http.client
import re
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

import eventfold as ef
from eventfold.app.live import Live
from eventfold.doors.health.metrics import measure, prometheus
from eventfold.doors.health.serving import serving_health
from eventfold.errors import StorageFailed
from eventfold.feed.loop import Loop


class Placed(ef.Event):
    pass


class Orders(ef.Table, category="order"):
    order = ef.key()
    events = ef.count()


def fail(event: Placed, message: ef.Message) -> None:
    if message.stream == "order-2":
        raise ValueError("nobody is at home")


tell = ef.notify(Placed, name="tell", since="start", attempts=1)(fail)
later = ef.notify(Placed, name="later", since="start", when=ef.after(hours=1))(fail)
shop = ef.App("shop", events=[Placed], tables=[Orders], handlers=[tell, later])


@pytest.fixture
def live() -> Iterator[Live]:
    with shop.open("sqlite://") as live:
        for n in (1, 2, 3):
            event = shop.registry.encode(Placed())
            live.store.append(f"order-{n}", [event], expected=0)
        yield live


def figures(text: bytes) -> dict[str, float]:
    lines = [line for line in text.decode().splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_prometheus_reads_how_tables_and_handlers_stand(live: Live) -> None:
    live.handle()
    with prometheus(live) as text:
        found = figures(text())
    wanted = {
        "eventfold_log_events": 3,
        'eventfold_table_lag{table="orders"}': 3,
        'eventfold_table_parked{table="orders"}': 0,
        'eventfold_handler_lag{handler="tell"}': 0,
        'eventfold_handler_parked{handler="tell"}': 1,
        'eventfold_handler_parked{handler="later"}': 0,
        'eventfold_handler_deadlines{handler="later"}': 3,
        'eventfold_handler_waiting_seconds{handler="tell"}': 0,
    }
    assert {name: found.get(name) for name in wanted} == wanted


def test_what_this_process_does_is_told_of_each_of_its_followers(live: Live) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=live.run, args=(stop,))
    thread.start()
    try:
        with prometheus(live) as text:
            found = _until(lambda: figures(text()), 'eventfold_handled_total{follower="table orders"}', 3)
    finally:
        stop.set()
        thread.join()
    assert found['eventfold_stopped{follower="handler tell"}'] == 0
    assert found['eventfold_turn_seconds{follower="handler tell"}'] < 60


def _until(ask: Callable[[], dict[str, float]], name: str, value: float) -> dict[str, float]:
    for _ in range(200):
        found = ask()
        if found.get(name) == value:
            return found
        threading.Event().wait(0.1)
    raise AssertionError(f"{name} was never {value}: {found}")


def test_a_program_exports_them_by_a_meter_of_its_own(live: Live) -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    measure(live, provider.get_meter("mine"))
    data = reader.get_metrics_data()
    assert data is not None
    names = {
        metric.name
        for one in data.resource_metrics
        for scope in one.scope_metrics
        for metric in scope.metrics
    }
    provider.shutdown()
    assert {"eventfold.log.events", "eventfold.handler.parked", "eventfold.table.unpublished"} <= names


def test_a_log_that_fails_leaves_what_the_process_knows(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise StorageFailed("it is gone")

    monkeypatch.setattr(live, "status", gone)
    with live.pulse.of(Loop([], live.store.feed())), prometheus(live) as text:
        assert not any(name.startswith(("eventfold_table", "eventfold_handler_")) for name in figures(text()))


def test_the_port_answers_with_them_and_without_their_packages_says_which_they_are(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving_health(live) as url:
        status, media_type, body = ask(url)
    assert (status, media_type.partition(";")[0]) == (200, "text/plain")
    assert re.search(rb"^# TYPE eventfold_handler_parked gauge$", body, re.MULTILINE)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.prometheus", None)
    with serving_health(live) as url:
        status, _, body = ask(url)
    assert status == 404
    assert b"pip install 'eventfold[metrics]'" in body


def ask(url: str) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    found = answer.status, answer.headers["Content-Type"], answer.read()
    connection.close()
    return found
