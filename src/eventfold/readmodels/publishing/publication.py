"""The ports of publications: where whole rows go for others to read, each version stamped with what it contains.

Rows come in batches, so that no publication needs all of them in memory. A `LakePublication` is more than others read:
its earlier versions answer what was, and other engines keep it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from eventfold.feed.cursor import Cursor
from eventfold.feed.parking import ParkedStream, Skip
from eventfold.readmodels.port import Head

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.fs import FileSystem

PARKED_NAMES = 1_000
EMBEDDED = "embedded"
SPARK = "spark"
ENGINES = (EMBEDDED, SPARK)
"""As stamps name them."""


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """What a published version contains: the fold of the log up to a cursor, minus the parked events.

    Attributes:
        log: the id of the log.
        table: the name of the table.
        generation: counts the rebuilds of the table.
        change: number of the commit that it contains, as the engine that wrote it counts; it means something only
            together with that engine and its epoch.
        cursor: the events that it contains.
        fingerprint: of the definition.
        parked: the parked streams, the first thousand by name.
        parked_count: how many streams are parked.
        engine: that wrote it.
        epoch: counts by how many take-overs the table came to that engine.
        parked_file: the name of the file that says what the version leaves out, see `parkedfile`; empty where it leaves
            nothing out, None in the stamps of earlier eventfolds, which wrote none.
        parked_sha256: of the bytes of that file.
    """

    log: str
    table: str
    generation: int
    change: int
    cursor: Cursor
    fingerprint: str
    parked: tuple[str, ...] = ()
    parked_count: int = 0
    engine: str = EMBEDDED
    epoch: int = 0
    parked_file: str | None = None
    parked_sha256: str = ""

    def to_json(self) -> str:
        """The stamp as text, in the form in which every engine writes it."""
        return msgspec.json.encode(self, order="sorted").decode()


def stamp_of(table: str, head: Head, *, epoch: int = 0) -> Stamp:
    """The stamp of a state at one instant; whoever writes the version names in it what that leaves out."""
    return Stamp(
        log=head.cursor.log,
        table=table,
        generation=head.generation,
        change=head.change,
        cursor=head.cursor,
        fingerprint=head.fingerprint,
        epoch=epoch,
    )


def named_streams(parked: Sequence[ParkedStream]) -> tuple[str, ...]:
    """The names of parked streams that stand in a stamp."""
    return tuple(sorted(one.stream for one in parked)[:PARKED_NAMES])


class LeftOut(msgspec.Struct, frozen=True):
    """What the rows of a version do not contain of the log up to its cursor.

    Attributes:
        parked: the parked streams.
        skips: the events that people decided to leave out.
    """

    parked: tuple[ParkedStream, ...] = ()
    skips: tuple[Skip, ...] = ()


NOTHING = LeftOut()


_decode = msgspec.json.Decoder(Stamp).decode


def read_stamp(text: str | bytes | None) -> Stamp | None:
    """The stamp that was written as this text; None where it is none, as after damage or in commits of others."""
    try:
        return None if text is None else _decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


class Version(NamedTuple):
    """A published version.

    Attributes:
        number: of the version that carries the stamp.
        stamp: what it contains.
        intact: the newest rows are those of the stamp: nobody but us has changed them. Maintenance of files does not
            count as a change where it leaves as many rows as it found.
        bounded: readers that skip by what the publication tells of its files find every row; else it is to be written
            anew.
    """

    number: int
    stamp: Stamp
    intact: bool = True
    bounded: bool = True


class Prepared(NamedTuple):
    """What a commit must carry that an engine writes by itself.

    Attributes:
        on: the version that was looked at.
        stamp: as it is to be committed; the file that it names is written.
        application: whose transaction the commit records.
        transaction: its number, which fences.
    """

    on: Version
    stamp: Stamp
    application: str
    transaction: int


class PublicationCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a publication can do besides holding the newest rows.

    Attributes:
        past: it still has earlier versions, and what each of them leaves out; it is a `LakePublication`.
        files: its rows lie in Parquet files that others open.
        every: seconds between two versions that suit it, where nothing else is said.
    """

    past: bool = False
    files: bool = False
    every: float = 5.0


class Publication(Protocol):
    """One table published in one place. Every write carries a stamp and is fenced against any other writer."""

    @property
    def kind(self) -> str:
        """The name under which a state notes what was published, for example `delta`."""

    @property
    def capabilities(self) -> PublicationCapabilities:
        """What it can do."""

    def head(self) -> Version | None:
        """The newest stamped version; None where nothing was ever published.

        Raises:
            CursorLost: there is a table, but no stamp says what it contains.
            ForeignCursor: it was published from another log.
        """

    def merge(
        self,
        on: Version,
        rows: "pa.RecordBatchReader",
        deleted: Sequence[str],
        stamp: Stamp,
        left_out: LeftOut = NOTHING,
    ) -> Version:
        """Upserts whole rows and deletes keys in one new version; without either it moves the stamp alone.

        Where reading the rows fails, nothing is written.

        Args:
            on: the version that was looked at; where another has come since, nothing is written.
            rows: in the form of `arrowform.schema`; no key twice, and none that is deleted. They are read once, in
                whichever thread.
            deleted: keys; those that are not there are left out.
            stamp: what the new version contains.
            left_out: and what it leaves out, which is written before it and named in its stamp.

        Raises:
            StaleCursor: another writer was quicker; nothing was written.
            StorageFailed: look at `head` before anything else.
        """

    def overwrite(
        self, on: Version | None, rows: "pa.RecordBatchReader", stamp: Stamp, left_out: LeftOut = NOTHING
    ) -> Version:
        """Replaces all rows, and the columns, in one new version; errors as `merge`.

        Without `on` the table is made; where one is there, it is replaced only if it is known to be of this log.

        Raises:
            CursorLost: a table is there that cannot be shown to be ours.
        """

    def lacks_files(self) -> bool:
        """Whether files of the newest version are gone, so that nobody can read all its rows; not where it has none.

        Each is looked for and none is opened: a question for each call that asks to have everything published, not for
        each page that is folded.
        """


class LakePublication(Publication, Protocol):
    """A publication whose earlier versions are kept, and which more than one engine may keep, one after the other."""

    def claim(self, on: Version, stamp: Stamp) -> Version:
        """A new version with the rows of the one that was looked at, and another stamp; errors as `merge`.

        Args:
            on: the version that was looked at; its rows need not be intact.
            stamp: with the engine that takes the table over and the next epoch; else as that of `on`.
        """

    def prepare(self, on: Version, stamp: Stamp, left_out: LeftOut = NOTHING) -> Prepared:
        """For an engine that writes the commit by itself: looks at the table and writes the file of what is left out.

        Args:
            on: the version that was looked at.
            stamp: what the new version will contain.
            left_out: and what it will leave out.

        Raises:
            StaleCursor: another version has come since `on`.
            StorageFailed: it cannot be read or written now.
        """

    def landed(self, prepared: Prepared) -> Version:
        """The version that an engine has written with what was prepared.

        Raises:
            StaleCursor: there is none: somebody else was quicker, or nothing had changed.
        """

    def left_out(self, stamp: Stamp) -> LeftOut:
        """What the version of a stamp leaves out, so that whoever takes it over can go on.

        Raises:
            CursorLost: that is not known any more.
            StorageError: it cannot be read now.
        """

    def versions(self) -> Sequence[int]:
        """The versions that may carry a stamp, ascending."""

    def stamp(self, number: int) -> Stamp | None:
        """The stamp of a version, if it has one that can be read and its rows are known to be those that it says."""

    def rows(self, number: int) -> "pa.Table | None":
        """The rows of a version in the form of `arrowform.schema`; None where its files are no longer there.

        They are those that the version has, whatever its stamp says: for who looks at what others did.
        """

    @property
    def filesystem(self) -> "FileSystem | None":
        """What reads `files`; None: they are full paths on this machine."""

    def retention(self) -> str:
        """How long files stay that a later version has replaced: `interval 1 week`, or that it is not known."""

    def files(self, number: int | None = None) -> Sequence[str] | None:
        """The Parquet files of a version (None: of the newest one); None where they are no longer there.

        None also where the version is known to have other rows than its stamp says.
        """
