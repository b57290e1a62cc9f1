"""The file that says what a published version leaves out: create-only, named by the stamp with its hash."""

import hashlib
import json
from collections.abc import Collection
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from eventfold.errors import CursorLost, StorageFailed
from eventfold.feed.cursor import Cursor
from eventfold.feed.parking import ParkedStream, Skip
from eventfold.readmodels.delta.places.folder import Folder
from eventfold.readmodels.delta.places.port import parked_files
from eventfold.readmodels.publishing.parkedfile import MESSAGE, left_out_by, seal, sweep
from eventfold.readmodels.publishing.publication import NOTHING, LeftOut, Stamp, read_stamp

STAMP = Stamp(log="l", table="boxes", generation=3, change=7, cursor=Cursor("l", {}), fingerprint="f")


class Bucket:
    """An object store, as far as parked files go."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def create(self, name: str, content: bytes) -> bool:
        return self.files.setdefault(name, content) is content

    def read(self, name: str) -> bytes | None:
        return self.files.get(name)

    def names(self) -> Collection[str]:
        return list(self.files)

    def remove(self, name: str) -> None:
        self.files.pop(name, None)


def waiting(stream: str = "box-1", last_version: int = 4, message: str = "no number") -> ParkedStream:
    return ParkedStream(
        stream=stream,
        version=2,
        position=9,
        partition="0",
        event_id="e",
        type="Noted",
        code="value-unfit",
        message=message,
        attempts=3,
        last_version=last_version,
        parked_us=1,
    )


def skipped(version: int = 1) -> Skip:
    return Skip(stream="box-2", version=version, reason="a test", actor="ann", skipped_us=2)


@given(
    st.lists(st.builds(waiting, st.text(min_size=1), st.integers(2), st.text(max_size=MESSAGE)), max_size=5),
    st.lists(st.builds(skipped, st.integers(1, 9)), max_size=5),
)
def test_what_is_left_out_comes_back_in_whatever_order_it_was_given(
    parked: list[ParkedStream], skips: list[Skip]
) -> None:
    folder, left_out = Bucket(), LeftOut(tuple(parked), tuple(skips))
    sealed = seal(folder, STAMP, 5, left_out, None)
    found = left_out_by(folder, sealed)
    assert sorted(found.parked, key=repr) == sorted(parked, key=repr)
    assert sorted(found.skips, key=repr) == sorted(skips, key=repr)
    assert sealed.parked_count == len(parked)
    other = LeftOut(tuple(sorted(parked, key=repr)), tuple(reversed(skips)))
    if len({p.stream for p in parked}) == len(parked) and len({s.version for s in skips}) == len(skips):
        assert seal(folder, STAMP, 6, other, sealed) == sealed


def test_a_file_is_named_after_generation_and_transaction_and_never_written_again(tmp_path: Path) -> None:
    folder = parked_files(Folder(tmp_path))
    first = seal(folder, STAMP, 5, LeftOut((waiting(),)), None)
    assert first.parked_file == "3-5.json"
    second = seal(folder, STAMP, 6, LeftOut((waiting(),)), first)
    assert (second.parked_file, second.parked_sha256) == (first.parked_file, first.parked_sha256)
    third = seal(folder, STAMP, 7, LeftOut((waiting(last_version=5),)), second)
    assert third.parked_file == "3-7.json"
    assert left_out_by(folder, first) == LeftOut((waiting(),))
    none = seal(folder, STAMP, 8, NOTHING, third)
    assert (none.parked_file, none.parked_sha256, none.parked_count) == ("", "", 0)
    assert left_out_by(folder, none) == NOTHING
    assert sorted(folder.names()) == ["3-5.json", "3-7.json"]


@pytest.mark.parametrize("left", [b"", b'{"form":1,"lo', b"{}"])
def test_what_a_dead_writer_left_under_the_name_is_in_nobodys_way(tmp_path: Path, left: bytes) -> None:
    folder = parked_files(Folder(tmp_path))
    folder.create("3-5.json", left)
    sealed = seal(folder, STAMP, 5, LeftOut((waiting(),)), None)
    assert sealed.parked_file == "3-5-2.json"
    assert left_out_by(folder, sealed) == LeftOut((waiting(),))
    assert folder.read("3-5.json") == left
    again = seal(folder, STAMP, 5, LeftOut((waiting(),)), None)  # the same writer, begun anew
    assert again == sealed
    assert len(folder.names()) == 2


def test_a_thousand_names_that_dead_writers_took_are_said(tmp_path: Path) -> None:
    folder = parked_files(Folder(tmp_path))
    for name in ("3-5.json", *(f"3-5-{n}.json" for n in range(2, 1_001))):
        (tmp_path / "_eventfold" / "parked").mkdir(parents=True, exist_ok=True)
        (tmp_path / "_eventfold" / "parked" / name).touch()
    with pytest.raises(StorageFailed, match="No name is left"):
        seal(folder, STAMP, 5, LeftOut((waiting(),)), None)


@pytest.mark.parametrize("damage", ["gone", "cut", "other"])
def test_a_file_that_is_not_the_one_of_the_stamp_is_a_lost_cursor(damage: str) -> None:
    folder = Bucket()
    sealed = seal(folder, STAMP, 5, LeftOut((waiting(),)), None)
    content = folder.files.pop("3-5.json")
    if damage != "gone":
        other = content[:-9] if damage == "cut" else content.replace(b"box-1", b"box-7")
        folder.files["3-5.json"] = other
    with pytest.raises(CursorLost, match="eventfold rebuild boxes"):
        left_out_by(folder, sealed)
    # who knows what is left out writes it anew
    mended = seal(folder, STAMP, 6, LeftOut((waiting(),)), sealed)
    assert left_out_by(folder, mended) == LeftOut((waiting(),))


@pytest.mark.parametrize(
    "name", ["../3-5.json", "/etc/passwd", "3-5.json/..", "x.json", "\u0663-\u0665.json", "3-5.json\n"]
)
def test_a_name_in_a_stamp_never_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    sealed = seal(Bucket(), STAMP, 5, LeftOut((waiting(),)), None)
    (tmp_path / "_eventfold" / "parked").mkdir(parents=True)
    (tmp_path / "_eventfold" / "3-5.json").write_bytes(b"elsewhere")
    with pytest.raises(CursorLost, match="is gone"):
        left_out_by(parked_files(Folder(tmp_path)), structs.replace(sealed, parked_file=name))


def test_a_file_of_a_later_form_is_not_guessed_at() -> None:
    folder = Bucket()
    sealed = seal(folder, STAMP, 5, LeftOut((waiting(),)), None)
    later = json.dumps({**json.loads(folder.files["3-5.json"]), "form": 2}).encode()
    folder.files["3-5.json"] = later
    with pytest.raises(CursorLost, match="later eventfold"):
        left_out_by(folder, structs.replace(sealed, parked_sha256=hashlib.sha256(later).hexdigest()))


def test_the_stamps_of_earlier_eventfolds_are_read() -> None:
    old = {
        k: v
        for k, v in json.loads(STAMP.to_json()).items()
        if not k.startswith(("parked_", "engine", "epoch"))
    }
    stamp = read_stamp(json.dumps(old))
    assert stamp is not None
    assert (stamp.engine, stamp.epoch, stamp.parked_file) == ("embedded", 0, None)
    assert left_out_by(Bucket(), stamp) == NOTHING
    with pytest.raises(CursorLost, match="earlier eventfold"):
        left_out_by(Bucket(), structs.replace(stamp, parked_count=1))


def test_a_long_message_is_cut_once(tmp_path: Path) -> None:
    folder = parked_files(Folder(tmp_path))
    first = seal(folder, STAMP, 5, LeftOut((waiting(message="x" * 10 * MESSAGE),)), None)
    found = left_out_by(folder, first)
    assert found.parked[0].message == "x" * MESSAGE + "..."
    assert seal(folder, STAMP, 6, found, first).parked_file == "3-5.json"


def test_sweeping_leaves_what_is_named_and_what_may_be_about_to_be() -> None:
    folder = Bucket()
    for name in ("2-9.json", "3-4.json", "3-5-2.json", "3-5.json", "3-6.json", "4-1.json", "notes.txt"):
        folder.create(name, b"x")
    assert sweep(folder, {"3-4.json"}, (3, 5)) == 4
    assert sorted(folder.names()) == ["3-4.json", "3-6.json", "4-1.json", "notes.txt"]
