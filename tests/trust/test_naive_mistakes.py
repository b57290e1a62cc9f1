"""The mistakes of the afternoon are put back one by one; each time the named test notices."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.trust.figures import record
from tests.trust.naive import ELSEWHERE, MISTAKES, Mistake
from tests.trust.nodes import missing
from tests.trust.system import ROOT

PARTS = ("src", "tests", "examples", "pyproject.toml", "README.md")


def copied(folder: Path) -> Path:
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / part)
    return folder


def outcome(tree: Path, *tests: str) -> tuple[int, str]:
    """The exit code of the tests in a copy of the tree, and what they printed."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree / "src"), "EVENTFOLD_TEST_FIGURES": ""},
        check=False,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def put_back(tree: Path, mistake: Mistake) -> None:
    file = tree / mistake.file
    text = file.read_text("utf-8")
    assert text.count(mistake.old) == 1, f"{mistake.file} has changed: write mistake {mistake.number} anew"
    file.write_text(text.replace(mistake.old, mistake.new), "utf-8")


def check_killed(folder: Path, mistake: Mistake) -> None:
    tree = copied(folder)
    put_back(tree, mistake)
    code, printed = outcome(tree, mistake.killer)
    assert code == 1, f"nobody noticed that {mistake.what}:\n{printed[-2000:]}"
    assert mistake.killer.rpartition("::")[2] in printed


def test_every_mistake_of_the_list_is_put_back_or_has_a_reason() -> None:
    assert sorted([*(mistake.number for mistake in MISTAKES), *ELSEWHERE]) == list(range(1, 25))


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: f"{m.number}")
def test_what_is_changed_stands_in_the_source_once_and_its_test_is_there(mistake: Mistake) -> None:
    assert (ROOT / mistake.file).read_text("utf-8").count(mistake.old) == 1
    assert missing(mistake.killer) == ""


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES[:1] + MISTAKES[9:10], ids=lambda m: f"{m.number}")
def test_a_mistake_is_noticed(tmp_path: Path, mistake: Mistake) -> None:
    check_killed(tmp_path, mistake)


@pytest.mark.nightly
def test_all_mistakes_are_noticed_and_their_tests_pass_without_them(tmp_path: Path) -> None:
    code, printed = outcome(copied(tmp_path / "right"), *dict.fromkeys(m.killer for m in MISTAKES))
    assert code == 0, printed[-2000:]
    for mistake in MISTAKES:
        check_killed(tmp_path / str(mistake.number), mistake)
    record("naive-mistakes", put_back=len(MISTAKES), noticed=len(MISTAKES), not_here=len(ELSEWHERE))
