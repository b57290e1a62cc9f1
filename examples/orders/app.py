"""The shop: what the demo, the command line and the tests open."""

import eventfold as ef
from examples.orders.domain import Order
from examples.orders.handlers import HANDLERS
from examples.orders.tables import Orders

shop = ef.App("shop", aggregates=[Order], tables=[Orders], handlers=HANDLERS)
order_book = ef.App("shop", aggregates=[Order], tables=[Orders])
"""The tables alone, for a place from which nobody is told anything."""
