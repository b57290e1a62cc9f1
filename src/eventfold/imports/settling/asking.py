"""Looking for a question before the first row is written: does a row equal one of another log?

Batches that the log knows whole are settled as they come. From the first one with a new row on, the rest of the file is
looked through before anything is written. Some of it is kept meanwhile; where there is more, the file is read again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from eventfold.errors import EventTooLarge, RowInvalid
from eventfold.imports.settling.knowing import Knowing, Sorted
from eventfold.imports.settling.prepared import Prepared

KEPT_ROWS = 50_000
KEPT_CHARS = 32 * 1024 * 1024
"""Of the data of what is kept, about."""


class Batch(NamedTuple):
    """Some rows of a file.

    Attributes:
        rows: in their order.
        read: the bytes of the file that were read by then.
        looked_up: what is known of them, where they were looked up just now.
    """

    rows: Sequence[Prepared]
    read: int
    looked_up: Sorted | None = None


def asked_first(
    batches: Iterable[Batch], again: Callable[[], Iterator[Batch]], knowing: Knowing
) -> Iterator[Batch]:
    """The batches; before the first of them that has a new row is given, all the others were looked at.

    Args:
        batches: of the file.
        again: reads it once more, from its beginning.
        knowing: looks rows up.

    Raises:
        Refused: a row equals one of another log, and nobody said what such rows are.
        RowInvalid, EventTooLarge: the file is damaged; the batches before that were given.
    """
    given = 0
    kept: list[Batch] = []
    rows = chars = 0
    whole = True
    fault: RowInvalid | EventTooLarge | None = None
    try:
        for batch in batches:
            found = knowing.sort(batch.rows)
            if not found.new and not kept:
                given += 1
                yield batch._replace(looked_up=found)
                continue
            rows += len(batch.rows)
            chars += sum(len(row.event.data) + len(row.event.metadata) for row in batch.rows)
            whole = whole and (not kept or (rows <= KEPT_ROWS and chars <= KEPT_CHARS))
            if whole:
                kept.append(batch)
    except (RowInvalid, EventTooLarge) as error:
        fault = error
    if kept:
        knowing.decide()
    yield from kept
    if not whole:
        yield from islice(again(), given + len(kept), None)
    elif fault is not None:
        raise fault
