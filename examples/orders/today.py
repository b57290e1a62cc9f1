"""Four more days of the shop, on which others are told, and tell: mails, shipments, payments, and what if none come.

Nobody is told of the orders before them: handlers begin where the log ends when they are first seen.
"""

import json
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

import eventfold as ef
from eventfold.app.live import Live
from eventfold.imports.publicevents import take_file
from examples.orders.domain import Item, Order
from examples.orders.handlers import payment_captured
from examples.orders.postoffice import PostOffice
from examples.orders.workload import DAYS, FIRST_DAY, GOODS

TODAY = FIRST_DAY + timedelta(days=DAYS)
ORDERS, PAID, PAID_LATER = 24, 16, 3


class Letter(msgspec.Struct, frozen=True):
    """A mail as it came."""

    to: str
    subject: str
    text: str


class Told(msgspec.Struct, frozen=True):
    """What others were told on these days, and what they told."""

    parcels: list[Letter]
    reminders: list[Letter]
    shipments: list[dict[str, Any]]
    paid: int
    waiting: list[str]
    given_up: list[str]


def sell(live: Live, office: PostOffice, folder: Path, first: int) -> Told:
    """Sells, and lets the handlers of the shop do what is to be done.

    Args:
        live: the shop, with its targets.
        office: where its mails arrive.
        folder: that has its shipments, and gets the payments.
        first: the number of the first order.
    """
    names = [f"order-{first + n:05d}" for n in range(ORDERS)]
    dice = random.Random(first)
    with ef.context(actor="ada", occurred_at=TODAY):
        for name in names:
            goods = [Item(sku, 1, Decimal(GOODS[sku])) for sku in dice.sample(sorted(GOODS), 2)]
            live.repository(Order).execute(name, Order.create, f"customer-{dice.randrange(900):03d}", goods)
            live.repository(Order).execute(name, Order.confirm)
    began = datetime.now(UTC)
    prompt, short, late = names[:PAID], names[PAID], names[PAID + 1 :][:PAID_LATER]
    pay(live, folder / "payments-1.jsonl", prompt, short=short)
    ship(live, prompt)
    live.handle(at=began + timedelta(hours=25))
    pay(live, folder / "payments-2.jsonl", late)
    ship(live, late)
    live.handle(at=began + timedelta(days=4))
    live.catch_up()
    # orders are handled side by side: which of two is first differs from run to run
    mails = sorted((_letter(mail) for mail in office.mails), key=lambda mail: mail.to)
    lines = (folder / "shipments.jsonl").read_text("utf-8").splitlines()
    shipments = sorted((json.loads(line) for line in lines), key=lambda one: str(one["subject"]))
    orders = {name: live.repository(Order).load(name).state() for name in names}
    return Told(
        parcels=[mail for mail in mails if "on its way" in mail.subject],
        reminders=[mail for mail in mails if "Please pay" in mail.subject],
        shipments=shipments,
        paid=sum(bool(order["payment_id"]) for order in orders.values()),
        waiting=[one.parked.message for one in live.handler(payment_captured).parked().values()],
        given_up=[name for name, order in orders.items() if order["status"] == "Cancelled"],
    )


def pay(live: Live, file: Path, names: Iterable[str], *, short: str = "") -> None:
    """The payment service says in a file who has paid, and who paid too little; the shop reads it."""
    lines = [_payment(live, name, Decimal(0)) for name in names]
    lines += [_payment(live, short, Decimal("1.00"))] if short else []
    file.write_text("\n".join(lines) + "\n", "utf-8")
    take_file(live.store, "payments", file)
    live.handle()


def ship(live: Live, names: Iterable[str]) -> None:
    """Sends the parcels of orders that are paid."""
    with ef.context(actor="linus", occurred_at=TODAY + timedelta(hours=4)):
        for name in names:
            live.repository(Order).execute(name, Order.ship, tracking_number=f"TR{name[-5:]}")
    live.handle()


def _payment(live: Live, name: str, missing: Decimal) -> str:
    order = live.repository(Order).load(name)
    return payment(name, order.total_amount - missing, order.currency)


def payment(name: str, amount: Decimal, currency: str) -> str:
    """What the payment service says of an order: a line of its file."""
    data = {"order_id": name, "payment_id": f"payment-of-{name}", "amount": str(amount), "currency": currency}
    return json.dumps(
        {
            "specversion": "1.0",
            "id": f"captured-{name}",
            "source": "https://payments.example",
            "type": "com.example.payment.captured",
            "subject": name,
            "data": data,
        }
    )


def _letter(mail: Any) -> Letter:
    return Letter(str(mail["To"]), str(mail["Subject"]), mail.get_content().strip())
