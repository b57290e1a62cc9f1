"""Every block of the README runs, in its order, as a reader would run it."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_every_block_is_of_a_kind_that_is_run() -> None:
    assert [kind for kind, _ in BLOCKS] == ["python", "python", "console"]
    assert README.count("```") == 2 * len(BLOCKS)


def test_the_tour_is_short() -> None:
    lines = [line for _, block in BLOCKS for line in block.splitlines() if line.strip()]
    assert len(lines) <= 40


@pytest.mark.slow
@pytest.mark.parametrize("case", ["1", "case-1"])
def test_the_blocks_run_one_after_the_other(case: str, tmp_path: Path) -> None:
    definition, tour, shell = (block for _, block in BLOCKS)
    (tmp_path / "bank.py").write_text(definition)
    (tmp_path / "tour.py").write_text("from bank import *\n" + tour)
    (tmp_path / "cases.csv").write_text(f"case,what,when\n{case},Opened,2024-01-01T00:00:00Z\n")
    for _ in range(2):  # a reader who does all of it again gets the same answers
        answers = []
        for _ in range(2):
            run([sys.executable, "tour.py"], tmp_path)
        for line in shell.splitlines():
            prompt, command, *arguments = shlex.split(line)
            assert (prompt, command) == ("$", "eventfold")
            main = [sys.executable, "-c", "from eventfold.doors.cli import main; main()"]
            answers.append(run([*main, *arguments], tmp_path))
    assert '"paid_in":"100.00","paid_out":"0.00"' in answers[1]
    assert answers[3].count("Opened") == 1


def test_a_block_that_is_wrong_fails(tmp_path: Path) -> None:
    definition, tour, _ = (block for _, block in BLOCKS)
    (tmp_path / "bank.py").write_text(definition)
    (tmp_path / "tour.py").write_text("from bank import *\n" + tour.replace('"70.00"', '"71.00"'))
    with pytest.raises(AssertionError):
        run([sys.executable, "tour.py"], tmp_path)


@pytest.mark.parametrize("path", re.findall(r"\]\(([^)]+)\)", README))
def test_what_is_linked_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def run(command: list[str], folder: Path) -> str:
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
