"""Whatever a file holds: only errors of the tree, every row accounted for, and a repeat adds nothing."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventfold import open_store
from eventfold.errors import EventfoldError
from eventfold.imports import ImportReport, Mapping
from tests.imports.making import HEADER, run, stored

COLUMNS = Mapping(stream="case", category="case", type="what", time="when", timezone="Europe/Amsterdam")
MARKS = [
    b",",
    b'"',
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"-",
    b" ",
    b"\\u0000",
    b"\\ud800",
]
TIMES = [b"2024-01-01T00:00:00Z", b"0001-01-01", b"9999-12-31T23:59:59-23:59", b"2024-03-31T02:30:00"]
JSON = [
    b"{",
    b"}",
    b"[",
    b":",
    b"null",
    b"1e400",
    b'"case"',
    b'"what"',
    b'"when"',
    b'{"case":1,"what":"Opened"}\n',
]
PIECES = st.sampled_from([*MARKS, *TIMES, *JSON, b"1", b"Opened", "ä".encode()])
CONTENT = st.lists(PIECES | st.binary(max_size=4), max_size=40).map(b"".join)


@settings(max_examples=150, deadline=None)
@given(content=CONTENT, form=st.sampled_from(["csv", "jsonl"]), cut=st.none() | st.integers(0, 60))
def test_any_bytes_end_in_a_report_or_an_error_of_the_tree(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, form: str, cut: int | None
) -> None:
    content = HEADER.encode() + content if form == "csv" else content
    path = tmp_path_factory.mktemp("any") / "log"
    path.write_bytes(content if cut is None else gzip.compress(content, mtime=0)[:cut])
    store = open_store("sqlite://")
    first = _imported(store, path, form)
    count = len(stored(store))
    if first is not None:
        assert first.rows == first.written + first.known + first.refused
        assert count == first.written
        assert sum(first.refused_by_code.values()) == first.refused == len(first.refusals)
    again = _imported(store, path, form)
    assert (again is None) == (first is None)
    assert len(stored(store)) == count
    assert again is None or again.written == 0
    store.close()


def _imported(store: object, path: Path, form: str) -> ImportReport | None:
    try:
        return run(store, path, COLUMNS, form=form)
    except EventfoldError:
        return None
