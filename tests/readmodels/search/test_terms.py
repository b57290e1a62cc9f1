"""What a person types to find words: terms, phrases, exclusions and beginnings; all else is text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventfold.errors import QueryInvalid
from eventfold.readmodels.search.matching import finds
from eventfold.readmodels.search.terms import Term, parse_terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t\n", []),
        ("Blue blue", [Term(("blue",))]),
        ('"Red  mug" x', [Term(("red", "mug")), Term(("x",))]),
        (
            '-green -"light blue" -ord*',
            [Term(("green",), True), Term(("light", "blue"), True), Term(("ord",), True, True)],
        ),
        ("ord* *ord o*d", [Term(("ord",), prefix=True), Term(("ord",)), Term(("o", "d"))]),
        ("a AND NOT b", [Term(("a",)), Term(("and",)), Term(("not",)), Term(("b",))]),
        ("O'Brien blue-green", [Term(("o", "brien")), Term(("blue", "green"))]),
        ("NEAR( (a+)+$ note:x", [Term(("near",)), Term(("a",)), Term(("note", "x"))]),
        ('a"b c"d - --e', [Term(("a",)), Term(("b", "c")), Term(("d",)), Term(("e",), True)]),
    ],
)
def test_a_query_is_its_terms(text: str, expected: list[Term]) -> None:
    assert list(parse_terms(text)) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x" * 1_000_000, "at most 4,096 characters"),
        (" ".join(map(str, range(800))), "at most 100 words"),
        (" ".join(map(str, range(10_000))), "at most 4,096 characters"),
        ('a "unbalanced', "The quote at character 3 is not closed"),
        ("*", "no word"),
        ("-", "no word"),
        ('""', "no word"),
        ("a o'br*", "at character 3 is several words"),
    ],
)
def test_what_cannot_be_looked_for_says_why(text: str, said: str) -> None:
    with pytest.raises(QueryInvalid, match=said):
        parse_terms(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("blue mug", True),
        ("mug blue", True),
        ('"blue mug"', True),
        ('"mug blue"', False),
        ('"mug tea"', False),
        ("blue tea", True),
        ("blue -red", True),
        ("-blue", False),
        ("-red", True),
        ("blu", False),
        ("blu*", True),
        ("-gre*", True),
        ("BLUE", True),
        ("", True),
    ],
)
def test_terms_find_what_they_say(text: str, found: bool) -> None:
    assert finds(parse_terms(text), ["A blue mug", "tea"]) is found


@settings(deadline=None)  # the first text that is not ASCII asks Unicode of every character
@given(st.text(max_size=200))
def test_any_text_is_a_query_or_a_typed_error(text: str) -> None:
    try:
        parse_terms(text)
    except QueryInvalid:
        return
