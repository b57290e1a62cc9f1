"""What the handlers had to do, by a plain loop over the log, and what of it arrived."""

import json
from collections.abc import Iterable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from eventfold import RecordedEvent
from examples.orders.overbus.judge import Counts, Seen, count
from examples.orders.overbus.shop import AUTOMATIC

PAYMENT, SHIPPED = "a payment pays its order", "an order that is paid is shipped"
PARCEL, SHIPMENT = "a mail: the parcel is on its way", "a message to the carrier"
KINDS = {PAYMENT: "consume", SHIPPED: "react", PARCEL: "notify", SHIPMENT: "publish"}
"""What is done, and the kind of the handler that does it."""


def outcomes(
    events: Iterable[RecordedEvent], mails: Iterable[EmailMessage], shipments: Path, payments: Path
) -> dict[str, Counts]:
    """What became of orders outside, by what was done.

    Args:
        events: of the log.
        mails: as they came.
        shipments: the file that the shop writes.
        payments: the file that it was given.
    """
    paid, by_itself, by_hand = list[str](), list[str](), list[str]()
    for event in events:
        if event.type == "OrderPaid":
            paid.append(event.stream)
        elif event.type == "OrderShipped":
            is_automatic = json.loads(event.data)["tracking_number"].startswith(AUTOMATIC)
            (by_itself if is_automatic else by_hand).append(event.stream)
    told = [str(mail["To"]).partition("@")[0] for mail in mails]
    sent = [str(line["subject"]) for line in _lines(shipments)]
    due = [str(line["subject"]) for line in _lines(payments)]
    shipped = [*by_hand, *by_itself]
    pairs = {
        PAYMENT: (due, paid),
        SHIPPED: (set(due).difference(by_hand), by_itself),
        PARCEL: (shipped, told),
        SHIPMENT: (shipped, sent),
    }
    return {what: count(map(_once, wanted), map(_once, found)) for what, (wanted, found) in pairs.items()}


def _once(order: str) -> Seen:
    """Of each there is one for an order, so that there is no order among them."""
    return Seen(order, order, 1)


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    if not file.exists():
        return  # nothing was sent
    with file.open("rb") as lines:
        yield from map(json.loads, lines)
