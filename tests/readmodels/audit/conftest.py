"""The log that most audits look at: forty events, two tables, both published."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.readmodels.audit.world import (
    World,
    boxes,
    fill,
    owners,
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, [boxes(), owners()])
    fill(made.store, 40)
    made.catch_up()
    yield made
    made.close()
