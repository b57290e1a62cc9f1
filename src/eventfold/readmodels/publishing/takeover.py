"""Taking a published table over from another engine, or from another state, in the middle of its life.

First an empty commit with the next epoch, which fences whoever had the table; then, in one commit of the state, the
rows, parked streams, skips and cursor of that version in the place of all that the state had. Between the two nobody
has the table: both refuse it, and the take-over is called again.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec import structs

from eventfold.errors import CursorLost, NotFound, StaleCursor, TableInvalid
from eventfold.feed.parking import Skip
from eventfold.feed.port import Feed
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.port import State, TableState, Taken
from eventfold.readmodels.publishing.ownership import is_anothers, is_ours
from eventfold.readmodels.publishing.publication import EMBEDDED, LakePublication, LeftOut, Version
from eventfold.readmodels.publishing.publisher import Publisher
from eventfold.readmodels.telling import parked_warnings
from eventfold.words import how_many

if TYPE_CHECKING:
    import pyarrow as pa

ATTEMPTS = 10


class TakenOver(msgspec.Struct, frozen=True, kw_only=True):
    """What a take-over did.

    Attributes:
        table: its name.
        engine: that had it before.
        epoch: under which it is kept now.
        generation: of the table.
        version: that says so; the newest one.
        rows: how many the table has.
        parked: how many streams wait.
        skipped: how many events people decided to leave out.
        done: whether there was anything to take over; not where it was kept there already.
        warnings: what a person should look at.
    """

    table: str
    engine: str
    epoch: int
    generation: int
    version: int
    rows: int
    parked: int
    skipped: int
    done: bool = True
    warnings: tuple[str, ...] = ()


def take_over(layout: Layout, state: State, publication: LakePublication, feed: Feed) -> TakenOver:
    """Makes a state the owner of a published table, with what that contains.

    Args:
        layout: of the table.
        state: which may be empty, or have rows of its own: they are replaced.
        publication: of the table.
        feed: of the log.

    Raises:
        NotFound: nothing is published, so there is nothing to take over.
        CursorLost: it is not known what the newest version contains or leaves out.
        LogMismatch: it was folded from another log, or the log no longer goes so far.
        TableInvalid: it was published under another definition.
        StaleCursor: whoever had it wrote at every attempt. Nothing was taken over.
        StorageError: call it again.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return _take_over(layout, state, publication, feed)
        except StaleCursor:  # one more commit of who had it, or of a worker of this state
            continue
    return _take_over(layout, state, publication, feed)


def hand_over(state: TableState, publication: LakePublication, feed: Feed, engine: str) -> TakenOver:
    """Gives a published table to an engine that has no state of its own: by the empty commit with the next epoch alone.

    What the state has and has not published yet is published before, decisions about parked streams too.

    Args:
        state: the live generation.
        publication: of the table.
        feed: of the log.
        engine: that gets it.

    Raises:
        NotFound: nothing is published.
        StaleCursor: somebody wrote at every attempt.
        CursorLost, LogMismatch, TableInvalid, StorageError: as the publisher raises them.
    """
    name = state.layout.spec.name
    for attempt in range(1, ATTEMPTS + 1):
        there = published(publication, name)
        before = there.stamp.engine
        if before == engine:
            return outcome(state, there, before, done=False)
        if not is_anothers(there.stamp, state.owned(publication.kind)):
            there = Publisher(state, publication, feed).publish() or there
        stamp = structs.replace(there.stamp, engine=engine, epoch=there.stamp.epoch + 1)
        try:
            return outcome(state, publication.claim(there, stamp), before)
        except StaleCursor:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def take_for_rebuild(state: TableState, publication: LakePublication, table: str) -> str:
    """Makes a state the owner of a published table that nobody can go on from; a rebuild then replaces its rows.

    What people decided to leave out comes with it, as far as it can be read.

    Returns:
        The engine that had it before; empty where nothing tells.
    """
    try:
        there = published(publication, table)
    except CursorLost:
        return ""  # a rebuild reclaims it
    ours = claim(state, publication, there)
    try:
        skips = publication.left_out(there.stamp).skips
    except CursorLost:
        skips = ()
    state.own(publication.kind, ours.stamp.epoch, skips)
    return there.stamp.engine


def claim(state: TableState, publication: LakePublication, there: Version) -> Version:
    """The empty commit with the next epoch: from here on nobody else may write to the table.

    Its change is the next one of the state, and what it contains is what the version contained before.

    Raises:
        StaleCursor: somebody has written since `there` was looked at.
    """
    epoch = max(there.stamp.epoch, state.owned(publication.kind)) + 1
    change = state.head().change + 1
    return publication.claim(there, structs.replace(there.stamp, engine=EMBEDDED, epoch=epoch, change=change))


def published(publication: LakePublication, table: str) -> Version:
    """The newest version.

    Raises:
        NotFound: there is none.
    """
    there = publication.head()
    if there is None:
        raise NotFound(
            f"The table {table} was never published here, so there is nothing to take over: `eventfold run` folds and"
            " publishes it. If it was published elsewhere, name that lake, --lake FOLDER.",
            table=table,
        )
    return there


def _take_over(layout: Layout, state: State, publication: LakePublication, feed: Feed) -> TakenOver:
    name = layout.spec.name
    there = published(publication, name)
    stamp = there.stamp
    live = state.live(layout, feed.start(), above=stamp.generation - 1)
    head = live.head()
    if is_ours(stamp, live.owned(publication.kind)) and stamp.change in live.noted(publication.kind):
        return outcome(live, there, stamp.engine, done=False)
    if stamp.fingerprint != layout.fingerprint:
        raise TableInvalid(
            f"The table {name} was published under another definition: take it over with that one first; or take"
            f" it over and fold it anew under the new one, `eventfold take-over {name} --rebuild`.",
            table=name,
        )
    feed.check(stamp.cursor)
    left_out = publication.left_out(stamp)
    rows = _rows(publication, there)
    ours = claim(live, publication, there)
    known = live.skips()
    taken = Taken(
        rows=rows,
        parked=left_out.parked,
        skips=left_out.skips,
        cursor=stamp.cursor,
        generation=stamp.generation,
        publication=publication.kind,
        epoch=ours.stamp.epoch,
    )
    made = state.replace(live, taken, at=head.change)
    return outcome(made, ours, stamp.engine, warnings=_forgotten(name, known, left_out))


def _rows(publication: LakePublication, there: Version) -> "pa.Table":
    """Those of the newest version: others may have put its files together and removed the old ones."""
    found = None
    if there.intact:
        newest = max([there.number, *publication.versions()])
        try:
            found = publication.rows(newest)
        except ValueError:  # columns of other types, or a null where none may be
            found = None
    if found is None:
        name = there.stamp.table
        why = "cannot be read here" if there.intact else "were changed by a program that leaves no stamp"
        raise CursorLost(
            f"The rows of the newest version of {name} {why}, so nobody can go on from them: fold the table anew when"
            f" it is taken over, `eventfold take-over {name} --rebuild`.",
            table=name,
        )
    return found


def _forgotten(name: str, known: Sequence[Skip], left_out: LeftOut) -> tuple[str, ...]:
    """A sentence where this state left events out that the published table has: somebody decided that."""
    kept = {(one.stream, one.version) for one in left_out.skips}
    gone = [f"{one.stream}@{one.version}" for one in known if (one.stream, one.version) not in kept]
    if not gone:
        return ()
    told = (
        f"{name}: {how_many(len(gone), 'skipped event')} of this state (first {gone[0]}) no longer"
        f" {'counts' if len(gone) == 1 else 'count'} as skipped: the published table was kept without that decision"
    )
    return (told,)


def outcome(
    state: TableState,
    now: Version,
    engine: str,
    *,
    done: bool = True,
    warnings: tuple[str, ...] = (),
) -> TakenOver:
    """What a take-over did.

    Args:
        state: the live generation.
        now: the newest version.
        engine: that had the table before.
        done: whether there was anything to take over.
        warnings: what a person should look at.
    """
    head = state.head()
    return TakenOver(
        table=now.stamp.table,
        engine=engine,
        epoch=now.stamp.epoch,
        generation=head.generation,
        version=now.number,
        rows=state.count(),
        parked=head.parked,
        skipped=len(state.skips()),
        done=done,
        warnings=(*parked_warnings({now.stamp.table: head.parked}), *warnings),
    )
