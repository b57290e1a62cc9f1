"""The app of bad input with a handler, whose target is given where it runs."""

import eventfold as ef
from tests.errors.bad_input_app import Order, Paid, Renamed


@ef.notify(Paid, to="hook", since="start")
def tell(event: Paid, message: ef.Message) -> dict[str, str]:
    return {"amount": str(event.amount)}


APP = ef.App("shop", aggregates=[Order], handlers=[tell], events=[Renamed])
