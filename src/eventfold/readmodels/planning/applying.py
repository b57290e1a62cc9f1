"""What an apply did, and what a rollback did."""

import msgspec

from eventfold.readmodels.planning.report import Change


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What an apply did with one table.

    Attributes:
        table: its name.
        change: what was to be done: new, changed, renamed, removed or unchanged.
        generation: the one that is live now; 0 of a table that was removed.
        events: how many were folded.
        rows: how many it has.
        parked: how many streams are parked.
        warnings: what a person should look at.
    """

    table: str
    change: Change
    generation: int = 0
    events: int = 0
    rows: int = 0
    parked: int = 0
    warnings: tuple[str, ...] = ()


class RolledBack(msgspec.Struct, frozen=True, kw_only=True):
    """What a rollback made live.

    Attributes:
        table: its name.
        generation: the number that the old rows have now.
        rows: how many there are.
        lag: the events that they have yet to fold; None where that cannot be counted.
    """

    table: str
    generation: int
    rows: int
    lag: int | None
