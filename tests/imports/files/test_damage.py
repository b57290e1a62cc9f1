"""Files that are damaged, cut or made to exhaust memory: a typed error or a refused row, never less than was there."""

import gzip
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from eventfold import Store
from eventfold.errors import ConfigInvalid, InvalidEvent, NotFound, RowInvalid
from eventfold.imports import Mapping, importing
from eventfold.imports.files import rows as limits
from tests.imports.making import COLUMNS, HEADER, csv_file, refusals, run, stored

MIB = 1024 * 1024
JSON_COLUMNS = Mapping(stream="case", category="case", type="what")


@contextmanager
def at_most(limit: int) -> Iterator[None]:
    """Python holds no more than `limit` bytes at once inside."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < limit, f"{peak / MIB:.0f} MiB"


def numbered(count: int) -> list[str]:
    return [f"{n},Opened,,{n * 7919}" for n in range(count)]


@pytest.mark.parametrize("kept", [2, 12, 30])
@pytest.mark.parametrize("name", ["log.csv.gz", "log.jsonl.gz"])
def test_a_gzip_file_cut_in_its_first_bytes_is_a_typed_error(
    store: Store, tmp_path: Path, name: str, kept: int
) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(HEADER.encode() * 50)[:kept])
    with pytest.raises(RowInvalid, match="damaged or ends in the middle"):
        run(store, path)
    assert stored(store) == []


def test_a_gzip_file_with_a_wrong_byte_is_a_typed_error(store: Store, tmp_path: Path) -> None:
    whole = bytearray(gzip.compress((HEADER + "\n".join(numbered(2_000))).encode()))
    whole[len(whole) // 2] ^= 0xFF
    path = tmp_path / "log.csv.gz"
    path.write_bytes(whole)
    with pytest.raises(RowInvalid, match="damaged or ends in the middle"):
        run(store, path)


def test_every_row_before_the_cut_is_written_and_the_error_says_how_many(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 700)
    whole = gzip.compress((HEADER + "\n".join(numbered(5_000))).encode())
    path = tmp_path / "log.csv.gz"
    path.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(RowInvalid) as caught:
        run(store, path)
    line = caught.value.facts["line"]
    assert isinstance(line, int)
    assert line % 700 != 1  # else no batch was cut in its middle, and this would prove nothing
    assert len(stored(store)) == caught.value.facts["written"] == line - 1


def test_a_damaged_file_in_order_of_time_writes_nothing(store: Store, tmp_path: Path) -> None:
    whole = gzip.compress((HEADER + "\n".join(numbered(5_000))).encode())
    path = tmp_path / "log.csv.gz"
    path.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(RowInvalid) as caught:
        run(store, path, order="time")
    assert stored(store) == []
    assert caught.value.facts["written"] == 0


def test_one_endless_line_is_refused_without_being_held(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "log.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(HEADER.encode())
        for _ in range(64):
            file.write(b"x" * MIB)
        file.write(b"\n1,Opened,,after it\n")
    with at_most(32 * MIB):
        report = run(store, path)
    assert refusals(report) == [(2, "event-too-large")]
    assert [e.data for e in stored(store)] == ['{"note":"after it"}']


def test_one_endless_row_of_many_lines_is_refused_without_being_held(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LONGEST_LINE", 64 * 1024)
    path = tmp_path / "log.csv"
    path.write_text(HEADER + '"a\nb",' * 200_000, encoding="utf-8")
    with at_most(4 * MIB):
        report = run(store, path)
    assert report.written == 0
    assert report.refusals[0].line == 2
    assert report.refusals[0].code == "event-too-large"


@pytest.mark.parametrize("lines", [10_000, 400_000])
def test_lines_inside_of_a_long_cell_are_never_taken_for_rows(
    store: Store, tmp_path: Path, lines: int
) -> None:
    rows = ['1,Noted,,"begins', *["2,Forged,,row"] * lines, 'ends"', "3,Noted,,after"]
    report = run(store, csv_file(tmp_path / "log.csv", rows))
    assert {event.stream for event in stored(store)} <= {"case-1", "case-3"}
    assert (report.rows, report.refused) == (2, int(lines > 100_000))
    if report.refused:
        assert f"lines 2 to {lines + 3}" in report.refusals[0].message


def test_large_rows_are_written_in_smaller_batches(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl.gz"
    with gzip.open(path, "wt", compresslevel=1) as file:
        for n in range(120):
            file.write(f'{{"case":{n},"what":"Opened","text":"{"x" * 800_000}"}}\n')
    with at_most(60 * MIB):
        report = run(store, path, JSON_COLUMNS, dry_run=True)
    assert report.written == 120


def test_a_quote_that_is_never_closed_says_which_lines_it_took(store: Store, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "log.csv", [*numbered(3), '1,Noted,,"oops', *numbered(40)])
    report = run(store, path)
    assert refusals(report) == [(5, "row-invalid")]
    assert "lines 5 to 45" in report.refusals[0].message
    assert report.written == 3


def test_after_a_row_that_is_no_csv_the_lines_still_count(store: Store, tmp_path: Path) -> None:
    rows = ['1,Noted,,"two\nlines"', '1,Noted,,"x"y', "", '1,"a\nb"c,,', "1,Noted,yesterday,"]
    report = run(store, csv_file(tmp_path / "log.csv", rows))
    assert refusals(report) == [(4, "row-invalid"), (6, "row-invalid"), (8, "time-invalid")]


def test_a_long_row_is_measured_by_itself(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LONGEST_LINE", 100)
    rows = [*numbered(20), "1,Noted,," + "x" * 200, *numbered(2)]
    report = run(store, csv_file(tmp_path / "log.csv", rows))
    assert refusals(report) == [(22, "event-too-large")]
    assert report.written == 22


@pytest.mark.parametrize("name", ["no\0te", "$enc"])
def test_a_column_whose_name_cannot_be_kept_refuses_the_file(store: Store, tmp_path: Path, name: str) -> None:
    path = csv_file(tmp_path / "log.csv", numbered(2), f"case,what,when,{name}\n")
    with pytest.raises(InvalidEvent):
        run(store, path)
    assert stored(store) == []


def test_a_column_is_not_kept_under_a_name_that_cannot_be(store: Store, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "log.csv", numbered(1))
    with pytest.raises(InvalidEvent):
        run(store, path, Mapping(stream="case", category="case", type="what", data="$enc=note"))


@pytest.mark.parametrize(
    "option",
    [{"order": "sideways"}, {"form": "xml"}, {"delimiter": '"'}, {"delimiter": "\n"}, {"delimiter": ", "}],
)
def test_an_option_of_no_meaning_is_named(store: Store, tmp_path: Path, option: dict[str, Any]) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        run(store, csv_file(tmp_path / "log.csv", numbered(1)), **option)
    assert caught.value.facts["key"] == next(iter(option))
    assert stored(store) == []


@pytest.mark.parametrize("source", ["a\0b", "a\udcffb"])
def test_a_source_that_cannot_be_kept_is_named(store: Store, tmp_path: Path, source: str) -> None:
    with pytest.raises(ConfigInvalid, match="source"):
        run(store, csv_file(tmp_path / "log.csv", numbered(1)), source=source)


def test_a_folder_is_no_file(store: Store, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        run(store, tmp_path, COLUMNS, form="csv")


def test_a_file_that_may_not_be_opened_is_a_typed_error(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = csv_file(tmp_path / "log.csv", numbered(1))
    monkeypatch.setattr(Path, "open", closed)
    with pytest.raises(NotFound, match="Permission denied"):
        run(store, path)
