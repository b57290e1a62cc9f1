"""The table of orders: one row an order, kept from its events."""

import eventfold as ef
from examples.orders.domain import (
    ItemAdded,
    ItemRemoved,
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderReturned,
    OrderShipped,
)


class Orders(ef.Table, category="order"):
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
        ef.field(OrderCreated, "total_amount"),
        ef.field(ItemAdded, "amount"),
        ef.field(ItemRemoved, "amount"),
        "decimal(18,2)",
    )
    tracking_number = ef.last(OrderShipped.tracking_number)
    events = ef.count()
    ordered_at = ef.first(ef.occurred_at, on=[OrderCreated])
    changed_at = ef.last(ef.occurred_at)
    changed_by = ef.last(ef.actor)

    daily_revenue = ef.view(
        day=ef.row.ordered_at.day(),
        orders=ef.count(),
        revenue=ef.row.total_amount.sum(),
        where=ef.row.status != "Cancelled",
    )
    by_status = ef.view(status=ef.row.status, orders=ef.count(), amount=ef.row.total_amount.sum())

    search = ef.search(
        text=[order_id, customer_id, tracking_number],
        facets=[status, currency, changed_by],
        sort=[total_amount, ordered_at],
    )
