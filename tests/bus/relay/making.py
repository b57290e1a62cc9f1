"""Events for topics."""

from collections.abc import Sequence
from itertools import count

from eventfold.events.envelope import NewEvent
from eventfold.events.ids import new_id
from eventfold.store.port import ANY, Store

_numbers = count()


def new_events(number: int) -> Sequence[NewEvent]:
    """So many, each unlike any other."""
    return [
        NewEvent(id=new_id(), type="Noted", schema_version=1, data=f'{{"n":{next(_numbers)}}}')
        for _ in range(number)
    ]


def fill(store: Store, events: int, streams: int = 20) -> None:
    """Appends events to streams in turn."""
    for n in range(0, events, 5):
        store.append(f"box-{(n // 5) % streams}", new_events(min(5, events - n)), expected=ANY)
