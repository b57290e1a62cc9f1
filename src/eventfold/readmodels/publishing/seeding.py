"""A state that was lost goes on from the published table instead of folding the whole log again."""

from typing import TYPE_CHECKING

from eventfold.errors import CursorLost, LogMismatch, StaleCursor, StorageError
from eventfold.feed.port import Feed
from eventfold.readmodels.port import TableState
from eventfold.readmodels.publishing.publication import EMBEDDED

if TYPE_CHECKING:
    from eventfold.readmodels.publishing.publication import LakePublication


def seed(state: TableState, publication: "LakePublication", feed: Feed) -> bool:
    """Fills a generation that was made just now with the rows of the newest published version; whether it did.

    Only a version that is known to be the fold of the log up to its cursor, minus what is known to be parked and
    skipped, is taken: of the same definition, changed by nobody else, and with a cursor that the feed still serves. In
    every other case the fold begins at zero, which is slower and as right. A table that this engine had is still its
    own; one that another engine has is left alone.

    Args:
        state: an empty generation at the start of the feed; anything else is left alone.
        publication: of the same table.
        feed: of the log.
    """
    head = state.head()
    if head.change or head.cursor != feed.start():
        return False
    try:
        version = publication.head()
        if version is None or version.stamp.engine != EMBEDDED:
            return False  # it is taken over by a word of somebody
        state.own(publication.kind, max(version.stamp.epoch, state.owned(publication.kind)))
        if not version.intact:
            return False
        if version.stamp.fingerprint != head.fingerprint:
            return False
        feed.check(version.stamp.cursor)
        rows = publication.rows(version.number)
        if rows is None:
            return False
        left_out = publication.left_out(version.stamp)
        state.load(rows, left_out.parked, left_out.skips, read=head.cursor, then=version.stamp.cursor)
    except (CursorLost, LogMismatch, StaleCursor, StorageError):
        return False  # said where somebody follows or publishes; here it only costs time
    return True
