"""Rows on their way into a log: as events that may be written, or as places where a refused one is missing."""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from eventfold import limits
from eventfold.errors import EventfoldError
from eventfold.events.envelope import NewEvent
from eventfold.events.ids import new_id
from eventfold.imports.files.rows import bare


class Unclear(msgspec.Struct):
    """Several cells that name an entity, of which others could give the same name; all rows with these cells share it.

    Attributes:
        refusal: why no event is written under that name;
        proven: but where an earlier release wrote some under it, for the same cells, others follow them.
    """

    refusal: EventfoldError
    proven: bool = False


class Wrong(msgspec.Struct):
    """What is wrong with a row, whatever the number of entities that it names.

    Attributes:
        error: why it is refused.
        told: the report says so.
    """

    error: EventfoldError
    told: bool = False

    def __post_init__(self) -> None:
        bare(self.error)


class Prepared(msgspec.Struct, gc=False):
    """A row as an event that may be written; or, where it is refused, the place in a stream where that is missing.

    Attributes:
        line: of the row.
        stream: its stream.
        event: the event; of a refused row no more than its id and, where it can be read, its time.
        unclear: what speaks against the name of the stream.
        wrong: why the row is refused, unless its event is stored already.
        former: the row as earlier releases made its id of it; empty where the log cannot hold such ids.
        repeat: how many rows before it are equal in that form.
        content: of a row that is named by columns: the id that it would have without them.
        earlier: of a row whose numbers were written otherwise: the id that was made of it before they had one text.
        fixed: the id is the event's own, not made of the row.
        reread: earlier releases read the row otherwise, so that an event of theirs may say less.
    """

    line: int
    stream: str
    event: NewEvent
    unclear: Unclear | None = None
    wrong: Wrong | None = None
    former: str = ""
    repeat: int = 0
    content: UUID | None = None
    earlier: UUID | None = None
    fixed: bool = False
    reread: bool = False


def missing(line: int, stream: str, wrong: Wrong, us: int | None = limits.INT_MIN) -> Prepared:
    """The place of a row that cannot be read well enough to have an id.

    Args:
        line: of the row.
        stream: one that it names.
        wrong: what is wrong with it.
        us: when it happened, None = it does not say; the least where that cannot be read: it may belong anywhere.
    """
    return Prepared(line, stream, NewEvent(new_id(), "", 1, "{}", occurred_us=us), wrong=wrong)


def by_time(rows: Iterable[Prepared]) -> list[Prepared]:
    """All rows by time; one without a time stays with the row of its stream before it."""
    last: dict[str, int] = {}
    timed = []
    for row in rows:
        us = row.event.occurred_us
        us = last.get(row.stream, limits.INT_MIN) if us is None else us
        if us > limits.INT_MIN:
            last[row.stream] = us
        timed.append((us, row))
    timed.sort(key=lambda pair: pair[0])
    return [row for _, row in timed]
