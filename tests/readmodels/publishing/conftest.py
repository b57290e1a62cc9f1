"""A table that both engines can have."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from eventfold.app.live import Live
from tests.azurite.fixtures import address, azurite
from tests.readmodels.publishing.otherengine import Job, note, opened

__all__ = ["address", "azurite"]


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with opened(tmp_path) as live:
        note(live, 1, 2)
        note(live, 3, box="box-2")
        live.catch_up()
        yield live


@pytest.fixture
def job(live: Live, tmp_path: Path) -> Job:
    return Job(live, tmp_path)
