"""Rows that were replaced and are kept, until the next apply of their table."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from eventfold.events.envelope import from_us
from eventfold.readmodels.generations import Generation, Generations


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that were replaced, and are kept for a rollback.

    Attributes:
        table: its name then.
        generation: their number.
        since: when they were replaced.
        bytes: what they take.
    """

    table: str
    generation: int
    since: datetime
    bytes: int


def kept(state: Generations, tables: Iterable[str] | None = None) -> list[Kept]:
    """What a state keeps.

    Args:
        state: that keeps it.
        tables: names; None = all.
    """
    chosen = None if tables is None else frozenset(tables)
    return [
        _kept(state, one)
        for one in state.generations()
        if one.kept_us and (chosen is None or one.table in chosen)
    ]


def live(state: Generations) -> dict[str, Generation]:
    """What is live in a state, by the name of its table."""
    return {one.table: one for one in state.generations() if not one.kept_us}


def _kept(state: Generations, one: Generation) -> Kept:
    return Kept(table=one.table, generation=one.number, since=from_us(one.kept_us), bytes=state.size(one))
