"""What every commit of ours carries: the fence and a stamp, and the file that it names, written before the commit."""

from deltalake import CommitProperties, DeltaTable

from eventfold.readmodels.delta.commits import kept_commits, read_commit
from eventfold.readmodels.delta.copies import Copies
from eventfold.readmodels.delta.places.port import Place, parked_files
from eventfold.readmodels.delta.stamped import fenced, next_transaction
from eventfold.readmodels.publishing.parkedfile import left_out_by, seal, sweep
from eventfold.readmodels.publishing.publication import LeftOut, Prepared, Stamp, Version

_FILES = 128
"""How many parked files stand there at least before they are swept."""


class Sealing:
    """Seals the commits of one table.

    Args:
        place: of the table.
        application: the beginning of the names of our transactions.
        copies: of its stamps.
    """

    def __init__(self, place: Place, application: str, copies: Copies[Stamp]) -> None:
        self._place = place
        self._application = application
        self._copies = copies
        self._folder = parked_files(place)
        self._sweep_above = _FILES

    def seal(
        self, table: DeltaTable | None, stamp: Stamp, left_out: LeftOut, before: Stamp | None
    ) -> tuple[Stamp, CommitProperties]:
        """The stamp as it is to be committed, and the properties of that commit; for one commit onto this snapshot.

        Args:
            table: the snapshot that is written to; None where the table is made.
            stamp: of the new version.
            left_out: what the new version leaves out.
            before: the stamp of the version that was looked at.
        """
        sealed = seal(self._folder, stamp, self._next(table, stamp), left_out, before)
        return sealed, self.properties(table, sealed)

    def prepare(self, table: DeltaTable, on: Version, stamp: Stamp, left_out: LeftOut) -> Prepared:
        """As `seal`, for a commit that another library writes onto this snapshot."""
        transaction = self._next(table, stamp)
        sealed = seal(self._folder, stamp, transaction, left_out, on.stamp)
        return Prepared(on, sealed, self._name(sealed), transaction)

    def properties(self, table: DeltaTable | None, sealed: Stamp) -> CommitProperties:
        """The properties of a commit onto this snapshot, with a stamp whose file is there."""
        return fenced(self._name(sealed), self._next(table, sealed), sealed)

    def left_out(self, stamp: Stamp) -> LeftOut:
        """What a version leaves out; see `LakePublication.left_out`."""
        return left_out_by(self._folder, stamp)

    def sweep(self, table: DeltaTable, stamp: Stamp) -> None:
        """Removes parked files that no version names which the log still tells of, once there are many.

        Args:
            table: the version that was just committed.
            stamp: its stamp.
        """
        if not stamp.parked_file or len(self._folder.names()) <= self._sweep_above:
            return
        oldest = min((*kept_commits(self._place), *_checkpoints(self._place)), default=table.version())
        stamps = [self._stamp(number) for number in range(oldest, table.version() + 1)]
        named = {one.parked_file for one in (*stamps, stamp) if one is not None and one.parked_file}
        recorded = table.transaction_version(self._name(stamp)) or 0
        left = sweep(self._folder, named, (stamp.generation, recorded))
        self._sweep_above = max(
            _FILES, 2 * left
        )  # many may be kept for long: not every commit looks at all versions

    def _name(self, stamp: Stamp) -> str:
        return f"{self._application}/{stamp.generation}"

    def _next(self, table: DeltaTable | None, stamp: Stamp) -> int:
        return next_transaction(table, self._name(stamp))

    def _stamp(self, number: int) -> Stamp | None:
        found = self._copies.read(number)
        commit = read_commit(self._place, number) if found is None else None
        return commit.stamp if commit else found


def _checkpoints(place: Place) -> list[int]:
    files = (
        name for name in place.names("_delta_log") if name.endswith(".parquet") and ".checkpoint" in name
    )
    names = [name.partition(".")[0] for name in files]
    return [int(name) for name in names if name.isdecimal()]
