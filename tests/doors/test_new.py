"""`eventfold new` writes an app that works as it is: its tests, its README and the checkers of types and style."""

import json
import os
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import eventfold.doors.cli.commands.new as writer
from tests.doors.calling import eventfold

NAME = "corner_shop"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / NAME
    code, out, _ = eventfold("new", NAME, "--folder", str(place), "--json")
    assert code == 0
    assert json.loads(out)["files"] == [
        str(p.relative_to(place))
        for n in json.loads(out)["files"]
        for p in place.rglob("*")
        if p == place / n
    ]
    return place


def run(folder: Path, *command: str) -> str:
    # plugins of our own development environment have warnings of their own; a new app has none
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("EVENTFOLD_", "PYTEST_"))}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**clean, "PYTHONWARNINGS": "error", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_what_is_written_passes_its_tests_and_every_command_of_its_readme_works(folder: Path) -> None:
    block = re.search(
        r"^```console\n(.*?)^```$", (folder / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )
    assert block is not None
    answers = {}
    for line in block.group(1).splitlines():
        prompt, program, *arguments = shlex.split(line)
        assert prompt == "$"
        main = (
            [sys.executable]
            if program == "python"
            else [sys.executable, "-c", "from eventfold.doors.cli import main; main()"]
        )
        answers[line] = run(folder, *main, *arguments)
    told = list(answers.values())
    assert "7 passed" in told[0]
    assert "order-1  Shipped" in told[1]
    assert re.search(r"Placed +2 +120\.40 *\n *Shipped +1 +25\.00", told[3])
    assert re.search(r"status +Placed", told[4])
    assert "Paid -> Shipped" in told[5]
    assert "It was a test." in told[8]
    assert re.search(r"order-1 .* Paid", told[9])
    assert "order-3" not in told[9]


def test_the_demonstration_takes_effect_once(folder: Path) -> None:
    assert run(folder, sys.executable, "-m", NAME) == run(folder, sys.executable, "-m", NAME)
    store = f"sqlite:///{folder}/{NAME}.db"
    found = [
        json.loads(line)["version"] for line in eventfold("-s", store, "streams", "--json").out.splitlines()
    ]
    assert found == [3, 1, 1]


@pytest.mark.slow
def test_what_is_written_has_types_and_style(folder: Path) -> None:
    run(folder, sys.executable, "-m", "mypy", "--strict", NAME, "tests")
    run(
        folder,
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--isolated",
        "--select",
        "E,F,I,B,UP",
        "--line-length",
        "100",
        ".",
    )
    run(folder, sys.executable, "-m", "ruff", "format", "--isolated", "--check", ".")


def test_its_schema_file_is_what_the_command_would_record(folder: Path) -> None:
    written = (folder / "schema.json").read_text("utf-8")
    command = (sys.executable, "-c", "from eventfold.doors.cli import main; main()", "schema")
    run(folder, *command, "check", "--locked")
    (folder / "schema.json").unlink()
    run(folder, *command, "accept")
    assert (folder / "schema.json").read_text("utf-8") == written


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("OrderCancelled", "OrderDropped", "write class OrderDropped(..., name='OrderCancelled')"),
        ("    total: Decimal\n", "    total: Decimal\n    till: str\n", "OrderPlaced@1.till"),
        ("    total: Decimal\n", "    total: Decimal\n    till: str = ''\n", "eventfold schema accept"),
    ],
)
def test_a_change_of_what_is_stored_fails_its_tests_until_it_is_recorded(
    folder: Path, before: str, after: str, told: str
) -> None:
    for path in folder.rglob("*.py"):
        path.write_text(path.read_text().replace(before, after))
    with pytest.raises(AssertionError) as failed:
        run(folder, sys.executable, "-m", "pytest", "-q", "tests/test_schema.py")
    assert told in str(failed.value)


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "x/y",
        "/srv/x",
        "Shop",
        "my-shop",
        "1shop",
        "class",
        "json",
        "eventfold",
        "tests",
        "_x",
        "",
        "café",
        "x.y",
    ],
)
def test_a_name_that_no_app_can_have_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = eventfold("new", name)
    assert (code, out) == (2, "")
    assert "config-invalid" in err
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_already_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop").mkdir()
    assert eventfold("new", "shop").code == 0  # an empty folder is no loss
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert eventfold("new", "shop").code == 2
    (tmp_path / "note").write_text("mine")
    assert eventfold("new", "note").code == 2
    assert (tmp_path / "note").read_text() == "mine"
    assert before.items() <= {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}.items()


def test_every_template_is_written_and_no_placeholder_is_left(folder: Path) -> None:
    template = Path(writer.__file__).parents[1] / "template"
    assert sorted(str(p.relative_to(template)) for p in template.rglob("*.txt")) == sorted(
        writer.FILES.values()
    )
    for path in folder.rglob("*"):
        if path.is_file():
            assert "@" not in path.read_text().replace("@upcast", "")


@pytest.mark.slow
def test_the_templates_are_in_the_wheel(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    run(root, sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"eventfold/doors/cli/template/{source}" for source in writer.FILES.values()} <= names
