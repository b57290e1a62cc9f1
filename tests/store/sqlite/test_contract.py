"""SQLite passes the contract of stores, as a file and in memory."""

from pathlib import Path

import pytest

from eventfold import open_store
from eventfold.testing.store_contract import OpenStore, StoreContract


class TestSqliteFile(StoreContract):
    @pytest.fixture
    def open_it(self, tmp_path: Path) -> OpenStore:
        return lambda: open_store(f"sqlite:///{tmp_path}/log.db")


class TestSqliteMemory(StoreContract):
    @pytest.fixture
    def open_it(self) -> OpenStore:
        return lambda: open_store("sqlite://")
