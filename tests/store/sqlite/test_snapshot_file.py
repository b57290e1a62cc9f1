"""The file of the snapshots: a damaged one is made anew, one that is not ours stays as it is."""

from pathlib import Path

import apsw
import pytest

from eventfold import open_store
from eventfold.errors import FormatUnknown
from eventfold.store.port import Snapshot


def snapshot(log_id: str) -> Snapshot:
    return Snapshot(
        log=log_id, stream="box-1", version=1, category="box", fingerprint="x", recorded_us=0, state="{}"
    )


@pytest.mark.parametrize(
    "pragma", ["", "PRAGMA application_id=7", "PRAGMA application_id=0x65766673; PRAGMA user_version=9"]
)
def test_a_file_of_another_program_or_a_later_release_is_not_deleted(tmp_path: Path, pragma: str) -> None:
    path = tmp_path / "log.db.snapshots"
    other = apsw.Connection(str(path))
    other.execute(f"CREATE TABLE precious (x); {pragma}")
    other.close()
    store = open_store(f"sqlite:///{tmp_path}/log.db")
    with pytest.raises(FormatUnknown):
        store.snapshots().load("box-1")
    with pytest.raises(FormatUnknown):
        store.snapshots().save(snapshot(store.log_id))
    store.close()
    other = apsw.Connection(str(path))
    assert other.execute("SELECT name FROM sqlite_schema").get == "precious"
    other.close()


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "log.db.snapshots").write_bytes(
        b"not a database at all, but long enough to be read as one" * 99
    )
    store = open_store(f"sqlite:///{tmp_path}/log.db")
    assert store.snapshots().load("box-1") is None
    store.snapshots().save(snapshot(store.log_id))
    assert store.snapshots().load("box-1") == snapshot(store.log_id)
    store.close()
