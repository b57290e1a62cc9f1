"""The port of leases: which worker reads which partition of a feed, how far it has come, and who may say so.

A lease is the checkpoint of one partition together with its owner. It is changed as a whole, and only by who knows its
last form; so a worker that was thought dead can neither move a checkpoint nor split a partition once its lease has
passed on.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from eventfold.feed.cursor import Cursor


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """One partition in the hands of one worker.

    Attributes:
        reader: the name of what reads, shared by its workers.
        partition: of the feed.
        cursor: how far the reader has come in it, as a cursor with this one partition.
        owner: the worker that holds it; empty where nobody does.
        epoch: raised each time it changes hands; who writes elsewhere too can be fenced by it.
        renewal: raised by every change; a lease whose renewal stands still has lost its worker.
        wanted: the worker that asks for it; empty where none does.
        tag: its last form, for who changes it; only the place that keeps it can read it.
    """

    reader: str
    partition: str
    cursor: Cursor
    owner: str = ""
    epoch: int = 0
    renewal: int = 0
    wanted: str = ""
    tag: str = ""


class Leases(Protocol):
    """Keeps the leases of readers. The contract suite in `eventfold.testing` asserts each sentence."""

    def begin(self, reader: str, cursor: Cursor) -> None:
        """Makes a free lease for each partition of the cursor, all or none; nothing where the reader has begun.

        Args:
            reader: the name of what reads.
            cursor: where it begins.

        Raises:
            BackendLimit: more partitions than can be begun in one transaction.
            StorageError: nothing was written, or `OutcomeUnknown`: repeat it, which settles it.
        """

    def all(self, reader: str) -> Sequence[Lease]:
        """The leases of a reader; none where it has not begun.

        Raises:
            ForeignCursor: they were written for another log.
            StorageError: they could not be read.
        """

    def replace(self, old: Lease, new: Sequence[Lease]) -> Sequence[Lease] | None:
        """Puts new leases in the place of one, in one transaction; None where it has changed since it was read.

        Args:
            old: as it was read or last written.
            new: the same partition in another form, or, where it was split, those that came of it.

        Returns:
            The new ones with their tags.

        Raises:
            StorageError: nothing was written, or `OutcomeUnknown`: read again, which settles it.
        """
