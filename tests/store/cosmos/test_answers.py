"""Many seeded histories give the same answers on SQLite, the partitioned test feed, and Cosmos DB."""

from pathlib import Path

import pytest

from eventfold import open_store
from eventfold.testing.contract.answers import compared
from eventfold.testing.contract.bench import Bench
from eventfold.testing.cosmos import StandIn
from tests.store.cosmos.test_readmodel_contract import divider
from tests.testing.test_partitioned_readmodels import partitioned


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(10, 40))
def test_thirty_histories_give_the_same_answers_everywhere(
    tmp_path: Path, account: StandIn, divided: StandIn, seed: int
) -> None:
    with partitioned(4) as logs:
        places = {
            "partitioned": Bench(logs.__getitem__, tmp_path, logs.divide),
            "one": Bench(lambda name: open_store(account.url(name)), tmp_path / "one", divider(account)),
            "four": Bench(lambda name: open_store(divided.url(name)), tmp_path / "four", divider(divided)),
        }
        for name, bench in places.items():
            (tmp_path / name).mkdir()
            assert compared(bench, tmp_path / name, seed)
