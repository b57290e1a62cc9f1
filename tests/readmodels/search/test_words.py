"""Text as words: what belongs to one, and what is the same word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventfold.readmodels.search.words import WORD_CHARACTERS, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Blue mug, 2 pcs.", ["blue", "mug", "2", "pcs"]),
        ("O'Brien order_id a+b", ["o", "brien", "order", "id", "a", "b"]),
        ("STRASSE Straße", ["strasse", "strasse"]),
        ("caf\u00e9 cafe\u0301 cafe", ["caf\u00e9", "caf\u00e9", "cafe"]),
        ("\uff22\uff4c\uff55\uff45 \ufb01ne", ["blue", "fine"]),
        ("co\u00adop", ["coop"]),
        ("\u6771\u4eac tokyo", ["\u6771", "\u4eac", "tokyo"]),
        ("Acme\u2122 \u00bd", ["acme", "1", "2"]),
        ("\u2026 \ud800 \x00 \u00ad", []),
    ],
)
def test_text_is_split_and_folded(text: str, expected: list[str]) -> None:
    assert [word.text for word in words(text)] == expected


def test_the_beginning_of_a_long_word_counts() -> None:
    assert [word.text for word in words("A" * 1_000_000)] == ["a" * WORD_CHARACTERS]


@given(st.text())
def test_a_word_is_a_word_by_itself_and_stands_where_it_says(text: str) -> None:
    found = list(words(text))
    for word in found:
        assert [again.text for again in words(word.text)] == [word.text]
        assert word.text in [again.text for again in words(text[word.start : word.end])]


@given(st.text(st.characters(max_codepoint=127)))
def test_the_quick_way_for_ascii_gives_the_same_words(text: str) -> None:
    assert [w.text for w in words(text)] == [w.text for w in words(f"{text} \u2026")]
