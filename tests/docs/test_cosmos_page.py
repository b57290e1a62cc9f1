"""The page of Cosmos DB: what it shows in Python runs, and its table of costs is what is counted."""

import re
from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from benchmarks import cosmos_costs
from eventfold.events.registry import Registry
from eventfold.store.cosmos.requests.settings import KEY
from eventfold.testing.cosmos import StandIn

PAGE = (Path(__file__).parents[2] / "docs" / "cosmos.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("crashes", [0, 1, 2])
def test_a_stream_is_closed_and_continued_by_what_the_page_shows(
    monkeypatch: pytest.MonkeyPatch, crashes: int
) -> None:
    (shown,) = (block for block in BLOCKS if "def continue_in" in block)
    names: dict[str, Any] = {"__name__": "shown"}
    exec(compile(shown, "docs/cosmos.md", "exec", dont_inherit=True), names)
    ledger, continue_in = names["Ledger"], names["continue_in"]
    with StandIn(partitions=2, key="c3RhbmQtaW4=") as account:
        monkeypatch.setenv(KEY, account.key)
        store = ef.open_store(account.url("log"))
        ledgers = ef.Repository(store, Registry(ledger.event_types), ledger)
        for cents in (500, 250):
            ledgers.execute("ledger-7", ledger.pay, cents=cents)
        if crashes:  # the first command was carried out, then the process ended
            ledgers.execute_once("close ledger-7", "ledger-7", ledger.close, into="ledger-7-2027")
            with pytest.raises(ef.InvalidOperation):
                ledgers.execute("ledger-7", ledger.pay, cents=1)
        for _ in range(max(1, crashes)):
            continue_in(ledgers, "ledger-7", "ledger-7-2027")
        ledgers.execute("ledger-7-2027", ledger.pay, cents=5)
        assert ledgers.load("ledger-7").continued_in == "ledger-7-2027"
        assert ledgers.load("ledger-7-2027").cents == 755
        assert (store.head("ledger-7"), store.head("ledger-7-2027")) == (3, 2)
        store.close()


def test_the_table_of_costs_is_what_is_counted() -> None:
    begin, end = PAGE.index("<!-- costs:"), PAGE.index("<!-- costs end")
    assert PAGE[begin:end].split("-->", 1)[1].strip().splitlines() == cosmos_costs.table()


def test_no_operation_asks_more_than_it_may() -> None:
    found = list(cosmos_costs.rows())
    assert [row.operation for row in found if not row.kept] == []
    greedy = found[0]._replace(requests=(2, 1))
    assert greedy.line().endswith("missed")
