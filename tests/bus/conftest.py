"""A broker to test with."""

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.bus.making import make_topic
from tests.bus.sharing import Shared, jars, shared

_numbers = count()
MakeTopic = Callable[..., str]


@pytest.fixture(scope="session")
def kafka_jars() -> Path:
    """For a test that kills its broker and so has one of its own."""
    return jars()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """The broker that all tests share."""
    base = tmp_path_factory.getbasetemp()
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    with shared(base.parent if is_worker else base, os.getppid() if is_worker else os.getpid()) as found:
        yield found


@pytest.fixture
def topic(kafka: Shared) -> MakeTopic:
    """Makes topics that nobody else has: `topic(partitions=6, **{"cleanup.policy": "compact"})`."""

    def make(partitions: int = 1, **options: str) -> str:
        return make_topic(kafka.plain, f"t{os.getpid()}-{next(_numbers)}", partitions, **options)

    return make


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A run without slow tests starts no broker."""
    for item in items:
        if {"kafka", "kafka_jars"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
