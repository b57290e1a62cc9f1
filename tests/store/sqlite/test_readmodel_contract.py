"""Tables over SQLite keep their contract."""

from pathlib import Path

import pytest

from eventfold import open_store
from eventfold.testing.contract.bench import OpenLog
from eventfold.testing.readmodel_contract import ReadModelContract


class TestSqlite(ReadModelContract):
    examples = 40

    @pytest.fixture
    def open_log(self, tmp_path: Path) -> OpenLog:
        return lambda name: open_store(f"sqlite:///{tmp_path}/{name}.db")
