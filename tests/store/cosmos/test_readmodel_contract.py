"""Tables over Cosmos DB keep their contract, on the stand-in, with one and with four physical partitions."""

import random
from collections.abc import Callable

import pytest

from eventfold import open_store
from eventfold.testing.contract.bench import Divide, OpenLog
from eventfold.testing.cosmos import StandIn
from eventfold.testing.readmodel_contract import ReadModelContract

MOST = 8
"""Physical partitions, after which nothing more is learned from another split."""


def divider(account: StandIn) -> Callable[[str], None]:
    """Splits some physical partition of a log, the same one whenever a test is repeated."""
    dice = random.Random(1)

    def divide(name: str) -> None:
        ranges = account.ranges(name, "events")
        if len(ranges) < MOST:
            account.split(name, "events", dice.choice(ranges)[0])

    return divide


@pytest.mark.slow
class TestOnePartition(ReadModelContract):
    @pytest.fixture
    def open_log(self, account: StandIn) -> OpenLog:
        return lambda name: open_store(account.url(name))

    @pytest.fixture
    def divide(self, account: StandIn) -> Divide:
        return divider(account)


@pytest.mark.slow
class TestFourPartitions(ReadModelContract):
    every = (
        3  # all crashes are tried by the one that is split at night, and on the partitioned test feed always
    )

    @pytest.fixture
    def open_log(self, divided: StandIn) -> OpenLog:
        return lambda name: open_store(divided.url(name))

    @pytest.fixture
    def divide(self, divided: StandIn) -> Divide:
        return divider(divided)
