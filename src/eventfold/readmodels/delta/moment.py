"""A published moment as a Delta table with one commit: written aside, and there at once and whole by its name."""

import os
import secrets
import shutil
import time
from contextlib import suppress
from errno import EEXIST, ENOTDIR, ENOTEMPTY
from pathlib import Path

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, WriterProperties, write_deltalake

from eventfold.errors import StorageError
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.delta.commits import carried
from eventfold.readmodels.delta.copies import Copies
from eventfold.readmodels.delta.errors import translated
from eventfold.readmodels.delta.stamped import check_folder
from eventfold.readmodels.delta.statistics import PROPERTY, property_of
from eventfold.readmodels.publishing.moments import Kept, MomentStamp, read_moment

_SNAPPY = WriterProperties(compression="SNAPPY")
_ABANDONED_SECONDS = 86_400
"""After which what was written aside is taken for that of a process that was killed."""


def open_moment(folder: Path, layout: Layout) -> "DeltaMoment":
    """The place of a published moment.

    Raises:
        ConfigInvalid: the Delta library would take its path for another one.
    """
    check_folder(folder)
    return DeltaMoment(folder, layout)


class DeltaMoment:
    """See `MomentPlace` for what each method promises.

    Args:
        folder: that is named so.
        layout: of the table that is published there.
    """

    def __init__(self, folder: Path, layout: Layout) -> None:
        self._folder = folder
        self._layout = layout

    def kept(self) -> Kept | None:
        """By its stamp and by its rows: somebody may have written to it since."""
        if not (self._folder.exists() or self._folder.is_symlink()):
            return None
        stamp = Copies(self._folder, read_moment).read(0)
        if stamp is None:
            stamp = read_moment(carried(self._folder, 0, None).get(0))
        try:
            with translated("reading", self._folder):
                table = DeltaTable(str(self._folder))
                rows = table.to_pyarrow_dataset().to_table().sort_by(self._layout.spec.key_name)
        except (StorageError, pa.ArrowInvalid, KeyError):
            return Kept(stamp, None)
        return Kept(stamp, rows)

    def keep(self, rows: pa.Table, stamp: MomentStamp) -> bool:
        """A folder that is not empty gives no other one its name: whoever renames first has it."""
        aside = self._folder.with_name(f".{self._folder.name}.{secrets.token_hex(8)}")
        try:
            with translated("publishing", self._folder):
                self._sweep()
                aside.mkdir(parents=True)
                write_deltalake(
                    str(aside),
                    rows,
                    mode="error",
                    configuration=self._bounds(rows),
                    writer_properties=_SNAPPY,
                    commit_properties=CommitProperties(custom_metadata={"userMetadata": stamp.to_json()}),
                )
                Copies(aside, read_moment).write(0, stamp)
                return self._named(aside)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def _named(self, aside: Path) -> bool:
        try:
            aside.rename(self._folder)
        except OSError as error:
            if error.errno in {ENOTEMPTY, EEXIST, ENOTDIR}:
                return False
            raise
        descriptor = os.open(self._folder.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return True

    def _bounds(self, rows: pa.Table) -> dict[str, str | None] | None:
        wanted = property_of(self._layout)
        if wanted is None:
            return None
        return {PROPERTY: ",".join(name for name in wanted.split(",") if name in rows.column_names)}

    def _sweep(self) -> None:
        for left in self._folder.parent.glob(f".{self._folder.name}.*"):
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
                    shutil.rmtree(left)
