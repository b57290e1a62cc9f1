"""An object store to test with. Without Node.js the test is skipped, with the reason; with CI=true it fails."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.azurite.bring import AzuriteMissing
from tests.azurite.server import ACCOUNT, Azurite


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """One for each process of the run."""
    found = brought(tmp_path_factory.mktemp("azurite"))
    yield found
    found.close()


def brought(folder: Path) -> Azurite:
    """One that runs; its log is in the folder."""
    try:
        return Azurite(folder)
    except AzuriteMissing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@pytest.fixture
def address(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of a lake in a container of its own, which the environment of this process says how to reach."""
    for name, value in azurite.environment().items():
        monkeypatch.setenv(name, value)
    return f"abfss://{azurite.container()}@{ACCOUNT}.dfs.core.windows.net/shop/lake"
