"""The table that most tests publish."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.azurite.fixtures import address, azurite
from tests.readmodels.delta.shop import Shop

__all__ = ["address", "azurite"]


@pytest.fixture(params=["folder", pytest.param("container", marks=pytest.mark.slow)])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where tables are published: on a disk, and in an object store."""
    return str(tmp_path) if request.param == "folder" else str(request.getfixturevalue("address"))


@pytest.fixture
def shop(tmp_path: Path, lake: str) -> Iterator[Shop]:
    shop = Shop(tmp_path, lake)
    for n in range(4):
        shop.happen(f"box-{n}", n)
    yield shop
    shop.states.close()
    shop.store.close()
