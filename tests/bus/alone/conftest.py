"""A scene of its own for each test."""

from pathlib import Path

import pytest

from tests.bus.alone.scene import Scene
from tests.bus.conftest import MakeTopic
from tests.bus.sharing import Shared


@pytest.fixture
def scene(tmp_path: Path, kafka: Shared, topic: MakeTopic) -> Scene:
    return Scene(tmp_path, kafka.plain, topic(3))
