"""Whether a copy has what its stamps say, and the log still has it: commit by commit, by digests."""

from collections.abc import Callable
from itertools import pairwise

import msgspec
import pyarrow as pa

from eventfold.errors import EventfoldError
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Feed
from eventfold.readmodels.audit.report import Finding, Findings
from eventfold.readmodels.lakecopy.chunks import gathered
from eventfold.readmodels.lakecopy.columns import FEED, chained, digest, in_order
from eventfold.readmodels.lakecopy.port import CopyStamp, CopyTable
from eventfold.readmodels.lakecopy.rows import to_events

_BATCH = 1_000


class CopyAudit(msgspec.Struct, frozen=True, kw_only=True):
    """What was compared.

    Attributes:
        events: of the copy, with the log and with what its stamps say.
        cursor: up to there; None where nothing was.
    """

    events: int = 0
    cursor: Cursor | None = None


def compare(
    table: CopyTable,
    feed: Feed,
    findings: Findings,
    progress: Callable[[int, int], object] = lambda _d, _o: None,
) -> CopyAudit:
    """Compares a copy with its log.

    Args:
        table: the copy.
        feed: of the log.
        findings: collects what is wrong.
        progress: called with the events compared, and all of them.
    """
    try:
        if table.head() is None:
            return CopyAudit()
        borders = table.borders()
        chain = borders[0].chain
        for before, border in pairwise(borders):
            chain = chained(chain, border.digest)
            if chain != border.chain:
                findings.add(
                    _finding("chain", before, border, "its stamps are no chain: one was altered or exchanged")
                )
                chain = border.chain
            _commit(table, feed, before, border, findings)
            progress(border.total, borders[-1].total)
    except EventfoldError as error:
        findings.add(
            Finding(where="copy", problem="unreadable", message=f"The copy in the lake: {error.message}")
        )
        return CopyAudit()
    return CopyAudit(events=borders[-1].total, cursor=borders[-1].cursor)


def _commit(table: CopyTable, feed: Feed, before: CopyStamp, border: CopyStamp, findings: Findings) -> None:
    commit = border.commit
    files = table.files(commit, commit)
    batches = to_events(files, table.filesystem, commit, commit, FEED, limit=_BATCH)
    copied = pa.Table.from_batches(list(batches), gathered([]).select(FEED).schema)
    if copied.num_rows != border.events or digest(copied) != border.digest:
        findings.add(
            _finding(
                "copy",
                before,
                border,
                f"it has {copied.num_rows:,} events that are not the {border.events:,} that were copied: its files were"
                " changed",
            )
        )
    stored = gathered(list(feed.arrow(before.cursor, border.cursor, FEED, limit=_BATCH)))
    if stored.num_rows != border.events or digest(in_order(stored)) != border.digest:
        findings.add(
            _finding(
                "log",
                before,
                border,
                f"the log has {stored.num_rows:,} events that are not the {border.events:,} that were copied of it: it"
                " was changed since",
            )
        )


def _finding(problem: str, before: CopyStamp, border: CopyStamp, why: str) -> Finding:
    low, high = (before.position + 1, border.position) if border.total_order else (0, 0)
    return Finding(
        where="copy",
        problem=problem,
        message=f"The copy in the lake, commit {border.commit:,}: {why}.",
        low=low,
        high=high,
    )
