"""A token goes to a client and comes back as text; one that is damaged is refused as such."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventfold import Token
from eventfold.errors import CursorInvalid

TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]))  # as in names of streams
TOKENS = st.builds(
    Token,
    log=TEXT,
    positions=st.dictionaries(TEXT, st.integers(0, 2**63 - 1)),
    opaque=st.dictionaries(TEXT, TEXT),
)


@given(TOKENS)
def test_a_token_comes_back_as_it_went_in_characters_that_a_header_may_hold(token: Token) -> None:
    text = token.to_json()
    assert text.isascii()
    assert text.isprintable()
    assert Token.from_json(text) == Token.from_json(text.encode()) == token


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"log":"a","positions":{"0":-1}}',
        '{"log":"a","positions":{"0":1.5}}',
        '{"log":"a","positions":{"0":"1"}}',
        '{"log":1,"positions":{}}',
        '{"log":"a","positions":{}',
        b'{"log":"\xff","positions":{}}',
        "[" * 100_000,
        '{"log":"\ud800","positions":{}}',
    ],
)
def test_what_is_no_token_is_refused(text: str | bytes) -> None:
    with pytest.raises(CursorInvalid, match="token"):
        Token.from_json(text)
