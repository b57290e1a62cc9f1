"""One line of the catalogue as a test: a call of the library, a command line, and the code that both answer."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import eventfold as ef
from eventfold.events.accepting import accept
from eventfold.feed.cursor import Mark
from eventfold.testing.making import make
from tests.errors.bad_input_app import APP, Order, Paid

STREAM = "order-1"
ID = "01890a5d-ac96-774b-bcce-b302099a8057"
BIG = "x" * (901 * 1024)
BIG_MANY = "x" * (200 * 1024)
Call = Callable[[ef.Store], object]
Made = Callable[[ef.Store], str]


class Case(NamedTuple):
    """One input through one or both doors.

    Attributes:
        line: of the catalogue.
        name: what is wrong.
        code: of the answer.
        call: through the library.
        shell: arguments of the command line; a function makes one from the log.
        stdin: what the command reads.
        bare: without the app.
        only: the one store that it concerns.
    """

    line: int
    name: str
    code: str
    call: Call | None
    shell: tuple[str | Made, ...] = ()
    stdin: str | bytes = b""
    bare: bool = False
    only: str = ""


def append(*events: ef.NewEvent, stream: str = STREAM, expected: Any = ef.ANY) -> Call:
    return lambda store: store.append(stream, list(events), expected=expected)


def encode(**fields: Any) -> Call:
    return lambda store: store.append(STREAM, [APP.registry.encode(Paid(**fields))], expected=ef.ANY)


def decode(data: str, event_type: str = "Paid", version: int = 1) -> Call:
    return lambda _store: APP.registry.decode(ef.NewEvent(ef.new_id(), event_type, version, data))


def text(source: str | bytes, event_type: str = "Paid") -> Call:
    return lambda store: store.append(STREAM, [accept(APP.registry, event_type, source)], expected=ef.ANY)


def reused(store: ef.Store) -> object:
    first = next(iter(store.read("order-0")))
    return store.append("order-0", [make(9, event_id=first.id)], expected=ef.ANY)


def twice(store: ef.Store) -> object:
    event = make(1)
    return store.append(STREAM, [event, event], expected=ef.ANY)


def foreign(store: ef.Store) -> ef.Cursor:
    return ef.Cursor("another-log", store.feed().end().marks)


def beyond(store: ef.Store) -> ef.Cursor:
    end = store.feed().end()
    return ef.Cursor(end.log, {name: Mark(mark.position + 99, "0" * 32) for name, mark in end.marks.items()})


def first_id(store: ef.Store) -> str:
    return str(next(iter(store.read("order-0"))).id)


def with_context(**keys: Any) -> Call:
    def call(store: ef.Store) -> None:
        with ef.context(**keys):
            ef.Repository(store, APP.registry, Order).execute(STREAM, Order.pay, Decimal(1))

    return call


def orders(call: Callable[[ef.Repository[Order]], object]) -> Call:
    return lambda store: call(ef.Repository(store, APP.registry, Order))


def line(**keys: Any) -> str:
    return json.dumps({"eventType": "Paid", "data": {"amount": "1"}, **keys}) + "\n"


def paid(data: str) -> tuple[str, ...]:
    return ("append", STREAM, "Paid", data)


STDIN = paid("-")
LINES = ("append", STREAM, "--events", "-")
