"""Programs of the system that break things for us, and one manner of saying that one is not there."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = (sys.executable, "-W", "error")


def needs(program: str, trial: tuple[str, ...]) -> None:
    """Skips the test, counted and with the one command that helps, where a program cannot do its work here.

    Args:
        program: its name, which is also that of its package.
        trial: a command that succeeds where it can.
    """
    if shutil.which(program) is None:
        pytest.skip(f"needs {program}: apt-get install -y {program}")
    if not _works(trial):
        pytest.skip(f"{program} is here but may not trace: allow ptrace (docker run --cap-add SYS_PTRACE)")


@cache
def _works(trial: tuple[str, ...]) -> bool:
    return subprocess.run(trial, check=False, capture_output=True).returncode == 0


def python(
    code: str, *arguments: str, under: tuple[str, ...] = (), seconds: float = 120
) -> "subprocess.CompletedProcess[str]":
    """Runs Python code, which may import from the tests, under another program."""
    return subprocess.run(
        [*under, *PYTHON, "-c", code, *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=seconds,
    )


def strace(folder: Path, *options: str) -> tuple[str, ...]:
    """strace, which writes what it saw to `trace` in the folder."""
    needs("strace", ("strace", "-f", "-qq", "-o", os.devnull, "true"))
    return ("strace", "-f", "-qq", "-o", str(folder / "trace"), *options)
