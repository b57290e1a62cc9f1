"""Long answers: a screen of rows on a terminal with the rest told, every row anywhere else, nothing lost in folding."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

import eventfold as ef
from eventfold.doors.cli.showing.output import SCREEN_ROWS, print_csv, print_rows
from eventfold.doors.cli.showing.tables import Column, joined, rule, table_rows
from eventfold.words import how_many
from tests.doors.calling import Told, eventfold
from tests.doors.test_terminal import on_terminal

MANY = 60
QUERY = "SELECT stream, version FROM events WHERE stream <> 'note-0' ORDER BY stream"
LONG = [
    pytest.param(["streams"], ["--limit", "--json"], id="streams"),
    pytest.param(["read", "note-0"], ["--limit", "--json"], id="read"),
    pytest.param(["history", "note-0"], ["--limit", "--last", "--json"], id="history"),
    pytest.param(["query", QUERY], ["--limit", "--csv", "--json"], id="query"),
]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A log with a stream of 60 events, and 59 of one."""
    url = f"sqlite:///{tmp_path_factory.mktemp('many')}/log.db"
    store = ef.open_store(url)
    for n in range(MANY):
        event = ef.NewEvent(ef.new_id(), "Noted", 1, f'{{"n":{n}}}')
        store.append("note-0", [event], expected=n)
        if n:
            store.append(f"note-{n}", [ef.NewEvent(ef.new_id(), "Noted", 1, "{}")], expected=0)
    store.close()
    return url


def body(text: str) -> list[str]:
    """The rows of a table that was printed."""
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).splitlines()
    (border,) = [n for n, line in enumerate(plain) if line.startswith("──")]
    return [line for line in plain[border + 1 :] if line.startswith(" ")]


@pytest.mark.slow
@pytest.mark.parametrize(("command", "ways"), LONG)
def test_a_terminal_is_shown_a_screenful_and_told_of_the_rest(
    many: str, command: list[str], ways: list[str]
) -> None:
    told = on_terminal("-s", many, *command, NO_COLOR="1", COLUMNS="200").decode()
    assert len(body(told)) == SCREEN_ROWS
    left = "more" if command == ["streams"] else f"{MANY - (command[0] == 'query') - SCREEN_ROWS} more"
    assert f"... and {left}: {', '.join(ways)}" in told


@pytest.mark.slow
@pytest.mark.parametrize(("command", "ways"), LONG)
def test_anything_but_a_terminal_gets_every_row(many: str, command: list[str], ways: list[str]) -> None:
    whole = MANY - (command[0] == "query")
    told = eventfold("-s", many, *command)
    assert (told.code, len(body(told.out)), "more" in told.err) == (0, whole, False)
    some = eventfold("-s", many, *command, "--limit", "3")
    assert (len(body(some.out)), "more: --limit" in some.err) == (3, True)
    if "--csv" in ways:
        assert len(eventfold("-s", many, *command, "--csv").out.splitlines()) == whole + 1
        assert len(eventfold("-s", many, *command, "--csv", "--limit", "2").out.splitlines()) == 3
    on_screen = on_terminal("-s", many, *command, "--json").decode()
    rows = json.loads(on_screen) if command[0] == "query" else on_screen.splitlines()
    assert len(rows) == whole


@pytest.mark.slow
def test_the_rest_is_counted_from_what_was_asked_for(many: str) -> None:
    told = on_terminal("-s", many, "read", "note-0", "--after", "5", "--to", "57", NO_COLOR="1").decode()
    assert "... and 2 more" in told
    told = on_terminal("-s", many, "history", "note-0", "--last", "51", NO_COLOR="1").decode()
    assert "... and 1 more" in told
    assert "more" not in on_terminal("-s", many, "read", "note-1", NO_COLOR="1").decode()


words = st.text(st.sampled_from("ab  -é審\u0301🦆"), max_size=30)


@given(
    st.integers(1, 3).flatmap(
        lambda wide: st.lists(st.lists(words, min_size=wide, max_size=wide), min_size=1, max_size=4)
    ),
    st.integers(10, 60),
)
def test_folding_loses_no_letter_and_keeps_to_the_width(rows: list[list[str]], width: int) -> None:
    columns = [Column(f"c{n}", [row[n] for row in rows], right=n == 2, least=3) for n in range(len(rows[0]))]
    head, *made = table_rows(columns, width)
    for lines, row in zip(made, rows, strict=True):
        for place, cell in enumerate(row):
            assert "".join(line[place] for line in lines).replace(" ", "") == cell.replace(" ", "")
        if 6 * len(row) - 1 <= width:  # the narrowest that it can be
            assert all(cell_len(joined(line)) <= width for line in lines)
    assert len({cell_len(joined(line)) for lines in (head, *made) for line in lines}) == 1
    assert cell_len(rule(head[0])) == cell_len(joined(head[0]))


def test_what_may_not_be_folded_is_whole_in_a_narrow_table() -> None:
    columns = [Column("n", ["123456789.123"], right=True), Column("text", ["one two three"], least=3)]
    _, (first, *rest) = table_rows(columns, 24)
    assert first[0] == "123456789.123"
    assert [line[1].strip() for line in (first, *rest)] == ["one", "two", "three"]


def test_one_sign_stands_for_what_is_absent(capsys: pytest.CaptureFixture[str], log: str) -> None:
    print_rows([{"a": None, "b": ""}], ["a", "b"], "table")
    assert capsys.readouterr().out.splitlines()[-1].split() == ["-"]
    print_csv([{"a": None, "b": 1}], ["a", "b"])
    assert capsys.readouterr().out == "a,b\n,1\n"
    told = eventfold("-s", log, "query", "SELECT type, actor FROM events ORDER BY position LIMIT 1").out
    assert told.splitlines()[-1].split()[0] == "OrderCreated"
    shown = eventfold("-a", "examples.orders.app:order_book", "-s", log, "why", "orders", "order-1").out
    assert "status: - -> Created" in shown


def test_an_added_row_is_one_line_of_diff_and_nothing_is_said_of_kinds_without_rows(log: str) -> None:
    def call(*arguments: str) -> Told:
        return eventfold("-a", "examples.orders.app:order_book", "-s", log, *arguments)

    code, out, err = call("diff", "orders", "0", "1")
    assert (code, err) == (0, "1 row added.\n")
    (line,) = body(out)
    assert line.split()[:2] == ["+", "order-1"]
    assert "status: Created" in line
    code, out, err = call("diff", "orders", "1", "2")
    assert err == "1 row added.\n"
    assert call("diff", "orders", "2", "now")[2] == "1 row changed.\n"
    assert call("diff", "orders", "now", "now")[1:] == ("", "Nothing changed.\n")
    assert call("at", "orders", "--position", "1")[2] == "1 row, from the log and 1 event.\n"


def test_one_is_singular() -> None:
    assert [how_many(n, "row") for n in (0, 1, 2, 13_087)] == ["0 rows", "1 row", "2 rows", "13,087 rows"]


def test_thousands_of_rows_are_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"n": n, "text": f"row {n}"} for n in range(13_087)]
    print_rows(rows, ["n", "text"], "table")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 13_089
    assert lines[-1].split() == ["13086", "row", "13086"]
