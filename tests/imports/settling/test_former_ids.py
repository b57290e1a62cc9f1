"""Rows that an earlier release imported stay known under the ids that it gave them.

`tests/golden/imports-0.1.0` holds small files of every form, the arguments with which they were imported, and the log
that release 0.1.0 (as of commit 3af938d) made of them: names with dots, empty cells, equal rows, nulls, lists that name
several entities, names of several columns, a category with a dash, and times that are refused now.
"""

import shutil
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from click.testing import CliRunner

from eventfold import open_store
from eventfold.doors.cli.main import cli
from eventfold.errors import Refused
from eventfold.imports import importing
from eventfold.imports.settling import formers
from tests.imports.making import stored

GOLDEN = Path(__file__).parents[2] / "golden" / "imports-0.1.0" / "data"
IMPORTS: list[dict[str, Any]] = msgspec.json.decode((GOLDEN / "imports.json").read_bytes())


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    shutil.copy(GOLDEN / "log.db", tmp_path / "log.db")
    shutil.copytree(GOLDEN / "files", tmp_path / "files")
    monkeypatch.chdir(tmp_path / "files")
    return f"sqlite:///{tmp_path}/log.db"


def bring(log: str, *args: str) -> dict[str, Any]:
    told = CliRunner().invoke(cli, ["--json", "-s", log, "import", *args])
    found: dict[str, Any] = msgspec.json.decode(told.stdout)
    return found


def events(log: str) -> list[Any]:
    store = open_store(log)
    found = stored(store)
    store.close()
    return found


def test_every_file_of_an_earlier_release_is_known_and_nothing_is_written(log: str) -> None:
    before = events(log)
    for done in IMPORTS:
        report = bring(log, *done["args"])
        counts = (report["written"], report["known"], report["refused"], report["held_back"])
        assert counts == (0, done["events"], 0, 0), done["args"]
    assert events(log) == before
    assert len(before) == sum(done["events"] for done in IMPORTS)


def test_in_another_folder_they_are_known_too_and_it_is_said_under_which_name(
    log: str, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    shutil.move("till.2025-01.csv", "../elsewhere/till.2025-01.csv")
    args = IMPORTS[0]["args"][1:]
    report = bring(log, "../elsewhere/till.2025-01.csv", *args)
    assert (report["written"], report["known"]) == (0, 8)
    assert report["source"].startswith("elsewhere/till.2025-01@")
    assert sum(report["known_from"].values()) > 0
    assert set(report["known_from"]) == {"till"}


def test_rows_that_follow_are_added_and_known_after_that(log: str) -> None:
    file, *args = IMPORTS[0]["args"]
    with Path(file).open("a", encoding="utf-8") as text:
        text.write("1,Sold,2025-01-02 08:05,apple,1.50,\n3,Opened,2025-01-03 08:00,,,\n")
    before = events(log)
    told = CliRunner().invoke(cli, ["-s", log, "import", file, *args])
    assert isinstance(told.exception, Refused)  # that release called every till.*.csv `till`
    assert events(log) == before
    for more, wanted in ((("--same",), (2, 8, 0)), ((), (0, 10, 0))):
        report = bring(log, file, *args, *more)
        assert (report["written"], report["known"], report["refused"]) == wanted


def test_a_row_of_the_next_month_that_equals_one_of_the_last_is_never_lost_in_silence(log: str) -> None:
    first, *args = IMPORTS[0]["args"]
    lines = Path(first).read_text("utf-8").splitlines()
    second = Path("till.2025-02.csv")
    second.write_text("\n".join([*lines[:2], "9,Sold,2025-02-02 08:05,apple,1.50,"]) + "\n")
    told = CliRunner().invoke(cli, ["-s", log, "import", str(second), *args])
    assert isinstance(told.exception, Refused)
    assert told.exception.facts["source"] == "till"
    for known in (0, 2):
        report = bring(log, str(second), *args, "--other")
        assert (report["written"], report["known"]) == (2 - known, known)
    again = bring(log, first, *args)
    assert (again["written"], again["known"]) == (0, 8)


def test_a_grown_file_whose_name_an_earlier_release_kept_whole_goes_on_without_a_question(log: str) -> None:
    file, *args = next(done["args"] for done in IMPORTS if done["args"][0] == "lists.csv")
    lines = Path(file).read_text("utf-8").splitlines()
    Path(file).write_text("\n".join([*lines, lines[-1].replace("2025", "2026")]) + "\n")
    report = bring(log, file, *args)
    assert (report["written"] > 0, report["refused"]) == (True, 0)


def test_rows_of_a_log_of_another_name_are_asked_about(log: str) -> None:
    shutil.copy("crm.csv", "other.csv")
    args = [arg for arg in IMPORTS[1]["args"][1:] if arg not in ("--source", "CRM")]
    before = events(log)
    told = CliRunner().invoke(cli, ["-s", log, "import", "other.csv", *args])
    assert isinstance(told.exception, Refused)
    assert (told.exception.exit_code, told.exception.facts["source"]) == (3, "CRM")
    assert "--source NAME" in told.exception.message
    assert events(log) == before
    assert bring(log, "other.csv", *args, "--same")["known"] == 3
    assert bring(log, "other.csv", *args, "--other")["written"] == 3


def test_without_the_former_ids_everything_would_be_written_again(
    log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formers, "row_event_id", lambda *_: UUID(int=1))
    assert bring(log, *IMPORTS[4]["args"])["written"] == IMPORTS[4]["events"]


@pytest.mark.parametrize("done", [0, 1, 3])
@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("batch", [2, 10_000])
def test_columns_that_were_added_and_are_empty_double_nothing(
    log: str, done: int, columns: int, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", batch)
    file, *args = IMPORTS[done]["args"]
    between = ";" if ";" in args else ","
    header, rest = Path(file).read_text(encoding="utf-8").split("\n", 1)
    more = [f"new{n}" for n in range(columns)]
    rows = rest.replace('"two\nlines"', "TWO").splitlines()
    lines = [between.join([header, *more]), *(row + between * columns for row in rows)]
    Path(file).write_text("\n".join(lines).replace("TWO", '"two\nlines"') + "\n", encoding="utf-8")
    report = bring(log, file, *args)
    assert (report["written"], report["known"], report["refused"]) == (0, IMPORTS[done]["events"], 0)


def test_columns_that_were_added_and_say_something_make_other_rows(log: str) -> None:
    file, *args = IMPORTS[1]["args"]
    header, *rows = Path(file).read_text(encoding="utf-8").splitlines()
    Path(file).write_text("\n".join([f"{header};new", *(f"{row};x" for row in rows)]) + "\n")
    assert bring(log, file, *args)["written"] == 3
