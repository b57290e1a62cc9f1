"""`eventfold import --scaffold` writes an app that answers at once, into a new file or not at all."""

import csv
import json
import shlex
from pathlib import Path

import pytest

from tests.doors.calling import Told, eventfold

COLUMNS = ["--stream", "case", "--category", "case", "--type", "what"]
HOSTILE = ["'; import os #", '"', "\\", "{0}", "__import__('os')", "class", "审批", "x" * 300, "a\nb", "a.b"]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    return "sqlite:///a.db"


def table(path: Path, header: list[str], rows: list[list[str]]) -> str:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["case", "what", *header], *rows])
    return str(path)


def brought(log: str, file: str, module: str, *more: str) -> Told:
    return eventfold("-s", log, "import", file, *COLUMNS, "--scaffold", module, *more)


def test_the_commands_that_it_names_give_rows(log: str, tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", ["amount", "zip"], [["1", "A", "2.50", "007"], ["1", "B", "3", ""]])
    told = brought(log, file, "bring_one")
    assert told.code == 0
    first, second = [line.partition(": eventfold ")[2] for line in told.err.splitlines()[-2:]]
    assert eventfold(*shlex.split(first)).code == 0
    (row,) = json.loads(eventfold(*shlex.split(second), "--json").out)
    assert (row["stream"], row["events"], row["last_event"]) == ("case-1", 2, "B")
    assert (row["amount"], row["zip"]) == ("3.00", "007")


@pytest.mark.parametrize("category", ["审批", "table", "skip", "log", "event"])
def test_no_table_has_a_name_that_a_state_keeps_for_itself(log: str, tmp_path: Path, category: str) -> None:
    file = table(tmp_path / "a.csv", [], [["1", "A"]])
    module = f"bring_{category.encode().hex()}"
    columns = ["--stream", "case", "--category", category, "--type", "what"]
    told = eventfold("-s", log, "import", file, *columns, "--scaffold", module)
    first, second = [line.partition(": eventfold ")[2] for line in told.err.splitlines()[-2:]]
    assert eventfold(*shlex.split(first)).code == 0
    (row,) = json.loads(eventfold(*shlex.split(second), "--json").out)
    assert row["last_event"] == "A"


def test_a_file_of_hostile_names_gives_an_app_that_runs(log: str, tmp_path: Path) -> None:
    rows = [
        ["1", name[:100].replace("\n", " "), *("v" for _ in HOSTILE)] for name in HOSTILE if name[0].isalnum()
    ]
    told = brought(log, table(tmp_path / "a.csv", HOSTILE, rows), "bring_hostile", "--json")
    found = json.loads(told.out)
    assert (found["written"], found["scaffold"]["tables"]) == (len(rows), ["cases"])
    assert eventfold(*shlex.split(found["next"])[1:]).code == 0
    (row,) = json.loads(eventfold(*shlex.split(found["scaffold"]["commands"][1])[1:], "--json").out)
    assert list(row.values()).count("v") == len(HOSTILE) - 1  # one with a double quote has no path


def test_rows_that_are_known_give_the_same_app(log: str, tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", ["amount"], [["1", "A", "2.50"]])
    texts = []
    for module in ("bring_known", "bring_again"):
        assert brought(log, file, module).code == 0
        texts.append((tmp_path / f"{module}.py").read_text().replace(module, ""))
    assert texts[0] == texts[1]


@pytest.mark.parametrize("module", ["there", "there.py", "link", "package"])
def test_what_stands_there_is_not_touched_and_nothing_is_imported(
    log: str, tmp_path: Path, module: str
) -> None:
    (tmp_path / "there.py").write_text("mine")
    (tmp_path / "link.py").symlink_to(tmp_path / "nowhere")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    told = brought(log, table(tmp_path / "a.csv", [], [["1", "A"]]), module)
    assert (told.code, "give another --scaffold" in told.err) == (2, True)
    assert (tmp_path / "there.py").read_text() == "mine"
    assert not (tmp_path / "a.db").exists()
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "module",
    [
        "a-b",
        "class",
        "json",
        "eventfold",
        "duckdb",
        "1a",
        "a.b",
        "_a",
        "é",
        "",
        " ",
        "x/y",
        "..",
        "-.py",
        "/",
    ],
)
def test_a_name_that_no_module_can_have_imports_nothing(log: str, tmp_path: Path, module: str) -> None:
    before = {tmp_path / "a.csv"}
    told = brought(log, table(tmp_path / "a.csv", [], [["1", "A"]]), module)
    if module:
        assert told.code == 2
        assert set(tmp_path.iterdir()) == before
    else:
        assert told.code == 0  # as if it was not said


def test_an_app_in_another_folder_is_found_by_the_command(log: str, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    file = table(tmp_path / "a.csv", [], [["1", "A"]])
    found = json.loads(brought(log, file, "sub/bring_deep.py", "--json").out)
    words = shlex.split(found["next"])
    assert words[:2] == ["env", f"PYTHONPATH={tmp_path / 'sub'}"]
    assert found["scaffold"]["file"] == "sub/bring_deep.py"
    missing = brought(log, file, "none/x.py")
    assert (missing.code != 0, "There is no folder none" in missing.err) == (True, True)


def test_a_log_or_a_table_is_no_place_for_it(log: str, tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", [], [["1", "A"]])
    told = brought("sqlite:///bring_log.py", file, "bring_log")
    assert (told.code, "the log" in told.err) == (2, True)
    assert not (tmp_path / "bring_log.py").exists()
    (tmp_path / "_delta_log").mkdir()
    assert brought(log, file, "bring_lake").code == 2
    assert not (tmp_path / "a.db").exists()


def test_a_dry_run_writes_none(log: str, tmp_path: Path) -> None:
    told = brought(log, table(tmp_path / "a.csv", [], [["1", "A"]]), "bring_dry", "--dry-run", "--json")
    assert (told.code, json.loads(told.out)["scaffold"]) == (0, None)
    assert not (tmp_path / "bring_dry.py").exists()


def test_where_nothing_came_in_none_is_written_and_that_is_told(log: str, tmp_path: Path) -> None:
    told = brought(log, table(tmp_path / "a.csv", [], []), "bring_none")
    assert (told.code, "bring_none.py was not written" in told.err) == (0, True)
    assert not (tmp_path / "bring_none.py").exists()


def test_an_import_without_an_end_writes_none(log: str) -> None:
    told = eventfold("-s", log, "import", "cosmos://x/y", "--follow", "--scaffold", "bring_never")
    assert (told.code, "--follow" in told.err) == (2, True)


def test_an_app_follows_a_restored_export_and_documents_too(log: str, tmp_path: Path) -> None:
    assert brought(log, table(tmp_path / "a.csv", ["n"], [["1", "A", "1"]]), "bring_first").code == 0
    assert eventfold("-s", log, "export", "a.jsonl").code == 0
    for store, module, more in (
        ("b", "bring_restored", "--restore"),
        ("c", "bring_documents", "--documents"),
    ):
        told = eventfold(
            "-s", f"sqlite:///{store}.db", "import", "a.jsonl", more, "--scaffold", module, "--json"
        )
        assert json.loads(told.out)["scaffold"]["app"] == f"{module}:app"
        assert "ef.field('A', 'n'), 'int64'" in (tmp_path / f"{module}.py").read_text()


def test_a_later_value_that_does_not_fit_parks_its_stream_alone(log: str, tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", ["n"], [["1", "A", "1"], ["3", "A", "3"]])
    assert brought(log, file, "bring_later").code == 0
    more = table(tmp_path / "b.csv", ["n"], [["1", "A", "x"], ["2", "A", "2"], ["3", "B", "9"]])
    assert eventfold("-s", log, "import", more, *COLUMNS, "--source", "b").code == 0
    app = ["-s", log, "-a", "bring_later:app"]
    assert eventfold(*app, "run", "--once").code == 0
    assert [
        one["stream"] for one in json.loads(eventfold(*app, "parked", "list", "cases", "--json").out)
    ] == ["case-1"]
    rows = json.loads(eventfold(*app, "query", "SELECT stream, n FROM cases ORDER BY stream", "--json").out)
    assert [(row["stream"], row["n"]) for row in rows] == [("case-1", 1), ("case-2", 2), ("case-3", 3)]
