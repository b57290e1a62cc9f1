"""Published moments: a table as it was, written once under a name of its own, for readers that know no time travel."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from eventfold.errors import Conflict, StorageFailed
from eventfold.readmodels.asking.asof import AsOf, Clock
from eventfold.readmodels.publishing.moments import Kept, MomentPlace, MomentStamp
from eventfold.readmodels.telling import as_of, place

if TYPE_CHECKING:
    import pyarrow as pa


class PublishedMoment(msgspec.Struct, frozen=True):
    """A table that was published as it was.

    Attributes:
        table: its name.
        name: that it was published under.
        time: the moment.
        clock: which time that means.
        rows: how many.
        written: now; False where the same stood there already.
        parked: how many streams are left out.
        notes: what a person should know of the answer, each as a sentence.
    """

    table: str
    name: str
    time: datetime
    clock: Clock
    rows: int
    written: bool
    parked: int = 0
    notes: Sequence[str] = ()


def publish_moment(found: AsOf, name: str, kept_at: MomentPlace) -> PublishedMoment:
    """Publishes a table as it was; where the same stands there already, nothing is written.

    Args:
        found: the table at a time.
        name: that it is published under.
        kept_at: the place of that name.

    Raises:
        Conflict: something else stands there.
        StorageError: it cannot be written.
    """
    assert found.time is not None
    spec = found.layout.spec
    stamp = MomentStamp(
        log=found.cursor.log,
        table=spec.name,
        fingerprint=spec.fingerprint,
        time=found.time,
        clock=found.clock,
        cursor=found.cursor,
        parked_count=len(found.parked),
    )
    rows = found.frame()
    written = kept_at.kept() is None and kept_at.keep(rows, stamp)
    if not written:
        kept = kept_at.kept()
        if kept is None:
            raise StorageFailed(f"{name} was there and has gone in the same moment: repeat.")
        _check_same(name, kept, stamp, rows)
    return PublishedMoment(
        table=spec.name,
        name=name,
        time=stamp.time,
        clock=stamp.clock,
        rows=rows.num_rows,
        written=written,
        parked=stamp.parked_count,
        notes=found.notes,
    )


def _check_same(name: str, kept: Kept, stamp: MomentStamp, rows: "pa.Table") -> None:
    was = kept.stamp
    if was is None:
        what = "and is no published moment"
    elif (was.log, was.table) != (stamp.log, stamp.table):
        what = f"and is of the table {was.table} of the log {was.log}"
    elif (was.time, was.clock) != (stamp.time, stamp.clock):
        what = f"and is {was.table} {as_of(was.time, was.clock)}"
    elif was.fingerprint != stamp.fingerprint:
        what = f"and was written by another definition of {was.table}"
    elif kept.rows is None or not _equal(kept.rows, rows):
        what = f"and has other rows: it is what was known {place(was.cursor)}, or somebody changed it"
    else:
        return
    raise Conflict(
        f"{name} is there already, {what}. Nothing was written: choose another name, --as NAME (in Python name=...), or"
        " move the folder out of the lake.",
        name=name,
    )


def _equal(kept: "pa.Table", rows: "pa.Table") -> bool:
    # a reader of files names the items of lists, and tells what may be null, in its own way
    return kept.column_names == rows.column_names and bool(kept.to_pylist() == rows.to_pylist())
