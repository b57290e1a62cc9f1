"""The demo's page stands alone, and its proof finds what is wrong."""

import io
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

import eventfold as ef
from examples.orders import demo
from examples.orders.app import order_book, shop
from examples.orders.chart import revenue_by_day
from examples.orders.page import page
from examples.orders.postoffice import post_office
from examples.orders.proof import differences, plain_fold
from examples.orders.report import STATUSES, DayStatus, Middle, report
from examples.orders.tables import Orders
from examples.orders.terminal import show
from examples.orders.today import sell
from examples.orders.workload import commands, run

_SYSTEM_WORDS = re.compile(
    r"\b(event|fold|version|delta|lake|cursor|position|stream|log|row)s?\b", re.IGNORECASE
)


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


def test_headline_bars_and_every_other_sum_follow_one_rule_of_what_is_revenue(tmp_path: Path) -> None:
    with shop.open(f"sqlite:///{tmp_path}/shop.db", lake=str(tmp_path / "lake")) as live:
        accepted = list(run(live, commands(300, seed=1)))
        live.catch_up()
        found = report(live, accepted.count(False), Middle(live.store.feed().at_position(200), 200))
        rows = plain_fold(_everything(live.store)).values()
    text = page(found, [])
    kinds = {row["status"] for row in rows}
    assert kinds == set(STATUSES)  # there is something to leave out
    wanted: dict[str, Decimal] = {}
    for row in rows:
        if row["status"] not in {"Cancelled", "Returned"}:
            wanted[row["currency"]] = wanted.get(row["currency"], Decimal(0)) + row["total_amount"]
    assert set(wanted) == {"EUR", "CHF"}
    headline = re.findall(r"<b>([\d,.]+) ([A-Z]{3})</b><span>revenue", text)
    bars: dict[str, Decimal] = {}
    for amount, currency in re.findall(r"<title>[^<]*, ([\d,.]+) ([A-Z]{3})</title>", text):
        bars[currency] = bars.get(currency, Decimal(0)) + _number(amount)
    assert {currency: _number(amount) for amount, currency in headline} == bars == wanted
    assert found.moments[-1].revenue == wanted
    assert not re.search(r"<title>[^<]*(cancelled|returned)", text)


def test_a_bar_is_as_high_as_what_it_says(tmp_path: Path) -> None:
    day = date(2026, 3, 24)
    rows = [
        DayStatus(day, status, currency, 1, Decimal(worth))
        for status, currency, worth in (
            ("Shipped", "EUR", 300),
            ("Created", "EUR", 100),
            ("Cancelled", "EUR", 5_000),
            ("Returned", "EUR", 700),
            ("Shipped", "CHF", 9_000),
        )
    ]
    picture = revenue_by_day(rows, "EUR")
    heights = [float(height) for height in re.findall(r'<rect [^>]*height="([\d.]+)"', picture)]
    assert len(heights) == 2
    assert heights[0] == pytest.approx(3 * heights[1], rel=0.01)
    assert re.findall(r'text-anchor="end">([^<]+)</text>', picture) == [
        "0",
        "100",
        "200",
        "300",
        "400",
        "EUR",
    ]


def test_the_page_says_when_it_was_made_and_in_what_its_amounts_are(tmp_path: Path) -> None:
    with shop.open("sqlite://", lake=str(tmp_path)) as live:
        assert list(run(live, commands(60, seed=3)))
        live.catch_up()
        found = report(live, 0, Middle(live.store.feed().start(), 0))
    text = page(found, [])
    assert text.count(f"Made on {found.made_at:%d %B %Y at %H:%M} UTC") == 2
    amounts = re.findall(r"\d,?\d*\.\d\d\b(?!\s?(?:EUR|CHF))", _without_why(text))
    assert amounts == []


def _without_why(text: str) -> str:
    """The page without style and pictures, up to `why`, where the currency is a column of its own."""
    shown = text[text.index("</style>") : text.index("<h2>Why")]
    return re.sub(r"<[^>]*>", " ", re.sub(r"<text[^>]*>[^<]*</text>", " ", shown))


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


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


@pytest.mark.slow
def test_the_days_on_which_others_are_told_are_the_same_in_every_run_and_the_proof_holds_them_too(
    tmp_path: Path,
) -> None:
    url, lake = f"sqlite:///{tmp_path}/shop.db", str(tmp_path / "lake")
    with order_book.open(url) as live:
        assert list(run(live, commands(60, seed=3)))
    shipments = (tmp_path / "shipments.jsonl").as_uri()
    with (
        post_office(tmp_path / "mails") as office,
        shop.open(url, lake=lake, targets={"mail": office.url, "shipments": shipments}) as live,
    ):
        told = sell(live, office, tmp_path, 60)
        found = report(live, 0, Middle(live.store.feed().at_position(100), 100), told)
        rows = live.table(Orders).at(cursor=live.store.feed().end()).rows()
        events = list(_everything(live.store))
    numbers = [f"order-{n:05d}" for n in range(60, 84)]
    paid = numbers[:16] + numbers[17:20]
    assert [mail.to for mail in told.parcels] == [f"{name}@buyers.shop.example" for name in paid]
    assert [one["subject"] for one in told.shipments] == paid
    assert [mail.to.partition("@")[0] for mail in told.reminders] == numbers[16:]
    assert told.given_up == [numbers[16], *numbers[20:]]
    assert told.paid == len(paid)
    assert [re.sub(r"[\d.]+ EUR", "# EUR", message) for message in told.waiting] == [
        "order-00076 costs # EUR, and payment-of-order-00076 is # EUR."
    ]
    assert len(list((tmp_path / "mails").iterdir())) == len(paid) + 8
    assert differences(plain_fold(events), rows) == []
    text = page(found, [])
    assert "to order-00060@buyers.shop.example" in text
    assert "Waits for a person: order-00076 costs" in text
    console = Console(width=80, record=True, file=io.StringIO())
    show(console, found)
    assert "Who was told on four more days, and who told the shop" in console.export_text()
    for_people = re.sub(r"<style>.*?</style>|<footer>.*?</footer>", "", text, flags=re.DOTALL)
    assert not _SYSTEM_WORDS.search(re.sub(r"<[^>]*>", " ", for_people))


def _everything(store: ef.Store) -> list[ef.RecordedEvent]:
    feed = store.feed()
    return list(feed.read(feed.start(), 100_000).events)


def test_the_page_speaks_of_a_shop_and_what_is_wide_scrolls_in_a_box_of_its_own(tmp_path: Path) -> None:
    with shop.open("sqlite://", lake=str(tmp_path)) as live:
        assert list(run(live, commands(60, seed=3)))
        live.catch_up()
        text = page(report(live, 0, Middle(live.store.feed().at_position(100), 100)), [])
    for_people = re.sub(r"<style>.*?</style>|<footer>.*?</footer>", "", text, flags=re.DOTALL)
    assert not _SYSTEM_WORDS.search(re.sub(r"<[^>]*>", " ", for_people))
    wide = re.findall(r"<(?:svg|table)\b", text)
    assert len(wide) == 4
    assert len(re.findall(r'<div class="scroll" tabindex="0"[^>]*><(?:svg|table)\b', text)) == len(wide)
    assert re.search(r"\.scroll \{ overflow-x: auto", text)


def test_the_scriptsfor_sql_users_lie_beside_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "OUTPUT", tmp_path)
    folder = demo.for_sql_users()
    assert sorted(path.name for path in folder.iterdir()) == [
        "1-database.sql",
        "2-views.sql",
        "3-readers.sql",
    ]
    assert "VIEW [dbo].[daily_revenue] AS" in (folder / "2-views.sql").read_text("utf-8")


def test_the_terminal_speaks_of_the_same_shop_in_eighty_columns(tmp_path: Path) -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    with shop.open("sqlite://", lake=str(tmp_path)) as live:
        assert list(run(live, commands(60, seed=3)))
        live.catch_up()
        found = report(live, 0, Middle(live.store.feed().at_position(100), 100))
    show(console, found)
    text = console.export_text()
    assert f"The life of {found.order}" in text
    assert "Item added" in text
    assert "worked out" in text
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    assert not re.search(r"\b(event|version|fold|log)s?\b", text)
