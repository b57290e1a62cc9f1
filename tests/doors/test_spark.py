"""`eventfold spark run` says what is missing before it starts anything; what it does is tested in tests/spark."""

import importlib.util
import json
from pathlib import Path

import pytest

import eventfold as ef
from tests.doors.calling import eventfold

APP = "tests.handlers.app.shop:shop"


@pytest.fixture
def log(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/log.db"
    ef.open_store(url).close()
    return url


@pytest.mark.skipif(importlib.util.find_spec("pyspark") is not None, reason="Spark is installed here")
def test_without_its_packages_it_says_how_to_get_them(log: str, tmp_path: Path) -> None:
    code, out, err = eventfold("-a", APP, "-s", log, "--lake", f"{tmp_path}/lake", "spark", "run")
    assert (code, out) == (2, "")
    assert "error extra-missing: Folding on Spark needs a package: pip install 'eventfold[spark]'" in err


def test_what_is_not_named_is_asked_for(log: str, tmp_path: Path) -> None:
    for arguments, wanted in {
        ("-a", APP, "-s", log): "--lake FOLDER",
        ("-a", APP, "--lake", f"{tmp_path}/lake"): "--store sqlite:///shop.db",
        ("-s", log, "--lake", f"{tmp_path}/lake"): "-a module:name",
    }.items():
        code, _, err = eventfold("--json", *arguments, "spark", "run")
        error = json.loads(err)["error"]
        assert (code, error["code"]) == (2, "config-invalid")
        assert wanted in error["message"]


@pytest.mark.parametrize("place", ["lake", "lake/orders", "lake/checkpoints/of/spark"])
def test_checkpoints_never_stand_where_tables_do(log: str, tmp_path: Path, place: str) -> None:
    arguments = ("-a", APP, "-s", log, "--lake", f"{tmp_path}/lake", "spark", "run")
    code, _, err = eventfold(*arguments, "--checkpoints", f"{tmp_path}/{place}")
    assert code == 2
    assert "are in the lake, whose folders are tables" in err
    assert "--checkpoints FOLDER" in err


def test_the_port_of_its_health_is_for_a_run_that_goes_on() -> None:
    code, _, err = eventfold("-a", APP, "spark", "run", "--health-port", "0")
    assert code == 2
    assert "--every" in err
