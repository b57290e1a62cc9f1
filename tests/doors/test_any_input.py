"""Whatever the command line is given is accepted or refused by a code: it never breaks, nothing refused is written."""

import json
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import eventfold as ef
from eventfold.errors import table
from eventfold.testing.making import read_all
from tests.doors.calling import eventfold

ANSWERS = {0, *(exit_code for _, _, exit_code, _ in table() if exit_code != 1)}
QUICK = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(
    [
        "aggregateId",
        "eventType",
        "data",
        "id",
        "expected",
        "schemaVersion",
        "occurredAt",
        "metadata",
        "version",
    ]
)
plausible = st.fixed_dictionaries(
    {
        "aggregateId": st.sampled_from(["note-1", "note-2", "note"]),
        "eventType": st.sampled_from(["Noted", "No/ted"]),
    },
    optional={
        "data": st.dictionaries(st.text(string.ascii_letters, max_size=3), st.integers(0, 9), max_size=2),
        "expected": st.sampled_from([0, 1, "any", "new", "exists", -1]),
        "id": st.uuids().map(str),
    },
)
documents = plausible | st.dictionaries(keys | st.text(max_size=5), anything, max_size=5) | anything
words = st.text(st.characters(exclude_characters="\0"), max_size=30)


@pytest.fixture
def url(tmp_path: Path) -> str:
    place = f"sqlite:///{tmp_path}/log.db"
    ef.open_store(place).close()
    return place


def stored(url: str) -> list[Any]:
    store = ef.open_store(url, create=False)
    try:
        return read_all(store.feed())
    finally:
        store.close()


def check(url: str, *arguments: str, stdin: bytes = b"") -> None:
    before = stored(url)
    code, out, err = eventfold("-s", url, *arguments, "--json", stdin=stdin)
    assert code in ANSWERS, err
    if code:
        written = json.loads(err)["error"].get("written", 0) if err.startswith('{"error"') else 0
        if not written:
            assert stored(url) == before
        assert len(out.splitlines()) == written
    else:
        assert len(stored(url)) >= len(before)


@QUICK
@given(lines=st.lists(documents.map(json.dumps), max_size=5))
def test_any_lines_of_json(url: str, lines: list[str]) -> None:
    check(url, "append", "--events", "-", stdin="\n".join(lines).encode())


@QUICK
@given(content=st.binary(max_size=200))
def test_any_bytes(url: str, content: bytes) -> None:
    check(url, "append", "note-1", "--events", "-", stdin=content)
    check(url, "append", "note-1", "Noted", "-", stdin=content)


@QUICK
@given(stream=words, event_type=words, data=words, expected=words)
def test_any_words(url: str, stream: str, event_type: str, data: str, expected: str) -> None:
    check(url, "append", "--expected", expected, "--", stream, event_type, data)
    check(url, "append", "--metadata", data, "--id", expected, "--", "note-1", "Noted", "{}")


@QUICK
@given(word=words, text=st.sampled_from(["read", "state", "history", "tail"]))
def test_any_place_to_look_at(url: str, word: str, text: str) -> None:
    if text == "tail":
        check(url, "tail", "--once", "--from", word)
        check(url, "tail", "--once", "--stream", word)
    else:
        check(url, text, "--", word)
