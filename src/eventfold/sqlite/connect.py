"""Opening connections: one manner for files and for memory."""

import contextlib
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

import apsw
import msgspec

from eventfold.errors import ConfigInvalid, FormatUnknown, StorageBusy, StorageFailed, StoreClosed
from eventfold.sqlite.errors import translated
from eventfold.sqlite.frozen import Frozen, may_only_read

T = TypeVar("T")
BUSY_SECONDS = 10.0
Synchronous = Literal["FULL", "NORMAL"]
_FAMILY = 0x657666
"""The first three bytes of the application ids of all our files."""
_BESIDE = ("-wal", "-shm", "-journal")


class Place(msgspec.Struct, frozen=True):
    """Where a database is kept.

    Attributes:
        path: the file; empty for memory.
        memory: the name of a database in memory, shared by the connections of this process.
    """

    path: str = ""
    memory: str = ""

    def beside(self, suffix: str) -> "Place":
        """The place of a second database that belongs to this one."""
        return Place(path=self.path + suffix) if self.path else Place(memory=self.memory + suffix)

    @property
    def uri(self) -> str:
        """What SQLite opens."""
        if self.memory:
            return f"file:/{self.memory}?vfs=memdb"
        return Path(self.path).absolute().as_uri()


def place_of_url(url: str, known: frozenset[str] = frozenset()) -> tuple[Place, dict[str, str]]:
    """The place and the options of a URL: `sqlite:///relative`, `sqlite:////absolute`, `sqlite://` for memory.

    Raises:
        ConfigInvalid: an option that is not known, or a host.
    """
    rest = url.partition("://")[2]
    path, _, query = rest.partition("?")
    options = dict(pair.partition("=")[::2] for pair in query.split("&") if pair)
    if unknown := options.keys() - known:
        raise ConfigInvalid(
            f"A sqlite URL has no option {min(unknown)!r}; known: {', '.join(sorted(known)) or 'none'}."
        )
    if not path:
        return Place(memory=f"eventfold-{uuid.uuid4()}"), options
    if not path.startswith("/") or len(path) < 2:
        raise ConfigInvalid("Write sqlite:///file.db (three slashes) for a file, sqlite:// for memory.")
    return Place(path=path[1:]), options


def connect(place: Place, *, read_only: bool = False, synchronous: Synchronous = "FULL") -> apsw.Connection:
    """A connection in WAL mode that waits for other writers; one that can only read, where nothing can be written.

    Raises:
        ConfigInvalid: a new file that SQLite would take for one of those that it keeps beside a database.
        FormatUnknown: another program's file, which is left as it is.
        StorageError: it cannot be opened.
    """
    if place.path.lower().endswith(_BESIDE) and not Path(place.path).exists():
        raise ConfigInvalid(
            f"{place.path} ends as what SQLite keeps beside a database, and would be taken for that: use another name."
        )
    with translated("opening", place.path):
        try:
            connection = _connect(place, synchronous)
        except (apsw.CantOpenError, apsw.ReadOnlyError):
            if not place.path or not may_only_read(Path(place.path)):
                raise
            connection = Frozen(place.path, place.uri)
        if read_only:
            connection.execute("PRAGMA query_only=ON")
    return connection


def _connect(place: Place, synchronous: Synchronous) -> apsw.Connection:
    flags = apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    connection = apsw.Connection(place.uri, flags=flags)
    try:
        connection.set_busy_timeout(int(BUSY_SECONDS * 1000))
        connection.execute(f"PRAGMA synchronous={synchronous}; PRAGMA foreign_keys=ON")
        if place.path:
            _use_wal(connection, place.path)
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()  # opens the files beside it
    except BaseException:
        connection.close()
        raise
    return connection


def claim(
    connection: apsw.Connection,
    application_id: int,
    version: int,
    schema: str,
    upgrades: Mapping[int, str] | None = None,
) -> bool:
    """Makes the tables of a new file, or checks that an existing one is of this kind; True where it was made.

    Args:
        connection: to the file.
        application_id: of this kind of file.
        version: of its form.
        schema: makes a new file of the first form.
        upgrades: an older form -> what makes the next one of it, of new files too; done in the transaction that looks.

    Raises:
        FormatUnknown: another program's file, or of a later release; nothing was written.
    """
    with translated("opening", connection.filename):
        if _form(connection, application_id, version) == version:
            return False
        connection.execute("BEGIN IMMEDIATE")
        try:
            found = _form(connection, application_id, version)  # another process may have been quicker
            made = found == 0
            if made:
                connection.execute(schema)
            for older in range(found or 1, version):
                connection.execute((upgrades or {})[older])
            if found != version:
                connection.execute(f"PRAGMA application_id={application_id}; PRAGMA user_version={version}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    return made


def _form(connection: apsw.Connection, application_id: int, version: int) -> int:
    """The form of the file; 0 where it is new."""
    kind, found, tables = connection.execute(
        "SELECT (SELECT * FROM pragma_application_id), (SELECT * FROM pragma_user_version),"
        " (SELECT count(*) FROM sqlite_schema)"
    ).fetchone() or (0, 0, 0)
    if kind == application_id and 0 < found <= version:
        return found
    if kind == application_id:
        raise FormatUnknown(
            f"{connection.filename} has format {found}; this release knows up to {version}: install a later one."
        )
    if kind or tables:
        raise FormatUnknown(f"{connection.filename} belongs to another program; give another path.")
    return 0


def _use_wal(connection: apsw.Connection, path: str) -> None:
    # the switch to WAL does not call the busy handler, so two processes that make one file must try again themselves
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            if connection.execute("PRAGMA journal_mode").get == "wal":
                return
            kind, tables = connection.execute(
                "SELECT (SELECT * FROM pragma_application_id), (SELECT count(*) FROM sqlite_schema)"
            ).fetchone() or (0, 0)
            if (kind or tables) and kind >> 8 != _FAMILY:
                raise FormatUnknown(f"{path} belongs to another program; give another path.")
            mode = connection.execute("PRAGMA journal_mode=WAL").get
        except (apsw.BusyError, apsw.LockedError):
            if time.monotonic() > until:
                raise StorageBusy(f"Another process holds {path}; it cannot be opened.") from None
            time.sleep(0.01)
            continue
        if mode != "wal":
            raise StorageFailed(
                f"The file system of {path} does not support SQLite's WAL mode; use a local disk."
            )
        return


def fetch(connection: apsw.Connection, statement: str, bindings: Any = None) -> list[Any]:
    """All rows of a query as tuples, whose types are those of its columns."""
    return connection.execute(statement, bindings).fetchall()


class Pool:
    """Connections for readers, handed out one at a time.

    Args:
        place: of the file.
        what: it is called in the sentence that says it is closed.
    """

    def __init__(self, place: Place, what: str = "store") -> None:
        self._place = place
        self._what = what
        self._lock = threading.Lock()
        self._idle: list[apsw.Connection] = []
        self.closed = False

    def check(self) -> None:
        """Refuses to go on when it is closed.

        Raises:
            StoreClosed: it is.
        """
        if self.closed:
            raise StoreClosed(f"The {self._what} is closed.")

    @property
    def blocks_writers(self) -> bool:
        """Whether a snapshot keeps writers waiting while it is open: in memory there is no WAL."""
        return bool(self._place.memory)

    def while_open(self, rows: Iterable[T]) -> Iterator[T]:
        """The rows, for as long as it is open: who reads on after that is told."""
        for row in rows:
            self.check()
            yield row
        self.check()

    @contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        """A connection for some statements; everything read between `snapshot` and the end is of one instant."""
        with self._lock:
            self.check()
            connection = self._idle.pop() if self._idle else None
        if isinstance(connection, Frozen) and connection.changed:
            connection.close()
            connection = None
        if connection is None:
            connection = connect(self._place, read_only=True)
        try:
            with translated("reading", self._place.path):
                yield connection
            if isinstance(connection, Frozen):
                connection.check()
        finally:
            if connection.in_transaction:
                with contextlib.suppress(apsw.Error):
                    connection.execute("ROLLBACK")
            with self._lock:
                keep = not self.closed
                if keep:
                    self._idle.append(connection)
            if not keep:
                connection.close()

    @contextmanager
    def snapshot(self) -> Iterator[apsw.Connection]:
        """As `reading`, everything of one instant."""
        with self.reading() as connection:
            connection.execute("BEGIN")
            yield connection

    def close(self) -> None:
        """Closes the idle connections now, those in use when they come back."""
        with self._lock:
            self.closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
