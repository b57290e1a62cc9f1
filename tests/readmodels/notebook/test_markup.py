"""Tables in HTML: whatever a value says is text, and nobody sees less than there is without being told."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from eventfold.readmodels.notebook import markup
from tests.readmodels.notebook.bank import HOSTILE, Page

TEXTS = st.text(max_size=60) | st.sampled_from(HOSTILE)


@given(st.lists(st.lists(TEXTS, min_size=2, max_size=2), min_size=1, max_size=5), TEXTS, TEXTS)
def test_every_text_comes_out_as_text(rows: list[list[str]], name: str, sentence: str) -> None:
    made = markup.heading(sentence) + markup.table([name, "b"], rows) + markup.warnings([sentence])
    page = Page(made)
    assert page.is_harmless()
    assert page.cells == [markup.plain(value) for row in rows for value in row]
    assert page.said.startswith(markup.plain(sentence) + markup.plain(name))


def test_a_text_that_is_not_escaped_would_be_found() -> None:
    assert not any(Page(f"<p>{text}</p>").is_harmless() for text in HOSTILE[:2])


def test_amounts_in_dollars_are_no_formulas() -> None:
    made = markup.heading("$5") + markup.table(["$"], [["$5 and $6"]], of=2) + markup.warnings(["$5"])
    assert made.count("mathjax_ignore") == made.count("<p") + made.count("<table") == 4


def test_what_nobody_sees_is_written_out() -> None:
    assert markup.plain("a\u202eb\u200bc\x1b") == "a\\u202eb\\u200bc\\x1b"
    assert markup.plain("Rechnung prüfen 审批 😀\nb") == "Rechnung prüfen 审批 😀\nb"


def test_values_are_shown_as_people_read_them() -> None:
    shown = {
        Decimal("70.00"): "70.00",
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC): "2026-01-02 03:04:05Z",
        date(2026, 1, 2): "2026-01-02",
        timedelta(days=12, hours=1): "12 days, 1:00:00",
        True: "yes",
        2**64: "18446744073709551616",
        b"\x01\xff": "01ff",
    }
    assert {value: markup.plain(value) for value in shown} == shown
    assert markup.plain({"a": [1, Decimal("2.50")]}) == '{"a": [1, "2.50"]}'


def test_an_absent_value_is_no_empty_text() -> None:
    assert Page(markup.table(["a", "b"], [[None, ""]])).cells == ["-", ""]


def test_of_a_long_answer_the_first_rows_are_shown_and_the_rest_is_counted() -> None:
    asked: list[int] = []

    def rows() -> object:
        for number in range(13_087):
            asked.append(number)
            yield [number]

    page = Page(markup.table(["n"], rows(), of=13_087))  # type: ignore[arg-type] # a generator of lists
    assert page.cells == [str(n) for n in range(markup.MOST)]
    assert "... and 13,037 more rows" in page.said
    assert len(asked) == markup.MOST
    assert "more" not in Page(markup.table(["n"], [[1]], of=1)).said


def test_a_long_text_is_cut_and_shows_that_it_is() -> None:
    (cell,) = Page(markup.table(["t"], [["x" * 10_000]])).cells
    assert cell == "x" * 297 + "..."
