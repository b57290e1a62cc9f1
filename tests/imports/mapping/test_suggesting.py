"""Who does not say enough of a file is told what it has, and options that work where names or values show them."""

import shlex
from pathlib import Path

import pytest

from tests.doors.calling import eventfold
from tests.imports.ocelmaking import write


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    return f"sqlite:///{tmp_path}/a.db"


def asked(log: str, path: Path, *options: str) -> str:
    answer = eventfold("-s", log, "import", str(path), *options)
    assert (answer.code, answer.out) == (2, "")
    assert not Path(log.removeprefix("sqlite:///")).exists()
    return answer.err.rstrip("\n")


@pytest.mark.parametrize(
    ("header", "row", "options"),
    [
        (
            "case:concept:name,concept:name,time:timestamp",
            "7,Sent,2024-01-01T00:00:00Z",
            "--stream case:concept:name --category case --type concept:name --time time:timestamp",
        ),
        ("note,Case ID,Activity", "x,case-1,Sent", "--stream 'Case ID' --type Activity"),
        (
            "case_id,event,made,paid",
            "case-1,Sent,,2024-01-01T00:00:00Z",
            "--stream case_id --type event --time paid",
        ),
        (
            "id,type,when,at",
            "o-1,Sent,2024-01-01T00:00Z,2024-01-02T00:00Z",
            "--stream id --type type --time at",
        ),
    ],
)
def test_options_that_fit_are_told_and_work(
    log: str, tmp_path: Path, header: str, row: str, options: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{header}\n{row}\n", "utf-8")
    said = asked(log, path)
    assert f"a.csv has the columns {', '.join(header.split(','))}. This may fit: {options}" in said
    assert said.endswith(options)
    assert eventfold("-s", log, "import", str(path), *shlex.split(options)).code == 0


def test_a_zone_is_asked_for_and_not_guessed(log: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("case,what,day\nc-1,Sent,2024-01-01 10:00\n", "utf-8")
    assert asked(log, path).endswith("--stream case --type what --time day --timezone ZONE")


def test_a_time_that_is_none_does_not_hide_the_others(log: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "case,what,day,sum\nc-1,Sent,2024-01-01,1\nc-1,Sent,2024-01-32,2\nc-1,Sent,2024-01-03,3\n", "utf-8"
    )
    assert asked(log, path).endswith("--stream case --type what --time day --timezone ZONE")


def test_only_the_columns_are_told_where_nothing_is_known(log: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x,y\n1,2\n", "utf-8")
    assert asked(log, path).endswith("a.csv has the columns x, y.")


def test_a_type_that_is_missing_is_told_in_the_same_way(log: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x,what\nc-1,Sent\n", "utf-8")
    said = asked(log, path, "--stream", "x")
    assert "--event-type NAME" in said
    assert said.endswith("This may fit: --stream x --type what")


def test_columns_of_lines_of_json_are_told(log: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"order": "o-1"}\n{"order": "o-1", "action": "Sent"}\n', "utf-8")
    assert "a.jsonl has the columns order, action." in asked(log, path)


def test_types_of_objects_are_told(log: str, tmp_path: Path) -> None:
    assert "has objects of the types " in asked(log, write(tmp_path / "a.json"))


def test_a_file_that_is_not_there_is_told_before_its_columns(log: str, tmp_path: Path) -> None:
    answer = eventfold("-s", log, "import", str(tmp_path / "no.csv"))
    assert (answer.code, "no.csv" in answer.err, "--stream" in answer.err) == (4, True, False)


def test_a_file_that_cannot_be_read_is_still_answered(log: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xff\xfe\x00")
    assert asked(log, path).endswith("--object-type TYPE.")


def test_a_line_that_is_one_column_is_told_with_its_delimiter(log: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("case;what;when\n1;Sent;2024-01-01\n", "utf-8")
    assert asked(log, path).endswith("If these are several, say --delimiter ';'.")
