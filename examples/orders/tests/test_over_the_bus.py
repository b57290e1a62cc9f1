"""The demo over the bus ends with the truth, and its judge sees what is lost, doubled, out of order or strange."""

import json
from decimal import Decimal
from email.message import EmailMessage
from pathlib import Path

import pytest

import eventfold as ef
from examples.orders import demo
from examples.orders.app import order_book
from examples.orders.domain import Item, Order
from examples.orders.overbus import places
from examples.orders.overbus.judge import Counts, Seen, count
from examples.orders.overbus.outcomes import KINDS, PARCEL, PAYMENT, SHIPMENT, SHIPPED, outcomes
from examples.orders.proof import everything

SENT = [Seen(f"{stream}-{version}", stream, version) for stream in "ab" for version in (1, 2, 3)]
A1, A2, A3, B1, B2, B3 = SENT


@pytest.mark.parametrize(
    ("arrived", "lost", "doubled", "disordered", "strange"),
    [
        (SENT, 0, 0, 0, 0),
        ([B1, A1, B2, A2, A3, B3], 0, 0, 0, 0),
        ([A1, A3, B1, B2, B3], 1, 0, 0, 0),
        ([A1, A2, A3, A2, B1, B2, B3], 0, 1, 0, 0),
        ([A1, A3, A2, B1, B2, B3], 0, 0, 1, 0),
        ([*SENT, Seen("c-1", "c", 1)], 0, 0, 0, 1),
        ([], 6, 0, 0, 0),
        ([A3, A2, A1, A1], 3, 1, 2, 0),
    ],
)
def test_the_judge_counts_what_is_wrong(
    arrived: list[Seen], lost: int, doubled: int, disordered: int, strange: int
) -> None:
    found = count(SENT, arrived)
    assert found == Counts(6, 6 - lost, doubled, disordered, strange)
    assert len(list(found.wrong("it"))) == sum(map(bool, (lost, doubled, disordered, strange)))


FIRST, SECOND = "order-00001", "order-00002"


def happened(tmp_path: Path) -> list[ef.RecordedEvent]:
    """A log in which two orders are paid; the first was shipped by a clerk, the second because it was paid."""
    price = Decimal("6.75")
    with order_book.open(f"sqlite:///{tmp_path}/log.db") as live:
        orders = live.repository(Order)
        for name in (FIRST, SECOND):
            orders.execute(name, Order.create, "c-1", [Item("mug", 1, price)])
            orders.execute(name, Order.confirm)
        orders.execute(FIRST, Order.ship, tracking_number="TR1")
        for name in (FIRST, SECOND):
            orders.execute(name, Order.pay, price, "EUR", f"payment-of-{name}")
            orders.execute(name, Order.ship_paid, tracking_number=f"PD{name[-5:]}")
        return everything(live.store.feed())


def mails(*orders: str) -> list[EmailMessage]:
    found = [EmailMessage() for _ in orders]
    for mail, order in zip(found, orders, strict=True):
        mail["To"] = f"{order}@buyers.shop.example"
    return found


def lines(file: Path, *orders: str) -> Path:
    file.write_text("".join(json.dumps({"subject": order}) + "\n" for order in orders))
    return file


def test_what_handlers_did_is_held_against_the_log(tmp_path: Path) -> None:
    events = happened(tmp_path)
    shipments, payments = lines(tmp_path / "s", FIRST, SECOND), lines(tmp_path / "p", FIRST, SECOND)
    good = outcomes(events, mails(SECOND, FIRST), shipments, payments)
    assert [*good] == [*KINDS]
    assert {what: found.sent for what, found in good.items()} == {
        PAYMENT: 2,
        SHIPPED: 1,
        PARCEL: 2,
        SHIPMENT: 2,
    }
    assert not [line for what, found in good.items() for line in found.wrong(what)]
    bad = outcomes(
        [event for event in events if event.type != "OrderPaid" or event.stream != SECOND],
        mails(SECOND, SECOND),
        lines(tmp_path / "s", FIRST, "order-00003"),
        payments,
    )
    assert [line for what, found in bad.items() for line in found.wrong(what)] == [
        f"{PAYMENT}: 1 of 2 were lost",
        f"{PARCEL}: 1 of 2 were lost",
        f"{PARCEL}: 1 arrived twice",
        f"{SHIPMENT}: 1 of 2 were lost",
        f"{SHIPMENT}: 1 arrived and was never sent",
    ]
    assert outcomes([], [], tmp_path / "none", lines(tmp_path / "p"))[SHIPMENT].sent == 0


def test_without_java_a_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "OUTPUT", tmp_path / "out")
    monkeypatch.setattr(places, "JARS", tmp_path / "jars")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert demo.main(["--bus", "kafka", "--orders", "1"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "needs a Java runtime" in said
    assert "Install Java 17 or newer and Maven" in said
