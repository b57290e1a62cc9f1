"""What `doctor` finds of a lake copy, by its stamps and the log of its table: no event is read."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from eventfold.errors import EventfoldError
from eventfold.feed.port import Feed
from eventfold.readmodels.lakecopy.columns import chained
from eventfold.readmodels.lakecopy.port import CopyStamp, CopyTable, Size
from eventfold.store.findings import Finding
from eventfold.words import how_many

MANY = 200
"""Files from which on small ones are told."""
_SMALL = 1024 * 1024


def examine(table: CopyTable, feed: Feed) -> Iterator[Finding]:
    """Whether a copy can be gone on with: rows and fence, borders, its cursor in the log, and how many events that has.

    Args:
        table: the copy.
        feed: of the log.
    """
    try:
        head = table.head()
        if head is None:
            yield Finding(
                "warning", "lake copy", "There is none yet: `eventfold run --once --copy` makes it."
            )
            return
        borders = table.borders()
        yield _borders(borders)
        feed.check(head.stamp.cursor)
        yield _count(head.stamp, feed)
        yield _files(table.size())
    except EventfoldError as error:
        yield Finding("problem", "lake copy", error.message)


def _borders(borders: Sequence[CopyStamp]) -> Finding:
    for before, border in pairwise(borders):
        whole = before.total + border.events == border.total
        if not whole or chained(before.chain, border.digest) != border.chain:
            return Finding(
                "problem",
                "lake copy: borders",
                f"The stamp of commit {border.commit:,} does not follow that before it: one was altered or exchanged."
                " `eventfold verify` compares the events themselves.",
            )
    return Finding("ok", "lake copy: borders", how_many(len(borders), "border"))


def _count(stamp: CopyStamp, feed: Feed) -> Finding:
    whole, behind = feed.lag(feed.start()), feed.lag(stamp.cursor)
    if whole is None or behind is None:
        return Finding(
            "unseen", "lake copy: events", "This log cannot be counted: `eventfold verify` compares it."
        )
    if whole - behind != stamp.total:
        return Finding(
            "problem",
            "lake copy: events",
            f"It has {how_many(stamp.total, 'event')}, and the log {whole - behind:,} up to there: `eventfold verify`"
            " says where they differ.",
        )
    return Finding("ok", "lake copy: events", f"{how_many(stamp.total, 'event')}, {behind:,} behind")


def _files(size: Size) -> Finding:
    files = f"{how_many(size.files, 'file')} of {size.bytes / 1e6:,.1f} MB"
    if size.files < MANY or size.bytes / size.files >= _SMALL:
        return Finding("ok", "lake copy: files", files)
    return Finding(
        "warning",
        "lake copy: files",
        f"{files}: put the small ones together, with OPTIMIZE in Spark or `DeltaTable(...).optimize.compact()` in"
        " Python; borders stay where they are.",
    )
