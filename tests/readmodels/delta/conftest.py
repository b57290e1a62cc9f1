"""The table that most tests publish."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.readmodels.delta.shop import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    for n in range(4):
        shop.happen(f"box-{n}", n)
    yield shop
    shop.states.close()
    shop.store.close()
