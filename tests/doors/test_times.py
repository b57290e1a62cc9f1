"""Two clocks on the command line: which of them a time means is said, and what differs between them is shown."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from eventfold.events.envelope import to_us
from eventfold.readmodels.asking import moments
from tests.doors.calling import eventfold
from tests.doors.imported import MARCH, call, fill, place_with_app, url
from tests.doors.test_long_answers import body

SHOP = ("-a", "examples.orders.app:order_book")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield place_with_app(tmp_path, monkeypatch)
    sys.modules.pop("times_app", None)


@pytest.fixture
def claims(place: Path) -> Path:
    fill(place)
    return place


def rows(folder: Path, *arguments: str) -> Any:
    told = call(folder, *arguments, "--json")
    assert (told.code, told.err) == (0, "")
    return json.loads(told.out)


def test_a_difference_by_the_time_at_which_things_happened(claims: Path) -> None:
    found = rows(claims, "diff", "claims", "2025-03-03", "2025-03-15", "--occurred")
    assert [row["claim"] for row in found["added"]] == ["claim-2"]
    (changed,) = found["changed"]
    assert changed["columns"]["status"] == {"before": "filed", "after": "assessed"}
    since = rows(claims, "diff", "claims", "2025-03-15", "now", "--occurred")
    (changed,) = since["changed"]
    assert changed["columns"]["status"] == {"before": "assessed", "after": "paid"}
    assert rows(claims, "diff", "claims", "now", "2025-03-15", "--occurred")["changed"][0]["key"] == "claim-1"
    recorded = rows(claims, "diff", "claims", "1", "now")
    by_place = rows(claims, "diff", "claims", "1", "2025-12-31", "--occurred")
    assert by_place == recorded  # a position says what was known, whatever times mean


@pytest.mark.parametrize(
    "arguments",
    [
        ("diff", "claims", "1", "now", "--occurred"),
        ("diff", "claims", "now", "--occurred"),
        ("at", "claims", "--position", "1", "--occurred"),
        ("at", "claims", "--occurred"),
    ],
)
def test_a_clock_without_a_time_is_refused(claims: Path, arguments: tuple[str, ...]) -> None:
    told = call(claims, *arguments)
    assert (told.code, told.out) == (3, "")
    assert "range-invalid" in told.err
    assert "--occurred" in told.err


def test_the_answer_says_which_moment_it_took(claims: Path) -> None:
    told = call(claims, "at", "claims", "--time", "2025-03-15", "--occurred")
    assert told.err == "2 rows as occurred up to 2025-03-15 00:00:00Z, from the log and 4 events.\n"
    told = call(claims, "at", "claims", "--time", "9999-12-31T23:59:59-05:00")
    assert told.err.startswith("2 rows as recorded up to 9999-12-31 23:59:59-05:00, from the log")
    told = call(claims, "at", "claims", "--position", "1")
    assert told.err == "1 row, from the log and 1 event.\n"
    cursor = json.loads(call(claims, "status", "--json").out)["tables"][0]["cursor"]
    told = call(claims, "at", "claims", "--cursor", json.dumps(cursor))
    assert (told.code, told.err) == (0, "No rows, from the log.\n")


def test_an_answer_that_is_empty_only_by_the_time_of_recording_names_the_other(claims: Path) -> None:
    told = call(claims, "at", "claims", "--time", "2025-03-15")
    assert body(told.out) == []
    sentence, note = told.err.splitlines()
    assert sentence == "No rows as recorded up to 2025-03-15 00:00:00Z, from the log."
    assert note.startswith("! claims has no rows as recorded up to 2025-03-15 00:00:00Z. claim-1@1 occurred")
    assert "--occurred" in note
    told = call(claims, "at", "claims", "--time", "2025-03-15", "--json")
    assert (told.out, json.loads(told.err)) == ("[]\n", {"parked": {}, "warnings": [note[2:]]})
    for between in (("2025-03-15", "now"), ("2025-03-14", "2025-03-15")):
        assert "--occurred (clock='occurred')" in call(claims, "diff", "claims", *between).err
        (warning,) = json.loads(call(claims, "diff", "claims", *between, "--json").out)["warnings"]
        assert "--occurred" in warning


def test_nothing_is_named_where_it_would_not_help(claims: Path, log: str) -> None:
    for arguments in (
        ("at", "claims", "--time", "2025-03-01"),  # before anything had happened
        ("at", "claims", "--time", "2025-03-15", "--occurred"),
        ("at", "claims", "--position", "0"),
        ("diff", "claims", "0", "now"),
        ("diff", "claims", "2025-03-15", "now", "--occurred"),
    ):
        told = call(claims, *arguments)
        assert (told.code, "--occurred" in told.err) == (0, False)
    assert "--occurred" not in eventfold(*SHOP, "-s", log, "at", "orders", "--time", "2001-01-01").err


LOOKING: list[tuple[str, ...]] = [
    ("history", "claim-1"),
    ("read", "claim-1"),
    ("why", "claims", "claim-1"),
    ("parked", "show", "notes", "claim-1"),
]


def test_when_a_thing_happened_stands_beside_when_it_was_recorded(claims: Path) -> None:
    assert call(claims, "run", "--once").code == 0
    for arguments in LOOKING:
        told = call(claims, *arguments)
        head = told.out.splitlines()[0].split()
        assert head.index("occurred") == head.index("recorded") + 1, arguments
        assert "2025-03-20 00:00:00.000Z" in told.out, arguments
    line = call(claims, "tail", "--once", "--from", "start").out.splitlines()[0]
    assert re.match(r"\S+ \S+Z occurred 2025-03-02 00:00:00.000Z claim-1@1 Filed", line)
    (first, *_) = rows(claims, "why", "claims", "claim-1")
    assert first["event"]["metadata"]["occurredAt"] == "2025-03-02T00:00:00Z"


def test_it_is_left_out_where_it_is_the_same(place: Path, log: str) -> None:
    for arguments in (("history", "order-1"), ("read", "order-1"), ("why", "orders", "order-1")):
        assert "occurred" not in eventfold(*SHOP, "-s", log, *arguments).out
    assert "occurred" not in eventfold("-s", log, "tail", "--once", "--from", "start").out
    same = to_us(MARCH)
    with closing(ef.open_store(url(place))) as store:
        event = ef.NewEvent(ef.new_id(), "Filed", 1, "{}", occurred_us=same, recorded_us=same)
        store.append("claim-1", [event], expected=0)
    for looked in LOOKING[:3]:
        told = call(place, *looked)
        assert (told.code, "occurred" in told.out) == (0, False)


def test_why_names_the_stream_where_it_is_not_the_key(claims: Path) -> None:
    assert "stream" not in call(claims, "why", "claims", "claim-1").out.splitlines()[0]
    told = call(claims, "why", "owners", "ada")
    assert told.out.splitlines()[0].split() == [
        "version",
        "recorded",
        "occurred",
        "stream",
        "event",
        "changed",
    ]
    assert {"claim-1", "claim-2"} <= set(told.out.split())


def test_the_last_that_happened_is_not_the_last_that_was_told(claims: Path) -> None:
    row, _ = rows(claims, "at", "claims", "--position", "4")
    assert (row["told_last"], row["status"]) == ("assessed", "paid")


def test_a_moment_of_an_aggregate_has_one_name_and_the_old_one(log: str) -> None:
    def state(*arguments: str) -> Any:
        told = eventfold(*SHOP, "-s", log, "state", "order-1", *arguments, "--json")
        assert (told.code, told.err) == (0, "")
        return json.loads(told.out)

    first = json.loads(eventfold("-s", log, "read", "order-1", "--json").out.splitlines()[0])["timestamp"]
    wanted = state("--at", "1")
    assert wanted["version"] == 1
    for arguments in (["--version", "1"], ["--time", first], ["--at", first]):
        assert state(*arguments) == wanted


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["--version", "1", "--time", "2024-01-01"], 3, "range-invalid"),
        (["--version", "1", "--at", "1"], 3, "range-invalid"),
        (["--version", "0"], 3, "range-invalid"),
        (["--version", "-1"], 3, "range-invalid"),
        (["--version", "9"], 4, "position-beyond-head"),
        (["--version", "9" * 30], 2, "--version"),
        (["--time", "soon"], 3, "time-invalid"),
        (["--time", "2001-01-01"], 4, "its first was recorded at 20"),
    ],
)
def test_what_is_no_moment_of_an_aggregate(log: str, arguments: list[str], code: int, word: str) -> None:
    told = eventfold(*SHOP, "-s", log, "state", "order-1", *arguments)
    assert (told.code, told.out) == (code, "")
    assert word in told.err


def test_an_aggregate_that_was_recorded_later_says_so(log: str) -> None:
    data = '{"customer_id":"c","items":[],"total_amount":"0"}'
    with closing(ef.open_store(log)) as store:
        event = ef.NewEvent(ef.new_id(), "OrderCreated", 1, data, occurred_us=to_us(MARCH))
        store.append("order-9", [event], expected=0)
    told = eventfold(*SHOP, "-s", log, "state", "order-9", "--time", (MARCH + timedelta(days=1)).isoformat())
    assert told.code == 4
    assert "occurred at 2025-03-01 00:00:00Z" in told.err


def test_of_a_log_that_is_not_looked_through_the_flag_is_named_as_it_may_help(
    claims: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moments, "_LOOKED_THROUGH", 1)
    assert "claim-1@1 occurred" in call(claims, "at", "claims", "--time", "2025-03-01").err
