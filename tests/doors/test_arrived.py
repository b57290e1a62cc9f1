"""An import ends by saying what came in and which command comes next, and knows an export when it sees one."""

import json
from pathlib import Path

import pytest

from tests.doors.calling import eventfold
from tests.imports.making import csv_file

ROWS = ["1,Opened,2024-01-01T00:00:00Z,x", "1,Closed,2024-03-01T00:00:00Z,", "2,Opened,,"]
COLUMNS = ["--stream", "case", "--category", "case", "--type", "what", "--time", "when"]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    return f"sqlite:///{tmp_path}/a.db"


def exported(log: str, folder: Path, name: str) -> Path:
    assert eventfold("-s", log, "import", str(csv_file(folder / "a.csv", ROWS)), *COLUMNS).code == 0
    assert eventfold("-s", log, "export", str(folder / name)).code == 0
    return folder / name


def test_the_last_lines_say_what_came_in_and_the_next_command_works(log: str, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", ROWS)
    *_, came, following = eventfold("-s", log, "import", str(path), *COLUMNS).err.splitlines()
    assert came.startswith("Came in: 2 Opened, 1 Closed; from 2024-01-01 ")
    assert "2024-03-01" in came
    assert came.endswith("the first stream is case-1.")
    assert following.startswith("Next: eventfold -s ")
    answer = eventfold(*following.split()[2:])
    assert (answer.code, "Opened" in answer.out) == (0, True)
    again = json.loads(eventfold("-s", log, "import", str(path), *COLUMNS, "--json").out)
    assert (again["types"], again["known"], again["first_stream"]) == ({}, 3, "case-1")
    assert again["next"].endswith("read case-1")


def test_the_log_is_named_in_the_next_command_only_where_a_flag_named_it(
    log: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENTFOLD_STORE", log)
    told = eventfold("import", str(csv_file(tmp_path / "a.csv", ROWS)), *COLUMNS)
    assert told.err.splitlines()[-1] == "Next: eventfold read case-1"


def test_a_dry_run_says_what_would_come_in(log: str, tmp_path: Path) -> None:
    told = eventfold("-s", log, "import", str(csv_file(tmp_path / "a.csv", ROWS)), *COLUMNS, "--dry-run")
    assert told.err.splitlines()[-1].startswith("Would come in: 2 Opened, 1 Closed; from")


def test_equal_refusals_stand_in_one_line_with_their_count(log: str, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", ["1,A,soon,"] * 30)
    told = eventfold("-s", log, "import", str(path), *COLUMNS)
    (line,) = [line for line in told.out.splitlines() if "soon" in line]
    assert line.split()[:3] == ["2", "30", "time-invalid"]
    single = eventfold("-s", log, "import", str(csv_file(tmp_path / "b.csv", ["1,A,soon,"])), *COLUMNS)
    assert "count" not in single.out


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz", "out.parquet"])
def test_an_export_of_which_nothing_is_said_is_restored_and_that_is_told(
    log: str, tmp_path: Path, name: str
) -> None:
    path = exported(log, tmp_path, name)
    other = f"sqlite:///{tmp_path}/b.db"
    told = eventfold("-s", other, "import", str(path))
    assert told.code == 0
    assert "restored as by --restore" in told.err
    for one in (log, other):
        assert eventfold("-s", one, "export", str(tmp_path / "again.jsonl"), "--overwrite").code == 0
        (tmp_path / "again.jsonl").rename(tmp_path / f"{one[-4]}.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    again = json.loads(eventfold("-s", other, "import", str(path), "--json").out)
    assert (again["known"], again["written"], len(again["notes"])) == (3, 0, 1)


def test_an_export_whose_columns_are_named_is_taken_by_them_and_told(log: str, tmp_path: Path) -> None:
    path = exported(log, tmp_path, "out.jsonl")
    other = f"sqlite:///{tmp_path}/b.db"
    told = eventfold("-s", other, "import", str(path), "--stream", "aggregateId", "--type", "eventType")
    assert (told.code, "--restore would have kept" in told.err) == (0, True)
    for answer in (["--same"], ["--category", "case"], ["--source", "x"]):
        refused = eventfold("-s", other, "import", str(path), *answer)
        assert refused.code == 2
        assert "--restore alone" in refused.err


def test_what_is_no_export_is_not_taken_for_one(log: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    for line in ('{"id": "1", "aggregateId": "a-1", "eventType": "A"}', "", "[]", "\x00"):
        path.write_text(line + "\n")
        refused = eventfold("-s", log, "import", str(path))
        assert refused.code == 2
        assert "--stream COLUMN" in refused.err


def test_a_tab_may_be_written_as_backslash_t(log: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(("case\twhat\twhen\n1\tGr\u00fcn\t\n").encode("utf-16"))
    told = eventfold(
        "-s", log, "import", str(path), *COLUMNS, "--delimiter", r"\t", "--encoding", "utf-16", "--dry-run"
    )
    assert "1 row of 1 stream" in told.err


def test_rows_without_a_time_are_told(log: str, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", ROWS)
    told = eventfold("-s", log, "import", str(path), *COLUMNS)
    assert "! 1 row has no time: it is taken to have happened when recorded." in told.err
    assert json.loads(eventfold("-s", log, "import", str(path), *COLUMNS, "--json").out)["untimed"] == 1
    assert "no time" not in eventfold("-s", log, "import", str(path), *COLUMNS[:-2]).err
