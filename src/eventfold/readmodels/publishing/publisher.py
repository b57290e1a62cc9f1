"""Publishes a table's state: what changed since the last published change, or everything where that cannot be told.

What a publication contains is decided by its stamp alone, and whose it is by the engine and epoch in it. The state
notes, before and after each write, the change it publishes: only where stamp and note agree do both speak of one
history, and a merge of the difference is right.
"""

import logging
from contextlib import suppress

from eventfold.errors import (
    CheckpointBeyondHead,
    CursorLost,
    FeedRebased,
    ForeignCursor,
    OwnerFenced,
    StaleCursor,
    StorageFailed,
    TableInvalid,
)
from eventfold.feed.port import Feed
from eventfold.readmodels.folding.projector import check_definition
from eventfold.readmodels.port import Batches, Head, TableState
from eventfold.readmodels.publishing.ownership import check_owner, is_ours
from eventfold.readmodels.publishing.publication import LeftOut, Publication, Stamp, Version, stamp_of
from eventfold.readmodels.telling import rebuilding

_log = logging.getLogger("eventfold.publisher")
ATTEMPTS = 3
KEEP_SECONDS = 7 * 86_400.0
"""How long marks of deletions are kept for a publication that does not come, where nothing else is said."""


class Publisher:
    """Keeps one publication of one table up to date.

    Args:
        state: what is published.
        publication: where it goes.
        feed: compares cursors.
        keep: seconds for which the state keeps marks of deletions for another publication that does not come; one that
            comes later gets all rows anew.
    """

    def __init__(
        self, state: TableState, publication: Publication, feed: Feed, *, keep: float = KEEP_SECONDS
    ) -> None:
        self._state = state
        self._publication = publication
        self._feed = feed
        self._keep = keep
        self._name = state.layout.spec.name
        self._epoch = 0

    def publish(self, *, reclaim: bool = False, complete: bool = False) -> Version | None:
        """Publishes what is new in one version; None where nothing is.

        Args:
            reclaim: replaces a table of this log that has lost its stamps; for a rebuild, which knows every row.
            complete: looks whether all files of the published rows are there, and publishes all rows where one is gone.

        Raises:
            EngineFenced: another engine, or another state, has taken the table over.
            OwnerFenced: the publication holds a later generation than this state.
            StaleCursor: other publishers were quicker at every attempt; nothing was written.
            CursorLost, ForeignCursor: what is published there is not ours to change.
            TableInvalid: the rows were folded under another definition.
        """
        for _ in range(ATTEMPTS - 1):
            # somebody wrote to the published table in the same moment: look again
            with suppress(StaleCursor):
                return self._publish(reclaim=reclaim, complete=complete)
        return self._publish(reclaim=reclaim, complete=complete)

    def _publish(self, *, reclaim: bool, complete: bool) -> Version | None:
        there = self._head(reclaim=reclaim)
        self._epoch = self._state.owned(self._publication.kind)
        head = self._state.head()
        check_definition(self._state.layout, head)
        if there is None:
            return self._overwrite(None)
        check_owner(there.stamp, self._epoch)
        if there.stamp.generation > head.generation:
            raise OwnerFenced(
                f"{self._name}: generation {there.stamp.generation} is published, but this state is at"
                f" {head.generation}: it is an older copy. Rebuild the table: {rebuilding(self._name)}.",
                table=self._name,
            )
        if self._same_history(there, head):
            return (
                self._made_anew(there) if complete and self._lacks_files(there) else self._merge(there, head)
            )
        if self._feed.compare(head.cursor, there.stamp.cursor) not in {"equal", "after"} and not (
            there.stamp.generation < head.generation and self._is_of_another_log(there)
        ):
            return None  # the published rows are ahead: they stay until the state has caught up with them
        return self._overwrite(there)

    def _is_of_another_log(self, there: Version) -> bool:
        """Whether the log no longer has what was published: it was restored, and then folded anew."""
        try:
            self._feed.check(there.stamp.cursor)
        except (CheckpointBeyondHead, ForeignCursor, FeedRebased):
            return True
        return False

    def _head(self, *, reclaim: bool) -> Version | None:
        try:
            return self._publication.head()
        except CursorLost:
            if not reclaim:
                raise
            return None

    def _same_history(self, there: Version, head: Head) -> bool:
        if not there.intact or there.stamp.generation != head.generation:
            return False
        if not is_ours(there.stamp, self._epoch):
            return False  # restored from before the table was taken over
        if there.stamp.fingerprint != head.fingerprint:
            raise TableInvalid(
                f"{self._name} is published under another definition: rebuild it, with {rebuilding(self._name)}.",
                table=self._name,
            )
        return there.bounded and there.stamp.change in self._state.noted(self._publication.kind)

    def _merge(self, there: Version, head: Head) -> Version | None:
        if there.stamp.change == head.change and not self._lacks_file(there, head):
            self._note(head.change)
            return None
        if there.stamp.change < head.forgotten:
            return self._overwrite(there)
        try:
            with self._state.batches(there.stamp.change) as changed:
                stamp = self._stamp(changed)
                made = self._publication.merge(
                    there, changed.rows, changed.deleted, stamp, _left_out(changed)
                )
        except StorageFailed:
            if not self._lacks_files(there):
                raise
            return self._made_anew(there)
        self._note(stamp.change)
        return made

    def _lacks_file(self, there: Version, head: Head) -> bool:
        """Whether an earlier eventfold published what leaves something out, and did not write down what."""
        return there.stamp.parked_file is None and bool(head.parked or self._state.skips())

    def _lacks_files(self, there: Version) -> bool:
        """Whether files of the published rows are gone, which no later merge would find either."""
        if not self._publication.lacks_files():
            return False
        now = self._publication.head()
        return now is not None and now.number == there.number

    def _made_anew(self, there: Version) -> Version:
        _log.warning(
            "Files of the published table %s are gone: all its rows are published again, from the state.",
            self._name,
        )
        return self._overwrite(there)

    def _overwrite(self, there: Version | None) -> Version:
        with self._state.batches(0) as everything:
            stamp = self._stamp(everything)
            made = self._publication.overwrite(there, everything.rows, stamp, _left_out(everything))
        self._note(stamp.change)
        return made

    def _note(self, change: int) -> None:
        self._state.published(self._publication.kind, change, keep=self._keep)

    def _stamp(self, changed: Batches) -> Stamp:
        """Of what is about to be written; the state notes it before."""
        stamp = stamp_of(self._name, changed.head, epoch=self._epoch)
        self._state.publishing(self._publication.kind, stamp.change)
        return stamp


def _left_out(changed: Batches) -> LeftOut:
    return LeftOut(tuple(changed.parked), tuple(changed.skips))
