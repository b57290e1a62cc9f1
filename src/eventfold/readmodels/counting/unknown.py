"""Events that a table would miss: of a type that the app does not know, in the streams that the table looks at."""

from collections.abc import Iterable, Sequence

import msgspec

_NAMED = 5


class Sought(msgspec.Struct, frozen=True):
    """Where a table would miss events, and of which types it cannot.

    Attributes:
        categories: the categories of its streams.
        beside: stored names; where events of these stand is a category of its streams as well.
        known: the stored names that the app knows, or says that it ignores.
    """

    categories: frozenset[str]
    beside: frozenset[str]
    known: frozenset[str]


class UnknownType(msgspec.Struct, frozen=True, kw_only=True):
    """A type that the app does not know, in the streams of a table.

    Attributes:
        table: the name of the table.
        type: the stored name.
        events: how many there are.
    """

    table: str
    type: str
    events: int


UNCOUNTED = (
    "What the tables passed before is not counted by type yet, so whether this app knows all types is not known:"
    " `eventfold verify` or `eventfold rebuild` counts it, and on SQLite `eventfold run --once` too."
)


def told(unknown: Sequence[UnknownType] | None) -> list[str]:
    """A sentence for each table: what it misses and what to do; None = it is not known."""
    if unknown is None:
        return [UNCOUNTED]
    return [_sentence(table, [u for u in unknown if u.table == table]) for table in _tables(unknown)]


def _tables(unknown: Iterable[UnknownType]) -> list[str]:
    return list(dict.fromkeys(one.table for one in unknown))


def _sentence(table: str, unknown: Sequence[UnknownType]) -> str:
    most = sorted(unknown, key=lambda one: (-one.events, one.type))
    named = ", ".join(f"{one.type!r} ({one.events:,})" for one in most[:_NAMED])
    more = f" and {len(most) - _NAMED:,} more types" if len(most) > _NAMED else ""
    count = sum(one.events for one in unknown)
    events = "1 event" if count == 1 else f"{count:,} events"
    return (
        f"{table}: its streams hold {events} of types that this app does not know: {named}{more}. Register the class,"
        f" give a class that was renamed its old name=, or declare the type in App(ignored=[...]); then `eventfold"
        f" rebuild {table}`."
    )
