"""Highlights: the places of a text where the words of a search stand, in a part that is short enough to be read."""

import pytest

from eventfold.readmodels.search.marking import FRAGMENTS, highlights
from eventfold.readmodels.search.terms import parse_terms


@pytest.mark.parametrize(
    ("text", "asked", "shown"),
    [
        ("A Blue mug", "blue -red", "A [Blue] mug"),
        ("blue mug, mug", '"blue mug"', "[blue] [mug], mug"),
        ("orders ordinary", "ord*", "[orders] [ordinary]"),
        ("Straße", "STRASSE", "[Straße]"),
        ("青いマグ", "いマ", "青[い][マ]グ"),
        ("½ mug", "1 mug", "[½] [mug]"),
        ("<b>blue</b>", "blue", "<b>[blue]</b>"),
    ],
)
def test_the_words_are_marked(text: str, asked: str, shown: str) -> None:
    assert [one.marked("[", "]") for one in highlights(parse_terms(asked), [text])] == [shown]


def test_of_a_long_text_the_part_is_shown_where_the_first_word_stands() -> None:
    text = f"{'before ' * 50}blue {'between ' * 50}blue"
    (one,) = highlights(parse_terms("blue"), [text])
    assert len(one.text) < 200
    assert one.text.startswith("\N{HORIZONTAL ELLIPSIS}before")
    assert one.text.endswith("between\N{HORIZONTAL ELLIPSIS}")
    assert [one.text[start:end] for start, end in one.marks] == ["blue"]


def test_a_word_longer_than_the_part_is_shown_whole() -> None:
    (one,) = highlights(parse_terms("x" * 100), [f"a {'x' * 300} b"])
    assert [one.text[start:end] for start, end in one.marks] == ["x" * 300]


def test_nothing_is_marked_where_nothing_is_found_or_asked() -> None:
    assert highlights(parse_terms("-blue"), ["blue"]) == []
    assert highlights(parse_terms(""), ["blue"]) == []
    assert highlights(parse_terms("red"), ["blue"]) == []
    assert len(highlights(parse_terms("blue"), ["blue"] * 9)) == FRAGMENTS
