"""The demo's page stands alone, and its proof finds what is wrong."""

import re
from pathlib import Path

import eventfold as ef
from examples.orders.app import shop
from examples.orders.page import page
from examples.orders.proof import differences, plain_fold
from examples.orders.report import Middle, report
from examples.orders.tables import Orders
from examples.orders.workload import commands, run


def test_the_page_needs_nothing_from_outside_and_the_proof_sees_a_wrong_row(tmp_path: Path) -> None:
    with shop.open(f"sqlite:///{tmp_path}/shop.db", lake=str(tmp_path / "lake")) as live:
        accepted = list(run(live, commands(120, seed=1)))
        live.catch_up()
        found = report(live, accepted.count(False), Middle(live.store.feed().at_position(200), 200))
        text = page(found, [])
        rows = live.table(Orders).at(cursor=live.store.feed().end()).rows()
        events = list(_everything(live.store))
    assert found.events == accepted.count(True) == len(events)
    assert not re.search(r"(src|href|url|@import|https?:)\s*[=(:]?", text)
    assert "<svg" in text
    wanted = plain_fold(events)
    assert differences(wanted, rows) == []
    rows[3]["status"] = "Lost"
    del rows[7]
    told = differences(wanted, rows)
    assert len(told) == 2
    assert "'Lost' in Delta" in told[0]


def test_an_order_of_the_first_release_is_in_euro(tmp_path: Path) -> None:
    with shop.open("sqlite://") as live:
        assert all(run(live, [c for c in commands(20, seed=1) if c.first_release]))
        stored = next(iter(live.store.read("order-00000")))
        assert (stored.schema_version, "currency" in stored.data) == (1, False)
        live.catch_up()
        assert live.table(Orders).get("order-00000")["currency"] == "EUR"


def test_every_text_of_an_event_is_shown_as_text(tmp_path: Path) -> None:
    with shop.open("sqlite://", lake=str(tmp_path)) as live, ef.context(actor="<img src=x onerror=alert(1)>"):
        for accepted in run(live, [c._replace(actor="<b>") for c in commands(60, seed=3)]):
            assert isinstance(accepted, bool)
        live.catch_up()
        assert (
            "<b>"
            not in page(report(live, 0, Middle(live.store.feed().start(), 0)), ["<script>"]).split(
                "<table>", 1
            )[1]
        )


def _everything(store: ef.Store) -> list[ef.RecordedEvent]:
    feed = store.feed()
    return list(feed.read(feed.start(), 100_000).events)
