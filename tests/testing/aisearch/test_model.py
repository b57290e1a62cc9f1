"""The stand-in beside plain Python: what is seen after any writes and lags, and what any search text finds."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eventfold.testing.aisearch.finding.matching import Matching, Scores
from eventfold.testing.aisearch.schema.definition import read_definition
from eventfold.testing.aisearch.schema.documents import Action
from eventfold.testing.aisearch.storage import replica as replicas
from eventfold.testing.aisearch.storage.index import Index
from eventfold.testing.aisearch.storage.replica import Replica
from eventfold.testing.aisearch.text.query import Words, parse
from tests.testing.aisearch.given import articles

DEFINITION = read_definition(articles().as_dict())
KEYS = st.sampled_from("abcd")
VALUES = st.fixed_dictionaries(
    {}, optional={"title": st.sampled_from(["x", "y", None]), "count": st.integers(0, 3)}
)
ACTIONS = st.tuples(st.sampled_from(["upload", "merge", "mergeOrUpload", "delete"]), KEYS, VALUES)
LAGS = st.lists(st.integers(0, 3), min_size=1, max_size=3)
STEPS = st.lists(st.lists(ACTIONS, min_size=1, max_size=4) | LAGS, max_size=12)
Documents = dict[str, dict[str, Any]]


def done(documents: Documents, name: str, key: str, values: dict[str, Any]) -> int:
    """What an action does to a dictionary."""
    before = documents.get(key)
    if name == "delete":
        documents.pop(key, None)
        return 200
    if name == "merge" and before is None:
        return 404
    kept = before if before is not None and name != "upload" else {}
    documents[key] = {**kept, "id": key, **values}
    return 200 if before is not None else 201


def shown(replica: Replica) -> Documents:
    return {key: dict(document or {}) for key, document in replica.changes()}


def found(replica: Replica, text: str) -> set[str]:
    scores = Matching(replica, None, "any").found(parse(text, "any"))
    return {str(row["id"]) for number in scores if (row := replica.row(number)) is not None}


def differences(steps: list[Any], index: Index) -> list[str]:
    """Where an index shows something else than the states of a dictionary after each batch."""
    states: list[Documents] = [{}]
    wrong: list[str] = []
    lags, seen = [0], [0]
    for step in steps:
        if isinstance(step[0], int):
            lags = step
            seen = (seen + [seen[0]] * len(lags))[: len(lags)]
        else:
            now = {key: dict(document) for key, document in states[-1].items()}
            changes = []
            for name, key, values in step:
                status, change = index.run(Action(name, key, {"id": key, **values}))
                if status != done(now, name, key, values):
                    wrong.append(f"{name} {key}: {status}")
                changes += [change] if change is not None else []
            index.close_batch(changes)
            states.append(now)
        for turn, lag in enumerate(lags):
            replica = index.replica(lags, turn)
            seen[turn] = max(seen[turn], len(states) - 1 - lag)
            expected = states[seen[turn]]
            if shown(replica) != expected:
                wrong.append(f"{lags}: {shown(replica)} for {expected}")
            if found(replica, "x") != {key for key, each in expected.items() if each.get("title") == "x"}:
                wrong.append(f"{lags}: another search")
    return wrong


@settings(max_examples=150)
@given(STEPS, st.integers(0, 3))
@example([[("upload", "a", {"title": "x"})], [2], [("delete", "a", {})], [0, 1], [0]], 0)
def test_any_writes_and_lags_show_what_a_dictionary_shows(steps: list[Any], dead: int) -> None:
    usual, replicas._DEAD_AT_LEAST = replicas._DEAD_AT_LEAST, dead  # so that few writes make a replica pack
    try:
        assert differences(steps, Index(DEFINITION)) == []
    finally:
        replicas._DEAD_AT_LEAST = usual


def test_control_an_index_that_forgets_a_batch_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = [[("upload", "a", {"title": "x"})], [1], [("merge", "a", {"title": "y"})], [("delete", "b", {})]]
    assert differences(steps, Index(DEFINITION)) == []
    applied = Replica.apply
    monkeypatch.setattr(
        Replica, "apply", lambda self, batch: applied(self, batch) if self.seen != 1 else None
    )
    assert differences(steps, Index(DEFINITION)) != []


TEXTS = st.lists(st.sampled_from(["aa", "ab", "b", "c"]), max_size=4)
Row = tuple[list[str], list[str]]
Asked = tuple[str, Callable[[Row], bool]]


def in_row(row: Row, words: list[str]) -> bool:
    size = len(words)
    return any(field[at : at + size] == words for field in row for at in range(len(field) - size + 1))


WORD = st.sampled_from(["aa", "ab", "b", "c", "d"])
LEAVES: st.SearchStrategy[Asked] = (
    WORD.map(lambda word: (word, lambda row: in_row(row, [word])))
    | st.sampled_from("abd").map(
        lambda begin: (
            f"{begin}*",
            lambda row: any(term.startswith(begin) for field in row for term in field),
        )
    )
    | st.lists(WORD, min_size=1, max_size=3).map(
        lambda words: (f'"{" ".join(words)}"', lambda row: in_row(row, words))
    )
)


def joined(parts: st.SearchStrategy[Asked]) -> st.SearchStrategy[Asked]:
    pairs = st.tuples(parts, parts)
    return (
        pairs.map(lambda p: (f"({p[0][0]})+({p[1][0]})", lambda row: p[0][1](row) and p[1][1](row)))
        | pairs.map(lambda p: (f"({p[0][0]})|({p[1][0]})", lambda row: p[0][1](row) or p[1][1](row)))
        | parts.map(lambda p: (f"-({p[0]})", lambda row: not p[1](row)))
    )


@settings(max_examples=200)
@given(
    st.lists(st.tuples(TEXTS, TEXTS), max_size=6), st.recursive(LEAVES, joined, max_leaves=6), st.booleans()
)
def test_a_search_text_means_what_python_means(rows: list[Row], asked: Asked, is_all: bool) -> None:
    text, expected = asked
    mode = "all" if is_all else "any"
    replica = Replica(DEFINITION)
    replica.apply(
        [(str(n), {"title": " ".join(row[0]), "code": " ".join(row[1])}) for n, row in enumerate(rows)]
    )
    scores: Scores = Matching(replica, None, mode).found(parse(text, mode))
    assert sorted(scores) == [n for n, row in enumerate(rows) if expected(row)]
    assert all(score > 0 for score in scores.values())


@settings(max_examples=200)
@given(st.text(alphabet='ab +-|"()*\\\n!ä', max_size=40), st.sampled_from(["any", "all"]))
def test_no_search_text_is_malformed(text: str, mode: str) -> None:
    replica = Replica(DEFINITION)
    replica.apply([("1", {"title": "a b ab"}), ("2", {"tags": ["b", "a"]})])
    assert set(Matching(replica, None, mode).found(parse(text, mode))) <= {0, 1}


@pytest.mark.parametrize("word", ["a-b", "a*b", "-a", "a*", "a+b", "a|b", '"a"', "(a)", "\\", "a b"])
def test_what_stands_behind_a_backslash_is_meant_literally(word: str) -> None:
    assert parse("".join(f"\\{char}" for char in word), "all") == Words(word)
