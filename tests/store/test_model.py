"""Any history of a log on SQLite, and of the partitioned test feed over it, is that of the model."""

import tempfile

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from eventfold import Store, open_store
from eventfold.testing.partitioned import PartitionedStore
from tests.store.model import QUICK, STEPS, Log, Place, assert_every_rule_was_tried


class Sqlite:
    """A file, or memory."""

    def __init__(self, durable: bool) -> None:
        self.again = durable
        self._folder = tempfile.TemporaryDirectory() if durable else None

    def open(self) -> Store:
        return open_store(f"sqlite:///{self._folder.name}/log.db" if self._folder else "sqlite://")

    def split(self) -> bool:
        return False

    def close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()


class Partitioned:
    """Memory, divided among partitions."""

    again = False

    def __init__(self, durable: bool) -> None:
        self._store = PartitionedStore(open_store("sqlite://"), 3 if durable else 1, seed=3)

    def open(self) -> Store:
        return self._store

    def split(self) -> bool:
        feed = self._store.feed()
        feed.split(feed.partitions()[-1].name)
        return True

    def close(self) -> None: ...


class SqliteLog(Log):
    def place(self, durable: bool) -> Place:
        return Sqlite(durable)


class PartitionedLog(Log):
    def place(self, durable: bool) -> Place:
        return Partitioned(durable)


@pytest.mark.parametrize("log", [SqliteLog, PartitionedLog])
def test_any_short_history(log: type[Log]) -> None:
    run_state_machine_as_test(log, settings=QUICK)


@pytest.mark.nightly
@pytest.mark.parametrize("log", [SqliteLog, PartitionedLog])
def test_two_thousand_long_histories(log: type[Log]) -> None:
    STEPS.clear()
    run_state_machine_as_test(log, settings=settings(QUICK, max_examples=2_000, stateful_step_count=50))
    assert_every_rule_was_tried()
