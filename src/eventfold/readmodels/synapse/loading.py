"""What of a published table a script loads: the live Parquet files of one stamped version, one by one.

COPY reads Parquet and knows nothing of Delta. A folder, or a wildcard, would bring rows back that were deleted or
replaced since, for the files of earlier versions stay for a while.
"""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from eventfold.errors import CursorLost, NotFound, StorageFailed, TableInvalid
from eventfold.extras import needing
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.publishing.publication import Stamp
from eventfold.readmodels.synapse.names import is_path
from eventfold.readmodels.telling import rebuilding

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

    from eventfold.readmodels.publishing.publication import LakePublication


class Loaded(msgspec.Struct, frozen=True):
    """A version that is loaded.

    Attributes:
        layout: of the table.
        number: of the version.
        stamp: what it contains.
        newest: whether nothing was published since.
        files: names of its files, in the folder of the table.
        rows: how many they have together.
        retention: how long files stay that a later version has replaced, as the table says it.
    """

    layout: Layout
    number: int
    stamp: Stamp
    newest: bool
    files: Sequence[str]
    rows: int
    retention: str


def find(layout: Layout, publication: "LakePublication", number: int | None = None) -> Loaded:
    """The files of a version.

    Args:
        layout: of the table.
        publication: where it is published.
        number: of the version; None = the newest one that has a stamp.

    Raises:
        TableInvalid: the table has a list, which a dedicated pool has not.
        NotFound: there is no such version, or its files have been cleaned up.
        CursorLost: its rows are not those that its stamp says.
        StorageFailed: a file cannot be read, or is none that COPY could be told of.
    """
    name = layout.spec.name
    if lists := [slot.name for slot in layout.slots if slot.is_list and not slot.hidden]:
        raise TableInvalid(
            f"{name}.{lists[0]} is a list, and a dedicated pool has none: read the table through the serverless pool,"
            " `eventfold synapse --pool serverless`.",
            table=name,
        )
    head = publication.head()
    if head is None:
        raise NotFound(f"The table {name} was never published: `eventfold run --once` does it.", table=name)
    wanted = head.number if number is None else number
    stamp = publication.stamp(wanted) if wanted <= head.number else None
    if stamp is None and (wanted == head.number or wanted in publication.versions()):
        raise CursorLost(
            f"Version {wanted} of {name} has no stamp of ours, or other rows than that says: somebody else wrote it."
            f" Choose another --version, or publish anew with {rebuilding(name)}.",
            table=name,
        )
    files = publication.files(wanted) if stamp is not None else None
    if files is None and stamp is not None and wanted == head.number:
        # somebody has joined its files to others since, and cleaned up
        files = publication.files() if publication.head() == head else None
    if stamp is None or files is None:
        raise NotFound(
            f"There is no version {wanted} of {name} with all its files: take the newest one, without --version.",
            table=name,
        )
    return Loaded(
        layout=layout,
        number=wanted,
        stamp=stamp,
        newest=wanted == head.number,
        files=[_checked(PurePosixPath(file), name, publication.filesystem) for file in files],
        rows=sum(_rows(file, publication.filesystem, layout) for file in files),
        retention=publication.retention(),
    )


def _checked(file: PurePosixPath, table: str, filesystem: "FileSystem | None") -> str:
    """The name of a file; a published table is not divided into folders."""
    # in an object store the file system begins in the folder of the table
    folder = "" if filesystem is not None else table
    if file.parent.name != folder or not is_path(file.name):
        raise StorageFailed(
            f"{file} of {table} was named by somebody else in a way that a script cannot repeat: publish it anew, with"
            f" {rebuilding(table)}.",
            table=table,
        )
    return file.name


def _rows(file: str, filesystem: "FileSystem | None", layout: Layout) -> int:
    """How many rows a file has, whose columns have to stand in the order of the layout: COPY goes by their place."""
    with needing("Reading the files of a table", "lake"):
        import pyarrow as pa
        from pyarrow import parquet
    try:
        with parquet.ParquetFile(file, filesystem=filesystem) as found:
            names, rows = found.schema_arrow.names, found.metadata.num_rows
    except (OSError, pa.ArrowInvalid) as error:
        raise StorageFailed(f"{file} cannot be read: {error}.", table=layout.spec.name) from error
    if names != [slot.name for slot in layout.slots]:
        raise StorageFailed(
            f"{file} has other columns than {layout.spec.name} has now: publish it anew, with"
            f" {rebuilding(layout.spec.name)}.",
            table=layout.spec.name,
        )
    return int(rows)
