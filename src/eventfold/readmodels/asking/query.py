"""SQL over the tables: DuckDB reads the published rows and lays the fresher ones of the state over them.

Reads only: nothing but the given tables and the events of the log can be reached from a statement, no file, no
address, no setting.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.dataset as ds
from msgspec import structs

from eventfold.errors import CursorLost, QueryInvalid, StaleCursor, StorageError
from eventfold.foreign import said
from eventfold.readmodels.asking.query_events import outline_events, show_events, whole
from eventfold.readmodels.asking.query_values import Decode, fetch, values
from eventfold.readmodels.asking.scratch import memory, no_room, room, scratch
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.declaring.table import EVENTS
from eventfold.readmodels.folding.arrowform import schema
from eventfold.readmodels.folding.projector import check_definition
from eventfold.readmodels.notebook import markup
from eventfold.readmodels.notebook.frames import Framed
from eventfold.readmodels.port import Changed, Head, TableState
from eventfold.readmodels.publishing.ownership import is_anothers, is_ours
from eventfold.readmodels.publishing.publication import LakePublication, Version
from eventfold.readmodels.telling import Distance, parked_warnings
from eventfold.store.port import Store
from eventfold.words import how_many

_ATTEMPTS = 5
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_UNREAD = "reading the stream registered as"
"""How an error begins of a file that is not on this machine."""
_MISSING = re.compile(r"Table with name (\S+) does not exist!")
_RUN_TEXT = {"query", "query_table"}
"""Functions that ask a table whose name need not stand in the statement."""
_LIST = {"show", "describe", "desc", "information_schema", "duckdb_tables", "duckdb_views", "duckdb_columns"}
_READS = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
# identifiers below come from table definitions only, whose names are checked when the class is built
_OVERLAID = """
CREATE VIEW "{name}" AS
SELECT {shown} FROM "{name}__published" ANTI JOIN "{name}__touched" USING ("{key}")
UNION ALL SELECT {shown} FROM "{name}__fresh"
"""
_EMPTY = 'CREATE TABLE "{name}" AS SELECT * FROM "{name}__outline"'
_FRESH = 'CREATE VIEW "{name}" AS SELECT {shown} FROM "{name}__fresh"'
_DECLARED = 'CREATE VIEW "{name}" AS {body}'


class _Vanished(Exception):
    """A published file could not be read."""


class Source(msgspec.Struct, frozen=True):
    """A table that may be asked.

    Attributes:
        state: has its newest rows.
        publication: has most of them in a form that is read quickly, if there is one.
    """

    state: TableState
    publication: LakePublication | None = None


class Result(Framed, msgspec.Struct, frozen=True):
    """What a query answers.

    Attributes:
        arrow: an Arrow table. What Arrow has no exact type for is text in it: intervals, unsigned numbers of 128 bits.
        parked: how many streams are parked, by table, of the tables that were asked: what they hold is not in the rows.
        behind: by how many events tables that were asked are behind the log; None where that cannot be counted.
        warnings: both in sentences.
        decodes: what gives the values of each column their Python type.
    """

    arrow: pa.Table
    parked: Mapping[str, int] = {}
    behind: Mapping[str, int | None] = {}
    warnings: Sequence[str] = ()
    decodes: Sequence[Decode | None] = ()

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self.arrow.column_names)

    def frame(self) -> pa.Table:
        """`arrow`, for data frames."""
        return self.arrow

    def __repr__(self) -> str:
        """How many rows of which columns."""
        names = ", ".join(map(markup.plain, self.columns))
        return f"<Result: {how_many(len(self), 'row')} of {names}>"

    def _repr_html_(self) -> str:
        """The first rows, in a notebook."""
        first = msgspec.structs.replace(self, arrow=self.arrow.slice(0, markup.MOST))
        try:
            shown = markup.table(self.columns, first, of=len(self))
        except QueryInvalid as error:  # said by rows() too
            shown = markup.warnings([error.message])
        return shown + markup.warnings(self.warnings)

    def rows(self) -> list[dict[str, Any]]:
        """The rows as maps: whole numbers of any size as int, intervals as timedelta (with months: MonthDayNano).

        Raises:
            QueryInvalid: a value has no form in Python, as an infinite time; ask for it as text.
        """
        names = self.columns
        return [dict(zip(names, row, strict=True)) for row in self]

    def first(self, count: int | None) -> "Result":
        """The same answer with its first rows alone; None = all."""
        return self if count is None else structs.replace(self, arrow=self.arrow.slice(0, count))

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """The rows as tuples; values and errors as `rows`."""
        decodes = self.decodes or [None] * self.arrow.num_columns
        columns = zip(self.columns, self.arrow.columns, decodes, strict=True)
        return zip(*(values(*column) for column in columns), strict=True)

    def __len__(self) -> int:
        """The number of rows."""
        return int(self.arrow.num_rows)


def query(
    sources: Iterable[Source],
    sql: str,
    parameters: Sequence[object] | Mapping[str, object] = (),
    *,
    distance: Distance | None = None,
    log: Store | None = None,
) -> Result:
    """Answers one SELECT over tables, each read in one instant, their views, and the view `events` of a log.

    Of the events those are read that the statement's conditions on stream, type, category and position ask for. What it
    sees ends where the log ended when it began; where a log has no total order, a stream that is asked for by name is
    seen as it is when it is read.

    Args:
        sources: the tables; those whose names the statement does not contain are not read.
        sql: one SELECT (or EXPLAIN) in DuckDB's SQL.
        parameters: values for `?` or `$name`.
        distance: tells which tables are behind the log.
        log: whose events may be asked; None = there are only tables.

    Raises:
        StorageError, LogMismatch: the log cannot be read.
        QueryInvalid: it is no single SELECT, or DuckDB refuses it.
        TableInvalid: the rows of a table were folded under another definition.
        StorageFull: there was no room for what does not fit into memory.
        MemoryExhausted: some of it must be held in memory, and does not fit.
    """
    if not isinstance(sql, str):
        raise QueryInvalid(f"A query is text, not {type(sql).__name__}.")
    if isinstance(parameters, str | bytes) or not isinstance(parameters, Sequence | Mapping):
        raise QueryInvalid(
            f"The values of a query are a list for ? or a dict for $name, not {type(parameters).__name__}."
        )
    try:
        sql.encode()
    except UnicodeEncodeError:
        raise QueryInvalid("The query is not UTF-8.") from None
    asked = list(sources)
    try:
        return _answered(asked, sql, parameters, distance, log)
    except (duckdb.IOException, _Vanished):
        # a published file was taken away while it was read: the state has all rows as well
        with _translated([source.state.layout.spec.name for source in asked]):
            return _answered([Source(source.state) for source in asked], sql, parameters, distance, log)


def _answered(
    sources: Sequence[Source],
    sql: str,
    parameters: Sequence[object] | Mapping[str, object],
    distance: Distance | None,
    log: Store | None,
) -> Result:
    limit = memory("")
    config = {**_CONFIG, "temp_directory": scratch(), **({"memory_limit": limit} if limit else {})}
    with room(limit), duckdb.connect(":memory:", config=config) as db:
        db.execute("SET TimeZone = 'UTC'")
        known = {source.state.layout.spec.name: source for source in sources}
        views = {name: table for table in known for name in known[table].state.layout.spec.views}
        names = [*known, *views, *([EVENTS] if log else [])]
        with _translated(names, vanishing=True):
            statements = db.extract_statements(sql)
        if len(statements) != 1 or statements[0].type not in _READS:
            raise QueryInvalid("A query is one SELECT; tables change through events only.")
        words = names_in(sql)
        words |= {views[word] for word in words & views.keys()}
        files: list[str] = []
        events = None
        heads: dict[str, Head] = {}
        for name, source in known.items():
            if name in words or words & _RUN_TEXT:
                read, heads[name] = _register(db, source)
                files += read
            elif words & _LIST:
                _outline(db, source.state.layout)
            else:
                continue
            for view in source.state.layout.spec.views.values():
                db.execute(_DECLARED.format(name=view.name, body=view.select("duckdb")))
        if log is not None and (EVENTS in words or words & _RUN_TEXT):
            events = show_events(db, log)
        elif log is not None and words & _LIST:
            outline_events(db)
        db.execute("SET allowed_paths = $files", {"files": files})
        db.execute("SET enable_external_access = false")
        db.execute("SET lock_configuration = true")
        with whole(events), _translated(names, vanishing=True):
            answer = db.sql(sql, params=parameters or None)
            if twice := [name for name in answer.columns if answer.columns.count(name) > 1]:
                raise QueryInvalid(
                    f"Two columns of the answer are called {twice[0]!r}: give one another name with AS."
                )
            arrow, decodes = fetch(answer)
    parked = {name: head.parked for name, head in heads.items() if head.parked}
    behind, warnings = distance(heads) if distance else ({}, [])
    return Result(arrow, parked, behind, [*parked_warnings(parked), *warnings], decodes)


def names_in(sql: str) -> set[str]:
    """Every word of a statement in lower case: the tables that it asks are among them."""
    return {word.lower() for word in re.findall(r"\w+", sql)}


def _outline(db: duckdb.DuckDBPyConnection, layout: Layout) -> None:
    """Makes an empty table for a statement that lists tables or their columns."""
    name = layout.spec.name
    fields = schema(layout)
    empty = pa.schema([fields.field(slot.name) for _, slot in layout.shown]).empty_table()
    db.register(f"{name}__outline", empty)
    db.execute(_EMPTY.format(name=name))
    db.unregister(f"{name}__outline")


def _register(db: duckdb.DuckDBPyConnection, source: Source) -> tuple[Sequence[str], Head]:
    """Makes the view of a table; returns the files that it reads, and where the table stands."""
    layout = source.state.layout
    name, key = layout.spec.name, layout.spec.key_name
    shown = ", ".join(f'"{slot.name}"' for _, slot in layout.shown)
    files, changed = _read(source)
    fresh, gone = changed.rows, changed.deleted
    db.register(f"{name}__fresh", fresh)
    if not files:
        db.execute(_FRESH.format(name=name, shown=shown))
        return (), changed.head
    touched = pa.concat_arrays([*fresh.column(key).chunks, pa.array(gone, pa.string())])
    db.register(f"{name}__touched", pa.table({key: touched}))
    assert source.publication is not None
    if source.publication.filesystem is None:
        db.read_parquet(list(files)).create_view(f"{name}__published")
    else:
        try:
            there = ds.dataset(list(files), format="parquet", filesystem=source.publication.filesystem)
        except (OSError, pa.ArrowException):
            raise _Vanished from None
        db.register(f"{name}__published", there)
    db.execute(_OVERLAID.format(name=name, key=key, shown=shown))
    return files if source.publication.filesystem is None else (), changed.head


def _read(source: Source) -> tuple[Sequence[str], Changed]:
    """The published files, and what is newer than they."""
    state, publication = source.state, source.publication
    check_definition(state.layout, state.head())
    for _ in range(_ATTEMPTS):
        version = _head(publication)
        if publication is not None and version is not None and (kept := _kept(state, publication, version)):
            return kept
        if publication is None or version is None or not _usable(state, publication, version):
            break
        files = publication.files(version.number)
        if files is None:
            break
        try:
            changed = state.changed(version.stamp.change)
        except StaleCursor:
            continue  # published again while we looked
        if changed.head.generation == version.stamp.generation:
            return files, changed
    return (), state.changed(0)


def _head(publication: LakePublication | None) -> Version | None:
    try:
        return publication.head() if publication else None
    except (CursorLost, StorageError):
        return None  # the state has all rows as well


def _kept(
    state: TableState, publication: LakePublication, version: Version
) -> tuple[Sequence[str], Changed] | None:
    """The published rows alone, where another engine keeps them; None where the state answers."""
    stamp, layout = version.stamp, state.layout
    if not is_anothers(stamp, state.owned(publication.kind)) or stamp.fingerprint != layout.fingerprint:
        return None
    files = publication.files(version.number)
    if files is None:
        return None
    head = Head(
        generation=stamp.generation,
        cursor=stamp.cursor,
        change=stamp.change,
        fingerprint=stamp.fingerprint,
        epoch=0,
        parked=stamp.parked_count,
    )
    return files, Changed(head, schema(layout).empty_table(), [], [], [])


def _usable(state: TableState, publication: LakePublication, version: Version) -> bool:
    """Whether published rows and state speak of one history, so that one may be laid over the other."""
    head = state.head()
    return (
        version.stamp.generation == head.generation
        and version.stamp.fingerprint == head.fingerprint
        and is_ours(version.stamp, state.owned(publication.kind))
        and version.stamp.change in state.noted(publication.kind)
    )


@contextmanager
def _translated(known: Collection[str], *, vanishing: bool = False) -> Iterator[None]:
    """Says what DuckDB refuses in our words; leaves it alone where files that have vanished may be the reason."""
    try:
        yield
    except duckdb.CatalogException as error:
        if (missing := _MISSING.search(str(error))) is None:
            raise QueryInvalid(f"The query cannot be answered: {said(error)}.") from None
        near = get_close_matches(missing[1].lower(), known, 1)
        meant = f"; did you mean {near[0]}?" if near else "."
        tables = f"The tables are: {', '.join(sorted(known))}." if known else "The app has no tables."
        raise QueryInvalid(f"There is no table {missing[1]}{meant} {tables}") from None
    except (duckdb.Error, pa.ArrowException) as error:
        if vanishing and _UNREAD in str(error):
            raise _Vanished from None  # what it says may be all that a store has answered
        if no_room(error) or (vanishing and isinstance(error, duckdb.IOException)):
            raise
        raise QueryInvalid(f"The query cannot be answered: {said(error)}.") from None
