"""The contract of a store.

A new store passes it with a test file of a few lines:

    class TestMyStore(StoreContract):
        @pytest.fixture
        def open_it(self, tmp_path):
            return lambda: open_store(f"mystore://{tmp_path}")

`open_it` opens the same place each time it is called. Capabilities are asserted as the store declares them; one whose
feed several workers can share adds `SharedFeedContract`.
"""

from collections.abc import Callable, Iterator

import pytest

from eventfold.store.port import Store
from eventfold.testing.contract.appending import AppendingContract
from eventfold.testing.contract.closing import ClosingContract
from eventfold.testing.contract.concurrency import ConcurrencyContract
from eventfold.testing.contract.effects import EffectsContract
from eventfold.testing.contract.feeding import FeedContract
from eventfold.testing.contract.handling import HandlingContract
from eventfold.testing.contract.idempotency import IdempotencyContract
from eventfold.testing.contract.leases import LeasesContract
from eventfold.testing.contract.reading import ReadingContract
from eventfold.testing.contract.refusals import RefusalsContract
from eventfold.testing.contract.restoring import RestoringContract
from eventfold.testing.contract.sharing import SharingContract
from eventfold.testing.contract.snapshots import SnapshotsContract

OpenStore = Callable[[], Store]


class StoreContract(
    AppendingContract,
    IdempotencyContract,
    ReadingContract,
    RefusalsContract,
    RestoringContract,
    FeedContract,
    SnapshotsContract,
    LeasesContract,
    EffectsContract,
    HandlingContract,
    ClosingContract,
    ConcurrencyContract,
):
    """Every suite of a store, with its feed, its snapshots and what its handlers must not lose."""

    @pytest.fixture
    def open_it(self) -> OpenStore:
        """Opens the store under test; override it."""
        raise NotImplementedError("override the fixture open_it")

    @pytest.fixture
    def store(self, open_it: OpenStore) -> Iterator[Store]:
        """The store, opened and closed."""
        store = open_it()
        yield store
        store.close()

    def test_a_feed_is_shared_where_that_is_declared(self, store: Store) -> None:
        assert isinstance(self, SharedFeedContract) == store.capabilities.shares_feed, (
            "a store that declares shares_feed passes SharedFeedContract, another one does not"
        )


class SharedFeedContract(SharingContract):
    """Beside `StoreContract`: what a store promises that declares `shares_feed`."""
