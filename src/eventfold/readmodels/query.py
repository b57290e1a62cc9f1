"""SQL over the tables: DuckDB reads the published rows and lays the fresher ones of the state over them.

Reads only: nothing outside the given tables can be reached from a statement, no file, no address, no setting.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import msgspec
import pyarrow as pa

from eventfold.errors import CursorLost, QueryInvalid, StaleCursor, StorageFailed
from eventfold.readmodels.port import TableState
from eventfold.readmodels.projector import check_definition
from eventfold.readmodels.publication import Publication, Version
from eventfold.readmodels.scratch import scratch

_ATTEMPTS = 5
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_READS = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
# identifiers below come from table definitions only, whose names are checked when the class is built
_OVERLAID = """
CREATE VIEW "{name}" AS
SELECT {shown} FROM "{name}__published" ANTI JOIN "{name}__touched" USING ("{key}")
UNION ALL SELECT {shown} FROM "{name}__fresh"
"""
_FRESH = 'CREATE VIEW "{name}" AS SELECT {shown} FROM "{name}__fresh"'


class Source(msgspec.Struct, frozen=True):
    """A table that may be asked.

    Attributes:
        state: has its newest rows.
        publication: has most of them in a form that is read quickly, if there is one.
    """

    state: TableState
    publication: Publication | None = None


class Result(msgspec.Struct, frozen=True):
    """What a query answers.

    Attributes:
        arrow: an Arrow table.
    """

    arrow: pa.Table

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self.arrow.column_names)

    def rows(self) -> list[dict[str, Any]]:
        """The rows as maps."""
        found: list[dict[str, Any]] = self.arrow.to_pylist()
        return found

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """The rows as tuples."""
        return zip(*(column.to_pylist() for column in self.arrow.columns), strict=True)

    def __len__(self) -> int:
        """The number of rows."""
        return int(self.arrow.num_rows)


def query(
    sources: Iterable[Source], sql: str, parameters: Sequence[object] | Mapping[str, object] = ()
) -> Result:
    """Answers one SELECT over tables, each read in one instant.

    Args:
        sources: the tables; those whose names the statement does not contain are not read.
        sql: one SELECT (or EXPLAIN) in DuckDB's SQL.
        parameters: values for `?` or `$name`.

    Raises:
        QueryInvalid: it is no single SELECT, or DuckDB refuses it.
        TableInvalid: the rows of a table were folded under another definition.
    """
    try:
        sql.encode()
    except UnicodeEncodeError:
        raise QueryInvalid("The query is not UTF-8.") from None
    with duckdb.connect(":memory:", config={**_CONFIG, "temp_directory": scratch()}) as db:
        db.execute("SET TimeZone = 'UTC'")
        with _translated():
            statements = db.extract_statements(sql)
        if len(statements) != 1 or statements[0].type not in _READS:
            raise QueryInvalid("A query is one SELECT; tables change through events only.")
        words = names_in(sql)
        files: list[str] = []
        for source in sources:
            if source.state.layout.spec.name in words:
                files += _register(db, source)
        db.execute("SET allowed_paths = $files", {"files": files})
        db.execute("SET enable_external_access = false")
        db.execute("SET lock_configuration = true")
        with _translated():
            found = db.sql(sql, params=parameters or None).to_arrow_table()
    if twice := [name for name in found.column_names if found.column_names.count(name) > 1]:
        raise QueryInvalid(
            f"Two columns of the answer are called {twice[0]!r}: give one another name with AS."
        )
    return Result(found)


def names_in(sql: str) -> set[str]:
    """Every word of a statement in lower case: the tables that it asks are among them."""
    return {word.lower() for word in re.findall(r"\w+", sql)}


def _register(db: duckdb.DuckDBPyConnection, source: Source) -> Sequence[str]:
    """Makes the view of a table; returns the files that it reads."""
    layout = source.state.layout
    name, key = layout.spec.name, layout.spec.key_name
    shown = ", ".join(f'"{slot.name}"' for _, slot in layout.shown)
    files, fresh, gone = _read(source)
    db.register(f"{name}__fresh", fresh)
    if not files:
        db.execute(_FRESH.format(name=name, shown=shown))
        return ()
    touched = pa.concat_arrays([*fresh.column(key).chunks, pa.array(gone, pa.string())])
    db.register(f"{name}__touched", pa.table({key: touched}))
    db.read_parquet(list(files)).create_view(f"{name}__published")
    db.execute(_OVERLAID.format(name=name, key=key, shown=shown))
    return files


def _read(source: Source) -> tuple[Sequence[str], pa.Table, Sequence[str]]:
    """The published files, the rows that are newer than they, and the keys removed since."""
    state, publication = source.state, source.publication
    check_definition(state.layout, state.head())
    for _ in range(_ATTEMPTS):
        version = _head(publication)
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
            return files, changed.rows, changed.deleted
    return (), state.changed(0).rows, ()


def _head(publication: Publication | None) -> Version | None:
    try:
        return publication.head() if publication else None
    except (CursorLost, StorageFailed):
        return None  # the state has all rows as well


def _usable(state: TableState, publication: Publication, version: Version) -> bool:
    """Whether published rows and state speak of one history, so that one may be laid over the other."""
    head = state.head()
    return (
        version.stamp.generation == head.generation
        and version.stamp.fingerprint == head.fingerprint
        and version.stamp.change in state.noted(publication.kind)
    )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise QueryInvalid(f"The query cannot be answered: {error}") from None
