"""What the tests of the lake copy share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.readmodels.lakecopy.lake import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    found = Lake(tmp_path)
    yield found
    found.store.close()
