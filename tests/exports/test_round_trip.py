"""What was exported comes in again as an equal log: every log, every form, every way between kinds of stores."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings

from eventfold import NewEvent, Store, open_store
from eventfold.exports import export_log
from eventfold.imports import ImportReport, restore
from eventfold.store.cosmos.requests.settings import KEY
from eventfold.testing.cosmos import StandIn
from tests.exports.making import by_stream, fill, in_feed, logs
from tests.laws import examples

FORMS = ("log.jsonl", "log.jsonl.gz", "log.parquet")
Log = list[tuple[str, NewEvent]]


def moved(source: Store, target: Store, name: str) -> ImportReport:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        export_log(source, path)
        first = restore(target, path)
        again = restore(target, path)
    assert (again.written, again.known, again.refused) == (0, first.rows, 0)
    return first


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=60, deadline=None)
@given(log=logs())
def test_a_log_in_sqlite_comes_back_equal_positions_and_bytes_included(name: str, log: Log) -> None:
    source, target = open_store("sqlite://"), open_store("sqlite://")
    fill(source, log)
    report = moved(source, target, name)
    assert (report.rows, report.written, report.refused) == (len(log), len(log), 0)
    assert in_feed(target) == in_feed(source)
    assert target.log_id != source.log_id
    source.close()
    target.close()


@pytest.fixture(scope="module")
def account() -> Iterator[StandIn]:
    with StandIn(partitions=4) as found, pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY, found.key)
        yield found


@pytest.mark.slow
@pytest.mark.more_at_night
@pytest.mark.parametrize("name", ["log.jsonl.gz", "log.parquet"])
def test_a_log_goes_to_cosmos_and_comes_back_equal(account: StandIn, name: str) -> None:
    @settings(max_examples=examples(7, nightly=40), deadline=None, suppress_health_check=list(HealthCheck))
    @given(log=logs(most=8))
    def there_and_back(log: Log) -> None:
        source, last = open_store("sqlite://"), open_store("sqlite://")
        between = open_store(account.url(f"db{uuid4().hex[:12]}"))
        fill(source, log)
        assert moved(source, between, name).refused == 0
        assert by_stream(between) == by_stream(source)
        # its partitions come one after the other: a log with one order takes them by their recorded times
        assert moved(between, last, name).refused == 0
        assert by_stream(last) == by_stream(source)
        times = [event[5] for _, event in in_feed(last)]
        assert times == sorted(times)
        for store in (source, between, last):
            store.close()

    there_and_back()


def test_more_than_memory_takes_is_sorted_in_parts(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.jsonl"
    export_log(store, path)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[3], lines[2], *lines[:2]]))
    monkeypatch.setattr("eventfold.imports.restoring.sorting.PART", 2)
    target = open_store("sqlite://")
    assert restore(target, path).written == 4
    assert by_stream(target) == by_stream(store)


@pytest.mark.parametrize("what", ["id", "time", "data", "metadata", "schemaVersion"])
def test_a_log_that_differs_is_not_equal(store: Store, tmp_path: Path, what: str) -> None:
    """The control: one changed fact of one event is seen by the comparison that the tests above rest on."""
    path = tmp_path / "log.jsonl"
    export_log(store, path)
    changes: dict[str, Any] = {
        "id": lambda t: t.replace('"id":"0', '"id":"1', 1),
        "time": lambda t: t.replace("00.000010Z", "00.000011Z", 1),
        "data": lambda t: t.replace('{"n":1}', '{"n":9}', 1),
        "metadata": lambda t: t.replace("1.50", "1.5", 1),
        "schemaVersion": lambda t: t.replace('"schemaVersion":2', '"schemaVersion":3', 1),
    }
    text = path.read_text()
    changed = changes[what](text)
    assert changed != text
    path.write_text(changed)
    target = open_store("sqlite://")
    assert restore(target, path).written == 4
    assert by_stream(target) != by_stream(store)
