"""The shop as it runs over the bus, with one handler of each kind, in a chain: who has paid gets a parcel, and is told.

payment (consume) -> order paid -> order shipped (react) -> mail (notify) and message to the carrier (publish)
"""

import eventfold as ef
from examples.orders.domain import Order, OrderPaid
from examples.orders.handlers import parcel_sent, payment_captured, shipment_started
from examples.orders.tables import Orders

AUTOMATIC = "PD"
"""What the tracking numbers begin with that the reaction gives."""


@ef.react(OrderPaid)
def paid_order_ships(event: OrderPaid, message: ef.Message) -> ef.Command:
    return ef.Command(message.stream, Order.ship_paid, tracking_number=f"{AUTOMATIC}{message.stream[-5:]}")


HANDLERS = [payment_captured, paid_order_ships, parcel_sent, shipment_started]
shop = ef.App("shop", aggregates=[Order], tables=[Orders], handlers=HANDLERS)
