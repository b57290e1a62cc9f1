"""Background readers keep to their share of the throughput; what is spent is told."""

import pytest
from click.testing import CliRunner

from eventfold import open_store
from eventfold.doors.cli.main import cli
from eventfold.errors import ConfigInvalid
from eventfold.store.cosmos.requests.governor import Governor
from eventfold.store.cosmos.requests.settings import read_url
from eventfold.testing.cosmos import StandIn
from eventfold.testing.making import make_many, read_all


def test_a_reader_keeps_to_the_rate_whatever_a_page_costs() -> None:
    now = [100.0]
    governor = Governor(50, clock=lambda: now[0], sleep=lambda seconds: now.__setitem__(0, now[0] + seconds))
    for charge in [10, 200, 3, 40, 7] * 20:
        governor.wait()
        governor.spend(charge)
    governor.wait()
    # one second of the rate is there at the beginning
    assert now[0] - 100 == pytest.approx(260 * 20 / 50 - 1)


def test_without_a_rate_nobody_waits() -> None:
    governor = Governor(None, sleep=lambda _: pytest.fail("waited"))
    for _ in range(10):
        governor.wait()
        governor.spend(1e9)


def test_the_rate_is_an_option_of_the_url() -> None:
    assert read_url("cosmos://a.example/db?readers=400").readers == 400
    with pytest.raises(ConfigInvalid):
        read_url("cosmos://a.example/db?readers=0")


def test_what_was_spent_is_told_by_what_was_done(account: StandIn) -> None:
    store = open_store(account.url("log"))
    store.append("order-1", make_many(3), expected=0)
    before = store.cost()
    read_all(store.feed())
    after = store.cost()
    assert before is not None
    assert after is not None
    assert after.requests > before.requests
    assert after.charge > before.charge
    told = CliRunner().invoke(cli, ["-s", account.url("log"), "--cost", "read", "order-1"])
    assert "reading a stream: " in told.output
    assert "request units" in told.output
    store.close()
