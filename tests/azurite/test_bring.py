"""Where Azurite cannot be had, it is said what is missing; a run that must be whole fails."""

import shutil
from pathlib import Path

import pytest

from tests.azurite.bring import AzuriteMissing, bring
from tests.azurite.fixtures import brought


def without(patch: pytest.MonkeyPatch, program: str) -> None:
    found = shutil.which
    patch.setattr("shutil.which", lambda name: None if name == program else found(name) or f"/bin/{name}")


@pytest.mark.parametrize("program", ["node", "npm"])
def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str) -> None:
    without(monkeypatch, program)
    with pytest.raises(AzuriteMissing, match=f"there is no '{program}'"):
        bring(tmp_path / "azurite")
    assert not (tmp_path / "azurite").exists()


@pytest.mark.parametrize(
    ("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)], ids=["person", "CI"]
)
def test_without_it_a_test_is_skipped_for_a_person_and_fails_where_all_must_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ci: str, outcome: type[BaseException]
) -> None:
    without(monkeypatch, "node")
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match=r"Node\.js"):
        brought(tmp_path)
