"""Rows of the state, and published rows, compared with a fold of the log from zero."""

import random
from collections.abc import Collection, Iterable, Mapping

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from eventfold.errors import CursorLost, ForeignCursor, LogMismatch, StaleCursor, StorageFailed, ValueUnfit
from eventfold.events.registry import Registry
from eventfold.feed.cursor import Cursor
from eventfold.feed.parking import ParkedStream
from eventfold.feed.port import Feed
from eventfold.readmodels.asking.compare import Compared, compare, twice
from eventfold.readmodels.audit.reading import arrow
from eventfold.readmodels.audit.report import MOST, Finding, Findings, Where
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.folding.arrowform import from_rows
from eventfold.readmodels.folding.history import needed_columns
from eventfold.readmodels.port import Engine, Folded, Head, Scope, TableState
from eventfold.readmodels.publishing.publication import LakePublication, Version

_ATTEMPTS = 1_000
_LeftOut = tuple[frozenset[tuple[str, int]], Collection[ParkedStream]]
UNREADABLE = (ValueError, TypeError, ArithmeticError, msgspec.MsgspecError, ValueUnfit)
"""What reading a damaged cell raises."""


class Rows(msgspec.Struct, frozen=True):
    """The rows of a state at one instant, or some of them.

    Attributes:
        head: the state at that instant.
        rows: in the form of `arrowform.schema`.
        parked: the parked streams.
        skips: the events left out.
    """

    head: Head
    rows: pa.Table
    parked: Collection[ParkedStream]
    skips: frozenset[tuple[str, int]]


class RowAudit:
    """Compares the rows of one table.

    Args:
        layout: of its rows.
        feed: the log.
        registry: event types and upcasters.
        engine: folds.
        findings: where it tells what is wrong.
    """

    def __init__(
        self, layout: Layout, feed: Feed, registry: Registry, engine: Engine, findings: Findings
    ) -> None:
        self._layout = layout
        self._feed = feed
        self._registry = registry
        self._engine = engine
        self._findings = findings
        self._name = layout.spec.name
        self._folds: dict[str, pa.Table | None] = {}

    def state(self, rows: Rows, keys: pa.Array | None) -> int:
        """Compares the state with a fold up to its cursor; how many rows there are."""
        expected = self._expected(rows.head.cursor, rows.skips, rows.parked)
        if expected is None:
            return 0
        self._compare("state", "the state", _only(self._layout, expected, keys), rows.rows)
        return int(rows.rows.num_rows)

    def published(
        self, publication: LakePublication, rows: Rows, keys: pa.Array | None
    ) -> tuple[int | None, int]:
        """Compares the newest published version; its number and how many rows there are."""
        try:
            version = publication.head()
        except (CursorLost, ForeignCursor, StorageFailed) as error:
            self._tell("delta", "unreadable", error.message)
            return None, 0
        if version is None or (left_out := self._left_out(publication, version, rows)) is None:
            return None, 0
        try:
            self._feed.check(version.stamp.cursor)
        except LogMismatch as error:
            self._tell("delta", "cursor", f"version {version.number} does not fit the log: {error.message}")
        newest = max([version.number, *publication.versions()])
        if newest > version.number and not version.intact:
            self._note(f"another program has written to the Delta table after its version {version.number}")
        try:
            found = publication.rows(newest)
        except ValueError:  # columns of other types, or a null where none may be
            found = None
        if found is None:
            self._tell("delta", "unreadable", f"The files of version {newest} cannot be read.")
            return None, 0
        expected = self._expected(version.stamp.cursor, *left_out)
        if expected is None:
            return None, 0
        found = _only(self._layout, found, keys)
        what = f"version {newest} of the Delta table"
        for key in twice(self._layout, found):
            self._tell("delta", "row-doubled", f"{what} has more than one row {key!r}", key)
        self._compare("delta", what, _only(self._layout, expected, keys), found)
        return newest, int(found.num_rows)

    def unreadable(self, state: TableState, error: Exception) -> None:
        """Names the rows of a state that cannot be read, looking at every key of the fold."""
        self._tell("state", "unreadable", f"the state cannot be read: {type(error).__name__}: {error}")
        try:
            head, skips, parked = state.head(), _skips(state), list(state.parked().values())
            expected = self._expected(head.cursor, skips, parked)
        except UNREADABLE:
            return
        for key in () if expected is None else expected.column(self._layout.spec.key_name).to_pylist():
            try:
                from_rows(self._layout, state.rows([key]).values())
            except UNREADABLE as damage:
                told = f"the row {key!r} of the state cannot be read: {type(damage).__name__}: {damage}"
                self._tell("state", "row-unreadable", told, key)

    def sample(self, rows: Rows, most: int) -> pa.Array | None:
        """Some keys of the fold up to the state's cursor, drawn at random; None where it cannot be folded."""
        expected = self._expected(rows.head.cursor, rows.skips, rows.parked)
        if expected is None:
            return None
        keys = expected.column(self._layout.spec.key_name)
        drawn = random.SystemRandom().sample(range(len(keys)), min(most, len(keys)))
        return pa.array(keys.take(pa.array(drawn, pa.int64())).to_pylist(), pa.string())

    def _left_out(self, publication: LakePublication, version: Version, rows: Rows) -> _LeftOut | None:
        """The skips and parked streams of a version; None where its rows cannot be compared."""
        stamp, head = version.stamp, rows.head
        if stamp.fingerprint != self._layout.fingerprint:
            self._note(f"version {version.number} of the Delta table was published under another definition")
            return None
        if stamp.parked_file is not None:
            try:
                found = publication.left_out(stamp)
            except (CursorLost, StorageFailed) as error:
                self._tell("delta", "unreadable", error.message)
                return None
            return frozenset((s.stream, s.version) for s in found.skips), found.parked
        # published by an earlier eventfold, which kept no such file
        current = (stamp.generation, stamp.change, stamp.cursor) == (
            head.generation,
            head.change,
            head.cursor,
        )
        if stamp.parked_count and not current:
            self._note(
                f"version {version.number} of the Delta table was published while {stamp.parked_count} streams were"
                " parked, and the state has moved on since: its rows are compared when it has been published again"
            )
            return None
        return rows.skips, rows.parked if current else ()

    def _expected(
        self, cursor: Cursor, skips: frozenset[tuple[str, int]], parked: Collection[ParkedStream]
    ) -> pa.Table | None:
        """The fold up to a cursor, without what was skipped and without what waits."""
        waiting = frozenset((p.stream, n) for p in parked for n in range(p.version, p.last_version + 1))
        asked = f"{cursor.to_json()} {sorted(waiting)}"
        if asked not in self._folds:
            self._folds.clear()  # one at a time: it may be large
            self._folds[asked] = self._folded(cursor, Scope(skips=skips | waiting))
        return self._folds[asked]

    def _folded(self, cursor: Cursor, scope: Scope) -> pa.Table | None:
        try:
            folded = self._fold(cursor, scope)
        except (LogMismatch, StorageFailed) as error:
            self._tell("state", "not-folded", f"the log cannot be folded up to the cursor: {error.message}")
            return None
        if not folded.parked:
            return folded.rows
        return self._without(folded)

    def _fold(self, cursor: Cursor, scope: Scope) -> Folded:
        columns = needed_columns(self._layout, scope)
        try:
            events = self._feed.arrow(self._feed.start(), cursor, columns)
            return self._engine.fold(events, self._layout, self._registry, scope=scope)
        except (LogMismatch, StorageFailed):
            if not self._feed.capabilities.total_order:
                raise
            events = arrow(self._feed, cursor, columns)  # it has a hole, which is told elsewhere
            return self._engine.fold(events, self._layout, self._registry, scope=scope)

    def _without(self, folded: Folded) -> pa.Table | None:
        """What to compare where events that were folded then cannot be folded now."""
        spec = self._layout.spec
        if not spec.key_is_stream and any(p.column.reducer in {"sum", "count"} for p in self._layout.places):
            # which of several events takes a sum beyond its type is a matter of their order, and they may come late
            first = min(folded.parked)
            self._note(
                f"the rows were not compared: {len(folded.parked)} streams cannot be folded in the order of the log"
                f" ({first}: {folded.parked[first].message}); a rebuild shows what becomes of them"
            )
            return None
        for one in _first(folded.parked):
            told = f"{one.stream} version {one.version} was folded and cannot be any more: {one.message}"
            self._tell("state", "not-folded", told, one.stream if spec.key_is_stream else None)
        return folded.rows

    def _compare(self, where: Where, what: str, expected: pa.Table, found: pa.Table) -> None:
        names = [slot.name for slot in self._layout.slots]
        compared: Compared = compare(self._layout, expected, found, names)
        key = self._layout.spec.key_name
        for part, problem, told in (
            (compared.removed, "row-missing", "lacks the row"),
            (compared.added, "row-unexpected", "has a row that no event made"),
        ):
            for one in part.slice(0, MOST).column(key).to_pylist():
                self._tell(where, problem, f"{what} {told}: {one!r}", one)
            self._findings.more(where, problem, self._name, max(0, part.num_rows - MOST))
        keys = compared.after.slice(0, MOST).column(key).to_pylist()
        for one, columns in zip(keys, compared.columns, strict=False):
            listed = tuple(columns.as_py())
            told = f"{what}, row {one!r}: {', '.join(listed)} differ{'s' if len(listed) == 1 else ''} from the fold"
            self._tell(where, "row-differs", told, one, listed)
        self._findings.more(where, "row-differs", self._name, max(0, compared.after.num_rows - MOST))

    def _tell(
        self, where: Where, problem: str, told: str, key: str | None = None, columns: tuple[str, ...] = ()
    ) -> None:
        message = f"{self._name}: {told.rstrip('.')}."
        self._findings.add(
            Finding(where=where, problem=problem, message=message, table=self._name, key=key, columns=columns)
        )

    def _note(self, told: str) -> None:
        self._findings.notes.append(f"{self._name}: {told}.")


def read_rows(state: TableState) -> Rows:
    """All rows of a state, of one instant."""
    while True:
        skips = _skips(state)
        found = state.changed(0)
        if _skips(state) == skips:  # decided in between: then the rows may be of before or after
            return Rows(found.head, found.rows, found.parked, skips)


def read_some(state: TableState, keys: Collection[str]) -> Rows:
    """The rows of some keys, of one instant.

    Raises:
        StaleCursor: the state was changed during every attempt.
    """
    for _ in range(_ATTEMPTS):
        head, skips = state.head(), _skips(state)
        rows, parked = state.rows(keys), list(state.parked().values())
        if state.head().change == head.change:
            return Rows(head, from_rows(state.layout, rows.values()), parked, skips)
    raise StaleCursor(f"{state.layout.spec.name} was changed during every attempt to read some of its rows.")


def _skips(state: TableState) -> frozenset[tuple[str, int]]:
    return frozenset((s.stream, s.version) for s in state.skips())


def _only(layout: Layout, rows: pa.Table, keys: pa.Array | None) -> pa.Table:
    return rows if keys is None else rows.filter(pc.is_in(rows.column(layout.spec.key_name), keys))


def _first(parked: Mapping[str, ParkedStream]) -> Iterable[ParkedStream]:
    return [parked[name] for name in sorted(parked)[:MOST]]
