"""What a cell may say: whose event it is, of what type, and when it happened."""

import json
from pathlib import Path

import pytest

from eventfold import NewEvent, Store, context
from eventfold.errors import ConfigInvalid
from eventfold.events.ids import row_event_id
from eventfold.imports import Mapping
from tests.imports.making import COLUMNS, HEADER, csv_file, refusals, run, stored

AMSTERDAM = Mapping(stream="case", category="case", type="what", time="when", timezone="Europe/Amsterdam")


@pytest.mark.parametrize(
    "line", [b"\xff1,Opened,,a", b"1,Op\xffened,,a", b"1,Opened,\xff,a", b"1,Opened,,\xff"]
)
def test_bytes_that_are_no_utf8_are_called_that_in_any_column(
    store: Store, tmp_path: Path, line: bytes
) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(HEADER.encode() + line + b"\n2,Opened,,ok\n")
    assert refusals(run(store, path)) == [(2, "encoding-invalid")]
    assert len(stored(store)) == 1


@pytest.mark.parametrize("time", ["20240101", "1704067200", "1.5", "true", "[]", '"yesterday"'])
def test_a_time_is_text_in_iso_8601_and_no_number_is_taken_for_one(
    store: Store, tmp_path: Path, time: str
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(f'{{"case":"1","what":"Opened","when":{time}}}\n', encoding="utf-8")
    assert refusals(run(store, path, AMSTERDAM)) == [(1, "time-invalid")]


@pytest.mark.parametrize("time", ["null", '""'])
def test_an_empty_time_is_none(store: Store, tmp_path: Path, time: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(f'{{"case":"1","what":"Opened","when":{time}}}\n', encoding="utf-8")
    assert run(store, path).written == 1
    assert stored(store)[0].occurred_or_none_us is None


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2024-01-01 00:00:00.5+01:00", "2023-12-31T23:00:00.500000+00:00"),
        ("2024-01-01T00:00:00.123456Z", "2024-01-01T00:00:00.123456+00:00"),
        ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999+00:00"),
    ],
)
def test_a_time_is_kept_to_the_microsecond(store: Store, tmp_path: Path, written: str, utc: str) -> None:
    run(store, csv_file(tmp_path / "log.csv", [f"1,Opened,{written},"]))
    assert stored(store)[0].occurred_at.isoformat() == utc


@pytest.mark.parametrize("time", ["2024-03-31T02:30:00", "2024-10-27T02:30:00"])
def test_a_local_time_that_happened_never_or_twice_is_refused(
    store: Store, tmp_path: Path, time: str
) -> None:
    rows = [f"1,Opened,{time},", f"1,Noted,{time}+01:00,", "1,Closed,2024-10-27T04:30:00,"]
    report = run(store, csv_file(tmp_path / "log.csv", rows), AMSTERDAM)
    assert refusals(report) == [(2, "time-invalid")]
    assert (report.written, report.held_back) == (0, 2)
    assert run(store, csv_file(tmp_path / "log.csv", rows), AMSTERDAM, keep_going=True).written == 2


def test_rows_without_a_time_stand_before_the_rows_that_come_after_them(store: Store, tmp_path: Path) -> None:
    rows = ["1,First,,", "1,Third,1960-01-02T00:00:00Z,", "1,Second,1960-01-01T00:00:00Z,"]
    run(store, csv_file(tmp_path / "log.csv", rows), order="time")
    assert [e.type for e in stored(store)] == ["First", "Second", "Third"]


def test_one_column_may_be_given_as_text(store: Store, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "log.csv", ["1,2,Opened,x"], "i,d,id,note\n")
    run(store, path, Mapping(stream="id", category="c", type="id", data="note"))
    assert [(e.stream, e.type, e.data) for e in stored(store)] == [("c-Opened", "Opened", '{"note":"x"}')]


def test_several_columns_name_a_stream_only_together(store: Store, tmp_path: Path) -> None:
    rows = ["a,1,Opened", ",1,Opened", "a,,Opened", ",,Opened"]
    both = Mapping(stream=("shop", "case"), category="order", type="what")
    report = run(store, csv_file(tmp_path / "log.csv", rows, "shop,case,what\n"), both)
    assert [e.stream for e in stored(store)] == ["order-a-1"]
    assert refusals(report) == [(3, "row-invalid"), (4, "row-invalid"), (5, "row-invalid")]


def test_cells_whose_name_could_be_that_of_others_are_refused_and_no_stream_is_shared(
    store: Store, tmp_path: Path
) -> None:
    rows = ["10-1,2,Opened", "10,1-2,Opened", "10,1-2,Paid", "10-1,2,Paid"]
    both = Mapping(stream=("shop", "case"), category="order", type="what")
    path = csv_file(tmp_path / "log.csv", rows, "shop,case,what\n")
    report = run(store, path, both)
    assert [(e.stream, e.type) for e in stored(store)] == [
        ("order-10-1-2", "Opened"),
        ("order-10-1-2", "Paid"),
    ]
    assert refusals(report) == [(2, "row-invalid"), (5, "row-invalid")]
    assert "--stream-separator" in report.refusals[0].message
    again = run(store, path, both)
    assert (again.written, again.known, again.refused) == (0, 2, 2)


def test_another_separator_keeps_apart_what_a_dash_would_not(store: Store, tmp_path: Path) -> None:
    rows = ["10-1,2,Opened", "10,1-2,Opened", "1:0,2,Opened", "10,2:3,Opened"]
    both = Mapping(stream=("shop", "case"), stream_separator=":", category="order", type="what")
    report = run(store, csv_file(tmp_path / "log.csv", rows, "shop,case,what\n"), both)
    assert [e.stream for e in stored(store)] == ["order-10-1:2", "order-10:1-2", "order-10:2:3"]
    assert refusals(report) == [(4, "row-invalid")]
    with pytest.raises(ConfigInvalid, match="one character"):
        run(store, tmp_path / "log.csv", Mapping(stream=("shop", "case"), stream_separator="", type="what"))


def test_a_stream_that_an_earlier_release_named_by_such_cells_is_known_and_goes_on(
    store: Store, tmp_path: Path
) -> None:
    both = Mapping(stream=("shop", "case"), category="order", type="what")
    first = {"shop": "10-1", "case": "2", "what": "Opened"}
    canonical = json.dumps(first, sort_keys=True, separators=(",", ":"))
    event_id = row_event_id("test", "order-10-1-2", canonical, 0)
    metadata = '{"importedFrom":"test"}'
    store.append("order-10-1-2", [NewEvent(event_id, "Opened", 1, "{}", metadata)], expected=0)
    rows = ["10-1,2,Opened", "10-1,2,Paid", "10-2,2,Opened"]
    report = run(store, csv_file(tmp_path / "log.csv", rows, "shop,case,what\n"), both)
    assert (report.known, report.written, refusals(report)) == (1, 1, [(4, "row-invalid")])
    assert [e.type for e in store.read("order-10-1-2")] == ["Opened", "Paid"]


def test_a_column_may_hold_whole_stream_names_and_types_may_be_joined(store: Store, tmp_path: Path) -> None:
    joined = Mapping(stream="case", type=("what", "note"), type_separator=".")
    run(store, csv_file(tmp_path / "log.csv", ["case-10011,Opened,,complete"]), joined)
    assert [(e.stream, e.type) for e in stored(store)] == [("case-10011", "Opened.complete")]


def test_events_carry_the_metadata_of_the_context(store: Store, tmp_path: Path) -> None:
    with context(actor="ann"):
        run(store, csv_file(tmp_path / "log.csv", ["1,Opened,,"]), COLUMNS)
    assert stored(store)[0].metadata_map() == {"actor": "ann", "importedFrom": "test"}


def test_text_of_csv_stays_text_and_empty_cells_are_left_out(store: Store, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "log.csv", ["1,Opened,007,,1e5,\\u0000, "], "case,what,a,b,c,d,e\n")
    run(store, path, Mapping(stream="case", category="case", type="what"))
    assert stored(store)[0].data_map() == {"a": "007", "c": "1e5", "d": "\\u0000", "e": " "}


def test_columns_in_another_order_are_the_same_row(store: Store, tmp_path: Path) -> None:
    run(store, csv_file(tmp_path / "log.csv", ["1,Opened,,x"]))
    moved = csv_file(tmp_path / "moved.csv", ["x,,Opened,1"], "note,when,what,case\n")
    assert run(store, moved).known == 1


def test_lists_that_are_declared_later_do_not_double_a_row(store: Store, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "log.csv", ["1,Opened,,\"['a']\""])
    run(store, path)
    later = Mapping(stream="case", category="case", type="what", time="when", lists="note")
    assert dict(run(store, path, later).refused_by_code) == {"event-id-reused": 1}
    assert len(stored(store)) == 1
