"""Any history of a log on Cosmos DB is that of the model, on the stand-in, while its physical partitions split."""

from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from eventfold import Store, open_store
from eventfold.testing.cosmos import StandIn
from tests.store.cosmos.test_readmodel_contract import divider
from tests.store.model import QUICK, STEPS, Log, Place, assert_every_rule_was_tried


class Database:
    """A new database of the account."""

    again = True

    def __init__(self, account: StandIn, name: str, divide: Callable[[str], None]) -> None:
        self._account, self._name, self._divide = account, name, divide

    def open(self) -> Store:
        return open_store(self._account.url(self._name))

    def split(self) -> bool:
        self._divide(self._name)
        return True

    def close(self) -> None: ...


def over(account: StandIn) -> type[Log]:
    names, divide = count(), divider(account)

    class CosmosLog(Log):
        def place(self, durable: bool) -> Place:
            return Database(account, f"log{next(names)}", divide)

    return CosmosLog


SHORT = settings(QUICK, max_examples=8)


@pytest.mark.slow
def test_any_short_history_in_one_partition(account: StandIn) -> None:
    run_state_machine_as_test(over(account), settings=SHORT)


@pytest.mark.slow
def test_any_short_history_in_four_partitions(divided: StandIn) -> None:
    run_state_machine_as_test(over(divided), settings=SHORT)


@pytest.mark.nightly
def test_two_hundred_long_histories(divided: StandIn) -> None:
    STEPS.clear()
    run_state_machine_as_test(
        over(divided), settings=settings(QUICK, max_examples=200, stateful_step_count=50)
    )
    assert_every_rule_was_tried()
