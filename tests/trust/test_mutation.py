"""The report of `./dev mutate`: survivors are named, reasons belong to the core, the score is not flattered."""

import json
import tomllib
from pathlib import Path

import pytest

from tests.trust import mutation
from tests.trust.mutation import SURVIVED, UNTESTED, UNTRIED, reasons, report, results
from tests.trust.system import ROOT


def test_a_mutant_that_no_test_notices_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = {"killed": 1, "lives": 0, "lives for a reason": 0, "unseen": 33, "later": None, "endless": 36}
    codes = {f"eventfold.a.x_{name}": code for name, code in codes.items()} | {"eventfold.b.x_later": None}
    (tmp_path / "a.py.meta").write_text(json.dumps({"exit_code_by_key": codes}))
    monkeypatch.setattr(mutation, "FOLDER", tmp_path)
    monkeypatch.setattr(mutation, "reasons", lambda: {"eventfold.a.x_lives for a reason": "no change"})
    found = dict(results(tmp_path))
    assert [found[f"eventfold.a.x_{name}"] for name in ("lives", "unseen", "later")] == [
        SURVIVED,
        UNTESTED,
        UNTRIED,
    ]
    assert report(found) == 1
    printed = capsys.readouterr().out
    assert "survived: eventfold.a.x_lives\n" in printed
    assert "no test reaches it: eventfold.a.x_unseen" in printed
    assert "for a reason" not in printed
    kept = json.loads((tmp_path / "mutation.json").read_text())
    assert kept.keys() == {"a"}  # of what was not tried, earlier figures stay
    names = ("mutants", "tried", "killed", "survived", "with_reason")
    assert [kept["a"][name] for name in names] == [6, 5, 2, 3, 1]


def test_every_reason_is_of_a_mutant_of_the_core() -> None:
    core = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mutmut"]["only_mutate"]
    rooms = [
        place.removeprefix("src/").removesuffix(".py").removesuffix("*").replace("/", ".") for place in core
    ]
    for name, reason in reasons().items():
        assert any(name.startswith(room) for room in rooms), name
        assert reason
