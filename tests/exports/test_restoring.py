"""What does not fit the log is refused by its line, with what follows it; a damaged file restores nothing."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eventfold import Store, limits, open_store
from eventfold.errors import EventfoldError, NotFound, QueryInvalid, RowInvalid
from eventfold.exports import export_log
from eventfold.imports import ImportReport, restore
from eventfold.testing.making import make
from tests.exports.making import by_stream


@pytest.fixture
def file(store: Store, tmp_path: Path) -> Path:
    export_log(store, tmp_path / "log.jsonl")
    return tmp_path / "log.jsonl"


def refusals(report: ImportReport) -> list[tuple[int, str]]:
    return [(refusal.line, refusal.code) for refusal in report.refusals]


def edit(path: Path, change: Callable[[list[str]], list[str]]) -> Path:
    path.write_text("".join(change(path.read_text().splitlines(keepends=True))))
    return path


def test_a_hole_is_listed_and_what_follows_it_is_refused(store: Store, file: Path) -> None:
    store.append("order-1", [make(9)], expected=2)
    export_log(store, file, overwrite=True)
    target = open_store("sqlite://")
    report = restore(target, edit(file, lambda lines: [lines[0], *lines[2:]]))
    assert refusals(report) == [(4, "row-invalid")]
    assert report.missing_versions == {"order-1": [2]}
    assert [e.version for e in target.read("order-1")] == [1]
    assert (report.written, report.known) == (3, 0)


def test_a_wrong_order_of_versions_is_refused_not_repaired(file: Path) -> None:
    target = open_store("sqlite://")
    report = restore(
        target, edit(file, lambda lines: [lines[1].replace("000020Z", "000010Z"), lines[0], *lines[2:]])
    )
    assert refusals(report) == [(1, "row-invalid")]
    assert [e.version for e in target.read("order-1")] == [1]


def test_two_events_of_one_version_are_listed(file: Path) -> None:
    twin = lambda lines: [lines[0], lines[0].replace('"id":"0', '"id":"1'), *lines[1:]]  # noqa: E731
    report = restore(open_store("sqlite://"), edit(file, twin))
    assert refusals(report) == [(2, "wrong-expected-version")]
    assert report.double_versions == {"order-1": [1]}


def test_a_line_that_stands_twice_is_known(file: Path) -> None:
    report = restore(open_store("sqlite://"), edit(file, lambda lines: [*lines, lines[3]]))
    assert (report.written, report.known, report.refused) == (4, 1, 0)


def test_streams_that_have_other_events_are_refused_and_left_alone(file: Path) -> None:
    target = open_store("sqlite://")
    target.append("order-1", [make(recorded_us=1), make(recorded_us=1)], expected=0)
    before = by_stream(target)["order-1"]
    report = restore(target, file)
    assert refusals(report) == [(1, "wrong-expected-version"), (2, "wrong-expected-version")]
    assert by_stream(target)["order-1"] == before
    assert target.head("order-2") == 1


def test_what_was_recorded_before_the_end_of_the_log_is_refused(file: Path) -> None:
    target = open_store("sqlite://")
    target.append("other-1", [make()], expected=0)
    report = restore(target, file)
    assert report.refused_by_code == {"time-invalid": 4}
    assert (report.written, report.refused) == (0, 4)
    assert target.head("order-1") == 0


def test_an_event_that_is_there_with_another_time_is_no_equal_one(store: Store, file: Path) -> None:
    target = open_store("sqlite://")
    first = next(store.read("order-1"))
    target.append("order-1", [make(1, event_id=first.id, recorded_us=9)], expected=0)
    report = restore(target, file)
    assert refusals(report)[0] == (1, "event-id-reused")
    assert [e.recorded_us for e in target.read("order-1")][:1] == [9]


def test_an_id_that_stands_in_another_stream_refuses_its_line_only(store: Store, file: Path) -> None:
    target = open_store("sqlite://")
    first = next(store.read("order-1"))
    target.append("other-1", [make(1, event_id=first.id, recorded_us=1)], expected=0)
    report = restore(target, file)
    assert refusals(report) == [(1, "event-id-reused"), (2, "event-id-reused")]
    assert report.written == 2


def test_the_next_export_goes_on_where_the_last_one_ended(store: Store, tmp_path: Path) -> None:
    from eventfold.feed.cursor import read_cursor

    first = export_log(store, tmp_path / "1.parquet")
    store.append("order-1", [make(5)], expected=2)
    store.append("new-1", [make(6)], expected=0)
    second = export_log(store, tmp_path / "2.jsonl.gz", after=read_cursor(first.cursor))
    assert (first.events, second.events) == (4, 2)
    target = open_store("sqlite://")
    assert restore(target, tmp_path / "1.parquet").written == 4
    report = restore(target, tmp_path / "2.jsonl.gz")
    assert (report.written, report.missing_versions) == (2, {})
    assert by_stream(target) == by_stream(store)
    # without the first part the second one has no ground
    report = restore(open_store("sqlite://"), tmp_path / "2.jsonl.gz")
    assert (report.written, report.refused, report.missing_versions) == (1, 1, {"order-1": [1, 2]})


def test_a_dry_run_says_the_same_and_writes_nothing(file: Path) -> None:
    target = open_store("sqlite://")
    report = restore(target, edit(file, lambda lines: lines[1:]), dry_run=True)
    assert (report.written, refusals(report)) == (2, [(1, "row-invalid")])
    assert list(target.streams()) == []


@pytest.mark.parametrize("name", ["log.jsonl.gz", "log.parquet"])
@pytest.mark.parametrize("kept", [0.2, 0.5, 0.99])
def test_half_a_file_restores_nothing(store: Store, tmp_path: Path, name: str, kept: float) -> None:
    path = tmp_path / name
    export_log(store, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    target = open_store("sqlite://")
    with pytest.raises((RowInvalid, QueryInvalid)):
        restore(target, path)
    assert list(target.streams()) == []


@pytest.mark.parametrize("at", [0.3, 0.6])
def test_a_wrong_byte_in_a_parquet_file_never_becomes_another_log(
    store: Store, tmp_path: Path, at: float
) -> None:
    path = tmp_path / "log.parquet"
    export_log(store, path)
    broken = bytearray(path.read_bytes())
    broken[int(len(broken) * at)] ^= 0xFF
    path.write_bytes(broken)
    target = open_store("sqlite://")
    try:
        report = restore(target, path)
    except EventfoldError:
        assert list(target.streams()) == []
    else:
        assert report.refused or by_stream(target) == by_stream(store)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": "order-1-1"}, "row-invalid"),
        ({"version": 0}, "row-invalid"),
        ({"version": "1"}, "row-invalid"),
        ({"position": 7}, "row-invalid"),
        ({"timestamp": "2024-01-01T00:00:00"}, "time-invalid"),
        ({"timestamp": "2024-01-01T00:00:00.123456789Z"}, "time-invalid"),
        ({"timestamp": "2024-02-30T00:00:00Z"}, "time-invalid"),
        ({"aggregateId": "order"}, "stream-name-invalid"),
        ({"aggregateId": "$log-1"}, "stream-reserved"),
        ({"eventType": "'; DROP TABLE x;--"}, "event-type-invalid"),
        ({"data": 1, "exact": {"data": 1}}, "row-invalid"),
        ({"data": None, "exact": {"position": "1"}}, "row-invalid"),
        ({"metadata": {}}, "row-invalid"),
        ({"metadata": {"schemaVersion": 2, "upgradedFrom": 1}}, "payload-invalid"),
        ({"metadata": {"schemaVersion": 0}}, "payload-invalid"),
    ],
)
def test_what_no_export_wrote_is_refused_by_its_line(file: Path, change: dict[str, Any], code: str) -> None:
    edit(file, lambda lines: [json.dumps(json.loads(lines[3]) | change) + "\n", lines[2]])
    report = restore(open_store("sqlite://"), file)
    assert (refusals(report), report.written) == ([(1, code)], 1)


def test_a_document_that_names_one_of_its_keys_twice_is_refused(file: Path) -> None:
    edit(file, lambda lines: [lines[0].replace('"version":1', '"version":1,"version":1')])
    assert refusals(restore(open_store("sqlite://"), file)) == [(1, "json-duplicate-key")]


@pytest.mark.parametrize("name", ["log.jsonl", "log.parquet"])
def test_data_nested_as_deep_as_a_log_takes_them_come_back(tmp_path: Path, name: str) -> None:
    source, target = open_store("sqlite://"), open_store("sqlite://")
    deep: Any = 1
    for _ in range(limits.JSON_DEPTH):
        deep = {"a": deep}
    source.append("order-1", [make(data=deep, metadata=json.dumps(deep))], expected=0)
    export_log(source, tmp_path / name)
    assert restore(target, tmp_path / name).written == 1
    assert by_stream(target) == by_stream(source)


def test_a_parquet_file_that_is_no_export_is_refused_whole(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"id": [1], "aggregateId": ["order-1"]}), path)
    with pytest.raises(QueryInvalid, match="no export"):
        restore(open_store("sqlite://"), path)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        restore(open_store("sqlite://"), tmp_path / "log.jsonl")


@pytest.mark.slow
def test_a_gzip_bomb_is_one_refused_line(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"id":"' + b"a" * 200_000_000 + b'"}\n'))
    report = restore(open_store("sqlite://"), path)
    assert refusals(report) == [(1, "event-too-large")]
