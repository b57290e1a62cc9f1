"""Addresses of search services, names of indexes, and keys of documents."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventfold.errors import ConfigInvalid
from eventfold.readmodels.aisearch.address import Address, read_url
from eventfold.readmodels.aisearch.documents import STAMP_ID, id_of
from eventfold.readmodels.aisearch.fields import halves, is_short_for, term_of
from eventfold.testing.aisearch.schema.definition import checked_name

SAID = "aisearch://shop.search.windows.net"


def test_an_address_is_a_service_and_a_prefix() -> None:
    assert read_url(SAID) == Address("https://shop.search.windows.net")
    assert read_url(f"{SAID}/test-7/") == Address("https://shop.search.windows.net", "test-7")
    assert read_url("aisearch://127.0.0.1:81/a?tls=off") == Address("http://127.0.0.1:81", "a")


@pytest.mark.parametrize(
    "url",
    [
        "aisearch://",
        f"{SAID}/A",
        f"{SAID}/a--b",
        f"{SAID}/-a",
        f"{SAID}/a/b",
        f"{SAID}/{'a' * 41}",
        f"{SAID}?key=a",
        f"{SAID}?tls=off",
        "aisearch://k3y@shop.search.windows.net",
    ],
)
def test_another_form_is_refused_and_never_shown(url: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        read_url(url)
    assert caught.value.facts["key"] == "search"
    assert "k3y" not in str(caught.value)


@given(st.from_regex(r"[a-z][a-z0-9_]{0,47}", fullmatch=True), st.sampled_from(["", "p", "test-7"]))
def test_a_table_has_a_name_that_the_service_takes(table: str, prefix: str) -> None:
    alias = Address("https://a", prefix).alias(table)
    assert checked_name(f"{alias}-12", "index") == f"{alias}-12"


def test_no_two_tables_have_one_name() -> None:
    tables = ["a_b", "a__b", "a_b_", "ab", "a_b__", "a", "a_", "x0_a"]
    assert len({Address("https://a").alias(table) for table in tables}) == len(tables)


@given(st.text())
def test_a_key_is_one_that_the_service_takes_and_of_no_other_row(key: str) -> None:
    written = id_of(key)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_=-]{0,1023}", written)
    assert written != STAMP_ID
    assert (written == id_of(key + "a")) is False


def test_keys_of_any_length_differ() -> None:
    keys = ["a" * n for n in range(700, 900)]
    assert len({id_of(key) for key in keys}) == 200
    assert all(len(id_of(key)) <= 1_024 for key in keys)


@given(st.text(max_size=5), st.text(max_size=5))
def test_texts_are_one_term_only_where_they_are_equal(a: str, b: str) -> None:
    for one, other in ((a, b), (a + "\u241f", b + "\u241f"), (a + "x" * 1_100, b + "x" * 1_100)):
        assert (term_of(one) == term_of(other)) is (one == other)
        assert len(term_of(one).encode()) <= 1_024
    assert not is_short_for(term_of(a.replace("\u241f", "")))


@given(st.integers(1 - 10**38, 10**38 - 1), st.integers(1 - 10**38, 10**38 - 1))
def test_the_halves_of_numbers_order_as_they_do(a: int, b: int) -> None:
    assert (halves(a) < halves(b)) is (a < b)
    assert all(-(2**63) <= half < 2**63 for half in halves(a))
