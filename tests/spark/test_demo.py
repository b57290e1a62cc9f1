"""The demo on Spark ends with the truth."""

from pathlib import Path

import pytest

from examples.orders.onspark import __main__ as demo
from tests.spark.conftest import ROOT


@pytest.mark.nightly  # it starts Java twice
def test_the_orders_go_through_spark_and_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(demo, "OUTPUT", tmp_path / "out")
    assert demo.main(["--orders", "40"]) == 0
    assert "differ in 0 places" in capsys.readouterr().out


def test_without_java_a_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "OUTPUT", tmp_path / "out")
    monkeypatch.setattr(demo, "JARS", tmp_path / "jars")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert demo.main([]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "needs a Java runtime" in said
    assert "Install Java 17 or newer and Maven" in said
