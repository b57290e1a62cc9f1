"""One session of Spark for all tests here, which run in an environment of their own: `./dev test tests/spark`."""

import base64
import os
import secrets
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eventfold.testing.spark import SparkMissing, open_session, spark_jars
from tests.bus.sharing import Shared, shared

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROOT = Path(__file__).parents[2]
HERE = find_spec("pyspark") is not None
if not HERE:  # `./dev test` runs them where it is, and says so
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator["SparkSession"]:
    """Spark; without Java or Maven the test is skipped, counted and with the reason, and fails with CI=true."""
    try:
        jars = spark_jars(ROOT / "build" / "spark")
    except SparkMissing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    # Spark's processes have the environment that it was started with
    os.environ.setdefault("EVENTFOLD_COSMOS_KEY", base64.b64encode(secrets.token_bytes(64)).decode())
    found = open_session(jars, scratch=tmp_path_factory.mktemp("spark"))
    yield found
    found.stop()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """A broker; without Java or Maven as above."""
    with shared(tmp_path_factory.getbasetemp(), os.getpid()) as found:
        yield found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each shares a session that takes half a minute to start."""
    for item in items:
        if "session" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)
