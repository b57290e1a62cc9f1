"""A published moment as a Delta table with one commit: written aside, and there at once and whole by its name."""

import os
import secrets
import shutil
import time
from contextlib import suppress
from errno import EEXIST, ENOTDIR, ENOTEMPTY
from pathlib import Path

import pyarrow as pa
from deltalake import CommitProperties, WriterProperties, write_deltalake

from eventfold.errors import StorageError
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.delta.commits import Carried, kept_commits
from eventfold.readmodels.delta.copies import Copies
from eventfold.readmodels.delta.errors import translated
from eventfold.readmodels.delta.making import make
from eventfold.readmodels.delta.places import open_place
from eventfold.readmodels.delta.places.folder import Folder
from eventfold.readmodels.delta.places.port import Place
from eventfold.readmodels.delta.statistics import PROPERTY, property_of
from eventfold.readmodels.publishing.moments import Kept, MomentStamp, read_moment

_SNAPPY = WriterProperties(compression="SNAPPY")
_ABANDONED_SECONDS = 86_400
"""After which what was written aside is taken for that of a process that was killed."""


def open_moment(lake: str, name: str, layout: Layout) -> "DeltaMoment | FarMoment":
    """The place of a published moment; errors as `open_place`."""
    place = open_place(lake, name)
    return DeltaMoment(place, layout) if isinstance(place, Folder) else FarMoment(place, layout)


def _kept(place: Place, layout: Layout) -> Kept:
    """By its stamp and by its rows: somebody may have written to it since."""
    stamp = None
    try:
        with translated("reading", place):
            stamp = Copies(place, read_moment).read(0)
            if stamp is None and (carried := Carried(place, 0, None).get(0)) is not None:
                stamp = read_moment(carried.metadata)
            rows = place.table().to_pyarrow_dataset().to_table().sort_by(layout.spec.key_name)
    except (StorageError, pa.ArrowInvalid, KeyError):
        return Kept(stamp, None)
    return Kept(stamp, rows)


def _write(place: Place, layout: Layout, rows: pa.Table, stamp: MomentStamp) -> None:
    wanted = property_of(layout)
    bounds = None if wanted is None else [name for name in wanted.split(",") if name in rows.column_names]
    write_deltalake(
        place.uri,
        rows,
        mode="error",
        configuration=None if bounds is None else {PROPERTY: ",".join(bounds)},
        writer_properties=_SNAPPY,
        commit_properties=CommitProperties(custom_metadata={"userMetadata": stamp.to_json()}),
        storage_options=place.options,
    )


class FarMoment:
    """In an object store, which has no rename; see `MomentPlace` for what each method promises.

    Args:
        place: that is named so.
        layout: of the table that is published there.
    """

    def __init__(self, place: Place, layout: Layout) -> None:
        self._place = place
        self._layout = layout

    def kept(self) -> Kept | None:
        """What somebody has left aside who died does not count."""
        with translated("reading", self._place):
            if not kept_commits(self._place) and not self._place.names(""):
                return None
        return _kept(self._place, self._layout)

    def keep(self, rows: pa.Table, stamp: MomentStamp) -> bool:
        """Whoever puts the first commit there has the name."""
        with translated("publishing", self._place):
            if not make(self._place, lambda aside: _write(aside, self._layout, rows, stamp)):
                return False
            Copies(self._place, read_moment).write(0, stamp)
            return True


class DeltaMoment:
    """In a folder; see `MomentPlace` for what each method promises.

    Args:
        place: that is named so.
        layout: of the table that is published there.
    """

    def __init__(self, place: Folder, layout: Layout) -> None:
        self._place = place
        self._folder = place.folder
        self._layout = layout

    def kept(self) -> Kept | None:
        """Whatever stands there."""
        if not (self._folder.exists() or self._folder.is_symlink()):
            return None
        return _kept(self._place, self._layout)

    def keep(self, rows: pa.Table, stamp: MomentStamp) -> bool:
        """A folder that is not empty gives no other one its name: whoever renames first has it."""
        aside = self._folder.with_name(f".{self._folder.name}.{secrets.token_hex(8)}")
        try:
            with translated("publishing", self._place):
                self._sweep()
                aside.mkdir(parents=True)
                _write(Folder(aside), self._layout, rows, stamp)
                Copies(Folder(aside), read_moment).write(0, stamp)
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

    def _sweep(self) -> None:
        for left in self._folder.parent.glob(f".{self._folder.name}.*"):
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
                    shutil.rmtree(left)
