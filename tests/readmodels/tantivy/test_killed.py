"""A writer that is killed leaves what it had committed: no row lost, doubled or half there."""

import subprocess
import sys
from pathlib import Path

import pytest


def campaign(folder: Path, rounds: int, how: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.readmodels.tantivy.killing", str(folder), str(rounds), how],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.slow
def test_a_writer_may_be_killed_at_a_step(tmp_path: Path) -> None:
    """The first steps, in which an index is made."""
    assert campaign(tmp_path / "shelf", 12, "steps").startswith("killed 12 times")


@pytest.mark.nightly
@pytest.mark.parametrize("how", ["steps", "times"])
def test_a_writer_may_be_killed_at_any_step_and_at_any_time(tmp_path: Path, how: str) -> None:
    found = campaign(tmp_path / "shelf", 200, how)
    assert found.startswith("killed "), found
    assert int(found.split()[1]) > 100


@pytest.mark.nightly
def test_a_stamp_in_a_commit_of_its_own_would_be_found_out(tmp_path: Path) -> None:
    """The control."""
    assert campaign(tmp_path / "shelf", 200, "broken").startswith("after kill ")
