"""Of what there is none nothing is told, and where there is nothing at all, that is told."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from eventfold.doors.cli.settings import Settings
from eventfold.doors.cli.showing.arrived import show
from eventfold.imports import ImportReport
from tests.doors.calling import eventfold
from tests.imports.making import csv_file

COLUMNS = ["--stream", "case", "--category", "case", "--type", "what", "--time", "when"]
REPORTS: list[tuple[dict[str, Any], str]] = [
    ({}, "No rows: nothing to write."),
    ({"rows": 3, "written": 3, "streams": 2}, "3 rows of 2 streams: 3 were written."),
    ({"rows": 1, "written": 1, "streams": 1, "dry_run": True}, "1 row of 1 stream: 1 would be written."),
    ({"rows": 3, "known": 3, "streams": 1}, "3 rows of 1 stream: 3 were known."),
    (
        {"rows": 1, "known": 1, "streams": 1, "known_from": Counter(jan=1)},
        "1 row of 1 stream: 1 was known (1 as rows of 'jan').",
    ),
    (
        {"rows": 2, "refused": 2, "unplaced": 1},
        "2 rows: 2 refused (1 of no stream that can be read, which holds back nothing).",
    ),
    ({"rows": 2, "unrelated": 2}, "2 rows: 2 of no such entity."),
    (
        {"rows": 2, "written": 2, "streams": 1, "out_of_order": 1, "differing": 0},
        "2 rows of 1 stream: 2 were written; 1 has a time before that of an earlier row.",
    ),
]


@pytest.mark.parametrize(("report", "sentence"), REPORTS)
def test_an_import_tells_what_there_is(
    report: dict[str, Any], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show(ImportReport(source="x", **report), Settings({}))
    assert capsys.readouterr().err.splitlines()[0] == sentence


def test_programs_are_given_the_zeros(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", ["1,Opened,2024-01-01T00:00:00Z,x"])
    told = eventfold("-s", f"sqlite:///{tmp_path}/a.db", "import", str(path), *COLUMNS, "--json")
    found = json.loads(told.out)
    assert (found["written"], found["known"], found["refused"], found["out_of_order"]) == (1, 0, 0, 0)


def test_a_file_of_a_header_alone_says_so(tmp_path: Path) -> None:
    told = eventfold(
        "-s", f"sqlite:///{tmp_path}/a.db", "import", str(csv_file(tmp_path / "a.csv", [])), *COLUMNS
    )
    assert "No rows: nothing to write." in told.err


def test_an_empty_log_is_told_and_no_count_of_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    ef.open_store(url).close()
    told = eventfold("-s", url, "export", str(tmp_path / "a.jsonl"))
    assert told.err.splitlines()[0] == "No events."
    told = eventfold("-s", url, "export", str(tmp_path / "a.jsonl"), "--until", "2026-03-01", "--overwrite")
    assert told.err.splitlines()[0] == "No events as recorded up to 2026-03-01 00:00:00Z."
    told = eventfold("-a", "examples.orders.app:order_book", "-s", url, "verify")
    assert (told.code, told.err.splitlines()[-1]) == (0, "The log has no events. Everything agrees.")


def test_an_export_and_an_audit_tell_what_there_is(log: str, tmp_path: Path) -> None:
    shop = ("-a", "examples.orders.app:order_book")
    told = eventfold(*shop, "-s", log, "export", str(tmp_path / "a.jsonl"))
    assert told.err.startswith("3 events, none of which had to be upcast, in ")
    stored = eventfold("-s", log, "export", str(tmp_path / "b.jsonl"), "--stream", "order-2")
    assert stored.err.startswith("1 event, as it is stored, in ")
    told = eventfold(*shop, "-s", log, "verify")
    assert "3 events looked at, the contents of 3 compared with the ledger. Everything agrees." in told.err
