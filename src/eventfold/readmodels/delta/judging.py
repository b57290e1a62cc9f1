"""Which versions of a Delta table have the rows that its stamps say: every commit of others is judged by itself.

A commit of others is harmless where it is maintenance and leaves as many rows as it found. The name of its operation is
not enough: of two compactions at once both may land, and then every row is there twice. What cannot be counted is not
harmless. From a harmful commit on no version is sound until we have written the table anew.

What was judged is kept in `<table>/_eventfold/judged.json`, so that later only new commits are looked at. Where it is
lost, or is of commits that a restored log no longer has, all is judged again.
"""

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

import msgspec
from deltalake import DeltaTable

from eventfold.readmodels.delta.commits import Commit, Files, files_at, files_of, kept_commits, read_commit
from eventfold.readmodels.delta.places.port import DATA, Place

_KEPT = f"{DATA}/judged.json"
MAINTENANCE = frozenset(
    {
        "OPTIMIZE",  # also ZORDER BY, clustering and auto compaction
        "REORG",
        "VACUUM START",
        "VACUUM END",
        "COMPUTE STATS",
        "CLUSTER BY",
        "SET TBLPROPERTIES",
        "UNSET TBLPROPERTIES",
        "Empty Commit",
    }
)
"""What deltalake, Spark and Databricks call what changes no rows."""


class Judged(msgspec.Struct):
    """What is known.

    Attributes:
        upto: the last version that was judged; -1 = none.
        mark: of its commit, 0 where the log no longer had it.
        unsound: first version and the one after the last, of each stretch of doubtful versions.
        since: where the stretch began that has not ended.
    """

    upto: int = -1
    mark: int = 0
    unsound: list[tuple[int, int]] = []
    since: int | None = None


class Judge:
    """Judges the commits of one table.

    Args:
        place: of the table.
        application: the beginning of the names of our transactions.
        log: the id of our log.
        has_copy: whether a version is ours, where its commit is gone.
    """

    def __init__(self, place: Place, application: str, log: str, has_copy: Callable[[int], bool]) -> None:
        self._place = place
        self._application = application
        self._log = log
        self._has_copy = has_copy
        self._files: Files = {}
        self._judged: Judged | None = None
        self._lock = threading.Lock()

    def look(self, table: DeltaTable, begins: Callable[[], int]) -> None:
        """Judges what came since it last looked.

        Args:
            table: its newest version.
            begins: the version of ours at which to begin where nothing is known yet.
        """
        newest = table.version()
        with self._lock:
            judged = self._judged or self._read()
            known = self._still(judged, newest)
            if not known:
                judged = Judged(begins())
            if not known or self._judged is None:
                self._begin(judged, table)
            before = judged.upto if known else -1
            for number in range(judged.upto + 1, newest + 1):
                self._judge(judged, number)
            self._judged = judged
            if judged.upto != before:
                with suppress(OSError):  # who may only read judges again
                    self._write(judged)

    @property
    def upto(self) -> int:
        """The last version that was looked at; -1 = none."""
        return self._judged.upto if self._judged else -1

    def sound(self, number: int) -> bool:
        """Whether a version that was looked at has the rows that its stamp says, as far as can be told."""
        judged = self._judged
        if judged is None or number > judged.upto:
            return False
        ended = any(first <= number < last for first, last in judged.unsound)
        return not ended and (judged.since is None or number < judged.since)

    def _judge(self, judged: Judged, number: int) -> None:
        commit = read_commit(self._place, number)
        before = self._files
        self._files = _after(before, commit) if commit else files_at(self._place, number) or {}
        if commit is None:
            harmful, anew = not self._has_copy(number), False
        elif self._is_ours(commit):
            harmful = False
            anew = commit.operation == "WRITE" and not commit.appends and self._files == commit.added
        else:
            harmful, anew = not _is_harmless(commit, before), False
        if anew and judged.since is not None:
            judged.unsound.append((judged.since, number))
            judged.since = None
        if harmful and judged.since is None:
            judged.since = number
        judged.upto, judged.mark = number, commit.mark if commit else 0

    def _is_ours(self, commit: Commit) -> bool:
        if commit.stamp is not None:
            return commit.stamp.log == self._log
        return any(name.startswith(f"{self._application}/") for name in commit.transactions)

    def _begin(self, judged: Judged, table: DeltaTable) -> None:
        """Goes to the first version from the one that was judged on of which the log still tells the files."""
        first, newest = judged.upto, table.version()
        kept = (number for number in kept_commits(self._place) if first < number < newest)
        for number in (first, *kept) if first < newest else ():
            files = files_at(self._place, number)
            if files is not None:
                break
        else:
            number, files = newest, files_of(table)
        foreign = next((n for n in range(first + 1, number + 1) if not self._has_copy(n)), None)
        if judged.since is None:
            judged.since = foreign
        commit = read_commit(self._place, number)
        judged.upto, judged.mark, self._files = number, commit.mark if commit else 0, files

    def _still(self, judged: Judged, newest: int) -> bool:
        """Whether the table is still the one that was judged, and not restored from an older copy."""
        if not 0 <= judged.upto <= newest:
            return False
        commit = read_commit(self._place, judged.upto)
        return commit is None or judged.mark in {0, commit.mark}

    def _read(self) -> Judged:
        try:
            return msgspec.json.decode(self._place.read(_KEPT) or b"", type=Judged)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return Judged()

    def _write(self, judged: Judged) -> None:
        self._place.replace(_KEPT, msgspec.json.encode(judged))


def _after(before: Files, commit: Commit) -> Files:
    return {**{path: rows for path, rows in before.items() if path not in commit.removed}, **commit.added}


def _is_harmless(commit: Commit, before: Files) -> bool:
    if commit.operation not in MAINTENANCE:
        return False
    gone = _sum(rows for path, rows in before.items() if path in commit.removed or path in commit.added)
    come = _sum(commit.added.values())
    return gone is not None and gone == come


def _sum(rows: Iterable[int | None]) -> int | None:
    total = 0
    for count in rows:
        if count is None:
            return None
        total += count
    return total
