"""An object store to test with. Without Node.js the test is skipped, with the reason; with CI=true it fails."""

import os
from collections.abc import Iterator

import pytest

from tests.azurite.bring import AzuriteMissing
from tests.azurite.server import ACCOUNT, Azurite


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """One for each process of the run."""
    try:
        found = Azurite(tmp_path_factory.mktemp("azurite"))
    except AzuriteMissing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    yield found
    found.close()


@pytest.fixture
def address(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of a lake in a container of its own, which the environment of this process says how to reach."""
    for name, value in azurite.environment().items():
        monkeypatch.setenv(name, value)
    return f"abfss://{azurite.container()}@{ACCOUNT}.dfs.core.windows.net/shop/lake"
