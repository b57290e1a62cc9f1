"""What an index goes through: writers beside each other, files of a dead one, damage, and what was left by others."""

import shutil
from pathlib import Path

import pytest

from eventfold.errors import CursorLost, QueryInvalid, StaleCursor, StorageFailed, TableBehind
from eventfold.readmodels.publishing.publication import Version
from eventfold.readmodels.search.port import FACET_COUNTED
from eventfold.readmodels.search.request import Request, request
from eventfold.readmodels.tantivy import index as indexes
from eventfold.readmodels.tantivy.index import TantivyIndex
from eventfold.readmodels.tantivy.opened import Writing
from tests.readmodels.tantivy.shelf import LOG, SPEC, index, reader, row, stamp


@pytest.fixture
def shelf(tmp_path: Path) -> TantivyIndex:
    return index(tmp_path / "shelf")


def filled(shelf: TantivyIndex, *keys: str) -> Version:
    return shelf.overwrite(None, reader([row(key, note=f"blue {key}") for key in keys]), stamp(1))


def keys(shelf: TantivyIndex, text: str = "") -> list[str]:
    return [str(one.cells[0]) for one in shelf.find(request(SPEC, text, order="id")).rows]


def test_nothing_is_found_in_what_is_not_there(shelf: TantivyIndex) -> None:
    with pytest.raises(TableBehind, match="run --once"):
        shelf.find(Request())


def test_a_reader_sees_the_old_index_or_the_new_one(shelf: TantivyIndex, tmp_path: Path) -> None:
    other = index(tmp_path / "shelf")
    made = filled(shelf, "a", "b")
    assert keys(other) == ["a", "b"]
    made = shelf.merge(made, reader([row("c")]), ["a"], stamp(2))
    assert keys(other) == ["b", "c"]
    shelf.overwrite(made, reader([row("d")]), stamp(3))
    assert keys(other) == ["d"]
    assert [path.name for path in (tmp_path / "shelf").iterdir() if path.is_dir()] == ["2"]


def test_what_a_writer_died_over_is_in_nobodys_way(shelf: TantivyIndex, tmp_path: Path) -> None:
    """It had written the file of deletions and not the commit: the next one would write a file of the same name."""
    made = filled(shelf, *"abcdef")
    meta = tmp_path / "shelf" / "1" / "meta.json"
    before = meta.read_bytes()
    shelf.merge(made, reader([row("a")]), ["b"], stamp(2))
    meta.write_bytes(before)
    again = index(tmp_path / "shelf")
    assert again.head() == made
    again.merge(made, reader([row("a")]), ["b"], stamp(2))
    assert keys(again) == list("acdef")


def test_without_care_that_file_stops_every_later_writer(
    shelf: TantivyIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    monkeypatch.setattr(Writing, "clean", lambda _: None)
    made = filled(shelf, *"abcdef")
    meta = tmp_path / "shelf" / "1" / "meta.json"
    before = meta.read_bytes()
    shelf.merge(made, reader([row("a")]), ["b"], stamp(2))
    meta.write_bytes(before)
    with pytest.raises(StorageFailed, match="FileAlreadyExists"):
        index(tmp_path / "shelf").merge(made, reader([row("a")]), ["b"], stamp(2))


def test_another_process_that_writes_is_waited_for_and_not_without_end(
    shelf: TantivyIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "_LOCKED_SECONDS", 0.05)
    made = filled(shelf, "a")
    held = Writing(tmp_path / "shelf" / "1")
    with pytest.raises(StorageFailed, match="open to write for 0"):
        shelf.merge(made, reader([row("b")]), [], stamp(2))
    held.end()
    shelf.merge(made, reader([row("b")]), [], stamp(2))
    assert keys(shelf) == ["a", "b"]


def test_what_others_add_is_seen(shelf: TantivyIndex, tmp_path: Path) -> None:
    made = filled(shelf, "a")
    writing = Writing(tmp_path / "shelf" / "1")
    writing.add(shelf._documents.mark(b"{}"))
    writing.commit()
    writing.end()
    head = shelf.head()
    assert head is not None
    assert not head.intact
    assert made.intact


def test_an_index_that_lost_its_stamp_is_made_anew_by_a_rebuild_alone(
    shelf: TantivyIndex, tmp_path: Path
) -> None:
    filled(shelf, "a")
    writing = Writing(tmp_path / "shelf" / "1")
    writing.remove("eventfold_mark", "eventfold_mark")
    writing.commit()
    writing.end()
    with pytest.raises(CursorLost, match="eventfold rebuild shelf"):
        shelf.head()
    shelf.overwrite(None, reader([row("b")]), stamp(2))
    assert keys(shelf) == ["b"]


def test_two_who_make_an_index_at_once_make_one(shelf: TantivyIndex, tmp_path: Path) -> None:
    other = index(tmp_path / "shelf")
    filled(shelf, "a")
    with pytest.raises(StaleCursor):
        filled(other, "b")
    assert keys(other) == ["a"]


def test_an_index_whose_files_went_says_so(shelf: TantivyIndex, tmp_path: Path) -> None:
    filled(shelf, "a")
    assert not shelf.lacks_files()
    for path in (tmp_path / "shelf" / "1").glob("*.store"):
        path.unlink()
    assert shelf.lacks_files()
    shutil.rmtree(tmp_path / "shelf" / "1")
    with pytest.raises(StorageFailed, match="move the folder away"):
        index(tmp_path / "shelf").head()


def test_long_texts_are_told_apart_and_never_lost(shelf: TantivyIndex) -> None:
    long = "k" * 70_000
    made = filled(shelf, f"{long}a", f"{long}b")
    assert sorted(keys(shelf)) == [f"{long}a", f"{long}b"]
    shelf.merge(made, reader([row(f"{long}a", status="s" * 70_000)]), [f"{long}b"], stamp(2))
    found = shelf.find(request(SPEC, where=f"status = '{'s' * 9_000}'", facets=["status"]))
    assert found.total == 0
    found = shelf.find(request(SPEC, facets=["status"]))
    assert (found.total, found.facets["status"]) == (1, [("s" * 70_000, 1)])


def test_a_facet_of_too_many_values_is_refused_rather_than_guessed(shelf: TantivyIndex) -> None:
    rows = [row(f"box-{n}", count=n) for n in range(FACET_COUNTED + 1)]
    shelf.overwrite(None, reader(rows, 5_000), stamp(1))
    with pytest.raises(QueryInvalid, match="narrow the search"):
        shelf.find(request(SPEC, facets=["count"]))
    found = shelf.find(request(SPEC, facets=["count"], where="count < 500"))
    assert len(found.facets["count"]) == 100
    assert found.total == 500


def test_segments_stay_few_however_often_it_is_written(shelf: TantivyIndex, tmp_path: Path) -> None:
    made = filled(shelf, *(f"box-{n}" for n in range(50)))
    for change in range(2, 30):
        made = shelf.merge(
            made, reader([row(f"box-{n}", count=change) for n in range(50)]), [], stamp(change)
        )
    assert len(list((tmp_path / "shelf" / "1").glob("*.store"))) < 20
    assert shelf.find(Request()).total == 50


def test_the_log_of_an_index_is_in_its_folder(shelf: TantivyIndex, tmp_path: Path) -> None:
    filled(shelf, "a")
    assert LOG in (tmp_path / "shelf" / "live.json").read_text()
    (tmp_path / "shelf" / "live.json").write_text("{")
    with pytest.raises(StorageFailed, match="names no index"):
        shelf.head()
