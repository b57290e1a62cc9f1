"""Every command that shows rows says what is parked and what is behind, beside an answer that stays as it is."""

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import eventfold as ef
from eventfold.doors.cli.settings import Settings
from eventfold.doors.cli.showing.arrived import show
from eventfold.imports import ImportReport
from tests.doors.calling import Told, eventfold

APP = """
import eventfold as ef


class Numbers(ef.Table, category="n"):
    key = ef.key()
    value = ef.last(ef.field("Noted", "n"), "int64")
    at = ef.max(ef.occurred_at)


class Groups(ef.Table, category="n"):
    group = ef.key(ef.field("Noted", "group"))
    total = ef.sum(ef.field("Noted", "n"), "int64")


app = ef.App("numbers", tables=[Numbers, Groups], untyped=True)
"""
WARNING = "! numbers: 2 streams are parked"
GROUPS = "! groups: 2 streams are parked"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A log of which two streams cannot be folded."""
    (tmp_path / "told_app.py").write_text(APP)
    monkeypatch.syspath_prepend(str(tmp_path))
    for n, text in enumerate(("1", '"poison"', "3", '"more poison"')):
        noted(tmp_path, f"n-{n % 4}", text)
    assert call(tmp_path, "run", "--once").code == 0
    yield tmp_path
    sys.modules.pop("told_app", None)


def noted(place: Path, stream: str, text: str) -> None:
    with closing(ef.open_store(f"sqlite:///{place}/n.db")) as store:
        event = ef.NewEvent(ef.new_id(), "Noted", 1, f'{{"n":{text},"group":"a"}}')
        store.append(stream, [event], expected=ef.ANY)


def call(place: Path, *arguments: str) -> Told:
    return eventfold("-a", "told_app:app", "-s", f"sqlite:///{place}/n.db", *arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ("query", "SELECT * FROM numbers"),
        ("query", "SELECT count(*) AS n FROM numbers", "--csv"),
        ("at", "numbers", "--position", "4"),
        ("at", "numbers", "--position", "4", "--csv"),
        ("diff", "numbers", "0"),
        ("why", "numbers", "n-0"),
        ("rebuild", "numbers"),
        ("run", "--once"),
        ("status",),
        ("verify",),
    ],
)
def test_what_is_parked_is_said_on_standard_error(place: Path, arguments: tuple[str, ...]) -> None:
    told = call(place, *arguments)
    assert told.code == 0
    assert told.err.splitlines().count(WARNING) == 1
    assert told.err.splitlines().count("`eventfold parked` lists what waits, and why.") == 1
    assert "are parked" not in told.out
    assert (GROUPS in told.err) == (arguments[0] in {"run", "status", "verify"})


@pytest.mark.parametrize(
    "arguments",
    [
        ("query", "SELECT * FROM numbers"),
        ("at", "numbers", "--position", "4"),
        ("why", "numbers", "n-0"),
    ],
)
def test_a_bare_list_stays_one_and_the_member_stands_on_standard_error(
    place: Path, arguments: tuple[str, ...]
) -> None:
    told = call(place, *arguments, "--json")
    assert isinstance(json.loads(told.out), list)
    beside = json.loads(told.err)
    assert (beside["parked"], beside["warnings"]) == ({"numbers": 2}, [WARNING[2:]])


def test_an_answer_with_members_has_it_among_them(place: Path) -> None:
    def members(*arguments: str) -> dict[str, object]:
        told = call(place, *arguments, "--json")
        assert (told.code, told.err) == (0, "")
        found: dict[str, object] = json.loads(told.out)
        return found

    differing = members("diff", "numbers", "0")
    assert (differing["parked"], differing["warnings"]) == (["n-1", "n-3"], [WARNING[2:]])
    assert members("verify")["parked"] == {"numbers": 2, "groups": 2}
    for command in ("verify", "status", "run --once"):
        assert members(*command.split())["warnings"] == [WARNING[2:], GROUPS[2:]]
    (rebuilt,) = json.loads(call(place, "rebuild", "numbers", "--json").out)
    assert (rebuilt["parked"], rebuilt["warnings"]) == (2, [WARNING[2:]])


def test_nothing_is_said_of_tables_that_were_not_asked_nor_of_moments_before(place: Path) -> None:
    for arguments in (("query", "SELECT 1 AS one"), ("at", "numbers", "--position", "1")):
        for form in ((), ("--json",)):
            assert "parked" not in call(place, *arguments, *form).err


def test_a_row_that_is_not_there_is_said_to_be_perhaps_among_the_parked_ones(place: Path) -> None:
    told = call(place, "why", "groups", "b")
    assert told.code == 4
    assert "No event of this log touches the row 'b' of groups. groups: 2 streams are parked" in told.err


def test_a_table_that_is_behind_is_named_with_the_command_that_brings_it_there(place: Path) -> None:
    assert "behind" not in call(place, "query", "SELECT * FROM numbers").err
    noted(place, "n-0", "7")
    noted(place, "n-0", "8")
    told = call(place, "query", "SELECT value FROM numbers WHERE key = 'n-0'", "--csv")
    assert told.out == "value\n1\n"
    assert "! numbers is 2 events behind the log: `eventfold run --once`" in told.err
    beside = json.loads(call(place, "query", "SELECT value FROM numbers", "--json").err)
    assert beside["behind"] == {"numbers": 2}
    assert call(place, "run", "--once").code == 0
    assert "behind" not in call(place, "query", "SELECT * FROM numbers").err


def test_tables_are_listed_described_and_named_where_one_is_misspelled(place: Path) -> None:
    assert call(place, "query", "show tables", "--csv").out == "name\nevents\ngroups\nnumbers\n"
    described = json.loads(call(place, "query", "describe numbers", "--json").out)
    assert [row["column_name"] for row in described] == ["key", "_version", "value", "at"]
    (key, *_) = json.loads(call(place, "query", "summarize numbers", "--json").out)
    assert (key["column_name"], key["count"]) == ("key", 2)
    told = call(place, "query", "SELECT * FROM nubmers")
    assert told.code == 3
    assert (
        "There is no table nubmers; did you mean numbers? The tables are: events, groups, numbers."
        in told.err
    )


def test_the_difference_of_two_times_is_an_interval(place: Path) -> None:
    sql = (
        "SELECT TIMESTAMP '2024-01-13 09:58:55' - TIMESTAMP '2024-01-01' AS open,"
        ' sum(value) AS total, max("at") - max("at") AS still FROM numbers'
    )
    assert call(place, "query", sql, "--csv").out == "open,total,still\n12 days 09:58:55,4,00:00:00\n"
    assert "12 days 09:58:55" in call(place, "query", sql).out
    found = json.loads(call(place, "query", sql, "--json").out)
    assert found == [{"open": "P12DT9H58M55S", "total": 4, "still": "PT0S"}]


def test_a_csv_cuts_no_time(place: Path) -> None:
    sql = "SELECT '2024-01-01 00:00:00.123456'::TIMESTAMP AS a, '2024-01-01 00:00:00.123Z'::TIMESTAMPTZ AS b"
    assert (
        call(place, "query", sql, "--csv").out == "a,b\n2024-01-01 00:00:00.123456,2024-01-01 00:00:00.123Z\n"
    )


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (1, "! 1 event holds what no append takes any more; it is kept as it was."),
        (1200, "! 1,200 events hold what no append takes any more; they are kept as they were."),
    ],
)
def test_events_that_no_append_takes_are_told_in_their_number(
    count: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show(ImportReport(source="x", irregular=count), Settings({}))
    said = capsys.readouterr()
    assert sentence in " ".join((said.out + said.err).split())
