"""Tables over the partitioned test feed keep their contract, with one and with four partitions, and through splits."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from eventfold import open_store
from eventfold.testing.contract.bench import Divide, OpenLog
from eventfold.testing.partitioned import PartitionedStore
from eventfold.testing.readmodel_contract import ReadModelContract

pytestmark = pytest.mark.slow


class Kept(PartitionedStore):
    """Its partitions are in memory: a program that ends leaves it as it is."""

    def close(self) -> None: ...


class Logs(dict[str, Kept]):
    """Logs by name."""

    def __init__(self, partitions: int) -> None:
        super().__init__()
        self._partitions = partitions
        self._dice = random.Random(partitions)

    def __missing__(self, name: str) -> Kept:
        self[name] = Kept(open_store("sqlite://"), self._partitions, seed=self._partitions)
        return self[name]

    def divide(self, name: str) -> None:
        feed = self[name].feed()
        feed.split(self._dice.choice(feed.partitions()).name)


@contextmanager
def partitioned(partitions: int) -> Iterator[Logs]:
    logs = Logs(partitions)
    yield logs
    for log in logs.values():
        PartitionedStore.close(log)


class Divided(ReadModelContract):
    partitions: int

    @pytest.fixture
    def logs(self) -> Iterator[Logs]:
        with partitioned(self.partitions) as logs:
            yield logs

    @pytest.fixture
    def open_log(self, logs: Logs) -> OpenLog:
        return logs.__getitem__

    @pytest.fixture
    def divide(self, logs: Logs) -> Divide:
        return logs.divide


class TestOnePartition(Divided):
    partitions = 1


class TestFourPartitions(Divided):
    partitions = 4
    examples = 40
