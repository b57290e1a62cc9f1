"""The table of orders: one row an order, kept from its events."""

from eventfold.readmodels import columns as ef
from eventfold.readmodels.table import Table
from eventfold.readmodels.values import field, recorded_at
from examples.orders.domain import (
    ItemAdded,
    ItemRemoved,
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderReturned,
    OrderShipped,
)


class Orders(Table, category="order"):
    order_id = ef.key()
    customer_id = ef.first(OrderCreated.customer_id)
    currency = ef.first(OrderCreated.currency)
    status = ef.last(
        {
            OrderCreated: "Created",
            OrderConfirmed: "Confirmed",
            OrderShipped: "Shipped",
            OrderCancelled: "Cancelled",
            OrderReturned: "Returned",
        }
    )
    total_amount = ef.sum(
        field(OrderCreated, "total_amount"),
        field(ItemAdded, "amount"),
        field(ItemRemoved, "amount"),
        "decimal(18,2)",
    )
    events = ef.count()
    created_at = ef.first(recorded_at)
    updated_at = ef.last(recorded_at)
