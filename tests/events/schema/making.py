"""Event types made on the spot, and what the gate says when the first of them becomes the second."""

import types
from typing import Any

import eventfold as ef
from eventfold.events.schema.accepting import accept
from eventfold.events.schema.finding import Finding
from eventfold.events.schema.gate import judge
from eventfold.events.schema.program import Program
from eventfold.events.schema.recorded import Category, Recorded, parse, render

Fields = dict[str, Any]


def event(fields: Fields, *, cls: str = "Placed", **options: Any) -> type[ef.Event]:
    """An event type; a field is a type, or a pair of a type and a default."""
    pairs = {
        n: f if isinstance(f, tuple) and len(f) == 2 and not isinstance(f[0], str) else (f,)
        for n, f in fields.items()
    }
    body = {"__annotations__": {n: pair[0] for n, pair in pairs.items()}}
    body |= {n: pair[1] for n, pair in pairs.items() if len(pair) == 2}
    return types.new_class(cls, (ef.Event,), options, lambda namespace: namespace.update(body))


def program(
    *events: type[ef.Event],
    untyped: bool = False,
    categories: dict[str, Category] | None = None,
    tables: tuple[str, ...] = (),
    ignored: tuple[str, ...] = (),
) -> Program:
    return Program("shop", ef.Registry(events, untyped=untyped), categories or {}, tables, ignored)


def recorded(first: Program) -> Recorded:
    """What the file says about a program, as it is read from disk."""
    return parse(render(accept(Recorded(app="shop"), first)))


def findings(old: Program | Fields, new: Program | Fields) -> list[Finding]:
    first = program(event(old)) if isinstance(old, dict) else old
    second = program(event(new)) if isinstance(new, dict) else new
    return judge(recorded(first), second)


def told(old: Program | Fields, new: Program | Fields) -> list[tuple[str, str, str]]:
    return [(f.level, f.kind, f.where) for f in findings(old, new)]
