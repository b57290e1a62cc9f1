"""Cosmos DB passes the contract of stores, on the stand-in, with one and with four physical partitions."""

import pytest

from eventfold import open_store
from eventfold.testing.cosmos import StandIn
from eventfold.testing.store_contract import OpenStore, SharedFeedContract, StoreContract


@pytest.mark.slow
class TestOnePartition(StoreContract, SharedFeedContract):
    @pytest.fixture
    def open_it(self, account: StandIn) -> OpenStore:
        return lambda: open_store(account.url("log"))


@pytest.mark.slow
class TestFourPartitions(StoreContract, SharedFeedContract):
    @pytest.fixture
    def open_it(self, divided: StandIn) -> OpenStore:
        return lambda: open_store(divided.url("log"))
