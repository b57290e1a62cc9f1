"""What whoever is shown rows is told: that streams are parked, that a table is behind the log, and the way out."""

from collections.abc import Mapping

from eventfold.errors import LogMismatch, StorageError
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Feed
from eventfold.readmodels.port import Head


def parked_warnings(parked: Mapping[str, int]) -> list[str]:
    """A sentence for each table with parked streams.

    Args:
        parked: how many streams are parked, by table.
    """
    return [
        f"{table}: {count:,} {'stream is' if count == 1 else 'streams are'} parked"
        for table, count in parked.items()
        if count
    ]


class Distance:
    """How far tables are behind a log: its end is asked for at most once, and nothing of it is read.

    Args:
        feed: the log.
        heads: where the tables stand, by name.
    """

    def __init__(self, feed: Feed, heads: Mapping[str, Head]) -> None:
        self._feed = feed
        self._end: Cursor | None = None
        self.behind: dict[str, int | None] = {}
        self.warnings: list[str] = []
        for table, head in heads.items():
            self._look(table, head.cursor)

    def _look(self, table: str, cursor: Cursor) -> None:
        try:
            count = self._feed.lag(cursor)
            if count is None:
                self._end = self._end or self._feed.end()
                if self._feed.compare(cursor, self._end) in {"equal", "after"}:
                    return
        except (LogMismatch, StorageError) as error:  # the rows are answered all the same
            self.warnings.append(f"{table}: it cannot be told whether it is behind the log: {error.message}")
            return
        if count == 0:
            return
        self.behind[table] = count
        much = "" if count is None else f"{count:,} event{'' if count == 1 else 's'} "
        self.warnings.append(
            f"{table} is {much}behind the log: `eventfold run --once` (live.catch_up()) brings it there"
        )
