"""The contract of handlers on SQLite, where pages are done in one go whenever they may."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from eventfold.store.open import open_store
from eventfold.store.port import Store
from eventfold.testing.contract.handling import STREAMS, HandlingContract
from eventfold.testing.making import make_many
from eventfold.testing.staff import Staff


class TestSweeping(HandlingContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        with open_store(f"sqlite:///{tmp_path}/log.db") as store:
            yield store

    @pytest.fixture
    def staff(self, store: Store) -> Iterator[Staff]:
        for version in range(3):
            for n in range(STREAMS):
                store.append(f"box-{n}", make_many(1), expected=version)
        staff = Staff(store, sweeps=True)
        yield staff
        staff.close()
