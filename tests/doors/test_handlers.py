"""Handlers on the command line: how they stand, and what a person decides, with who it was and why."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.errors import TableInvalid
from tests.doors.calling import Told, eventfold
from tests.handlers.tending.app import MAILER, NAME, ship, shop

APP = "tests.handlers.tending.app:shop"


class Shell:
    """The commands of one app on one log."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, *arguments: str) -> Told:
        return eventfold("-a", APP, "-s", self.url, "--actor", "Zoë", *arguments)

    def told(self, *arguments: str) -> Any:
        answer = self("handlers", *arguments, "--json")
        assert answer.code == 0, answer.err
        return json.loads(answer.out)

    def live(self) -> Live:
        return shop.open(self.url)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A log in which one stream of three events is parked, and one was handled."""
    MAILER.taken.clear()
    MAILER.poison = {"order-1"}
    shell = Shell(f"sqlite:///{tmp_path}/log.db")
    with shell.live() as live:
        ship(live, "order-1", 3)
        ship(live, "order-2")
        live.handle()
    yield shell
    MAILER.poison.clear()


def test_every_handler_stands_in_a_table_and_in_json(shell: Shell) -> None:
    told = shell("handlers")
    assert told.code == 0
    header, _, row = told.out.splitlines()
    assert header.split() == ["handler", "kind", "state", "lag", "parked"]
    assert row.split() == ["mailer", "notify", "caught", "up", "0", "1"]
    assert "! mailer has 1 parked stream: `eventfold handlers parked mailer`" in told.err
    (one,) = shell.told("list")
    assert (one["name"], one["state"], one["parked"], one["error_stream"]) == (
        NAME,
        "caught up",
        1,
        "order-1",
    )


def test_everything_that_is_known_of_one_is_shown(shell: Shell) -> None:
    shell("handlers", "move", NAME, "--to", "here", "--reason", "reviewed")
    told = shell("handlers", "show", NAME)
    assert told.code == 0
    for part in ("caught up", "no address in order-1", "order-1/1", "Shipped", "reviewed", "Zoë"):
        assert part in told.out
    assert [one["to"] for one in shell.told("show", NAME)["moves"]] == ["here"]


def test_a_handler_is_paused_and_goes_on(shell: Shell) -> None:
    assert "--reason" in shell("handlers", "pause", NAME).err
    assert shell("handlers", "pause", NAME, "--reason", "").code == 3
    assert shell("handlers", "pause", NAME, "--reason", "new server").code == 0
    (one,) = shell.told("list")
    assert (one["state"], one["why"]) == ("paused", "new server (Zoë)")
    assert shell("handlers", "resume", NAME).code == 0
    assert shell.told("list")[0]["state"] == "caught up"


@pytest.mark.parametrize(
    ("to", "taken"),
    [
        ("now", []),
        ("start", [("order-1", 1), ("order-1", 2), ("order-1", 3), ("order-2", 1)]),
        ("3", [("order-2", 1)]),
    ],
)
def test_a_handler_is_moved_by_a_word_or_a_position(
    shell: Shell, to: str, taken: list[tuple[str, int]]
) -> None:
    MAILER.poison.clear()
    MAILER.taken.clear()
    told = shell("handlers", "move", NAME, "--to", to, "--reason", "why not")
    assert (told.code, f"mailer goes on from {to}." in told.err) == (0, True)
    with shell.live() as live:
        live.handle()
    assert sorted(MAILER.taken) == taken
    (moved,) = shell.told("show", NAME)["moves"]
    assert (moved["actor"], moved["reason"]) == ("Zoë", "why not")


def test_a_handler_is_moved_by_the_cursor_that_is_shown(shell: Shell) -> None:
    cursor = json.dumps(shell.told("show", NAME)["cursor"])
    with shell.live() as live:
        ship(live, "order-3")
        live.handle()
        MAILER.taken.clear()
    assert shell("handlers", "move", NAME, "--to", cursor).code == 0
    with shell.live() as live:
        live.handle()
    assert MAILER.taken == [("order-3", 1)]


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("soon", "cursor-invalid"),
        ("yesterday", "'yesterday' is no place: say --to now, start, here, a position"),
        ("99", "position-beyond-head"),
        ('{"log":"x","marks":{}}', "foreign-cursor"),
    ],
)
def test_a_place_that_is_none_is_refused(shell: Shell, to: str, code: str) -> None:
    told = shell("handlers", "move", NAME, "--to", to)
    assert told.code != 0
    assert code in told.err
    assert shell.told("show", NAME)["moves"] == []


def test_a_poisoned_stream_is_listed_mended_and_retried(shell: Shell) -> None:
    told = shell("handlers", "parked", NAME)
    assert "no address in order-1" in told.out
    assert f"`eventfold handlers retry {NAME} STREAM`" in told.err
    MAILER.poison.clear()
    asked = shell("handlers", "retry", NAME, "order-1")
    assert (asked.code, "order-1 is tried again when mailer has a worker again" in asked.err) == (0, True)
    assert shell.told("parked", NAME)[0]["asked"] == "retry"
    with shell.live() as live:
        live.handle()
    assert MAILER.taken[1:] == [("order-1", 1), ("order-1", 2), ("order-1", 3)]
    assert "Nothing is parked." in shell("handlers", "parked", NAME).err


def test_all_that_is_parked_is_retried_at_once(shell: Shell) -> None:
    with shell.live() as live:
        MAILER.poison.add("order-3")
        ship(live, "order-3")
        live.handle()
    MAILER.poison.clear()
    for arguments in (["retry", NAME], ["retry", NAME, "order-1", "--all"]):
        assert "Name one stream, or say --all." in shell("handlers", *arguments).err
    told = shell("handlers", "retry", NAME, "--all")
    assert "2 streams are tried again when mailer has a worker again" in told.err
    assert "Nothing is parked that was not asked for." in shell("handlers", "retry", NAME, "--all").err
    with shell.live() as live:
        live.handle()
        assert live.handler(NAME).parked() == {}
    assert sorted(MAILER.taken[1:]) == [("order-1", 1), ("order-1", 2), ("order-1", 3), ("order-3", 1)]


def test_an_event_is_left_out_for_a_reason(shell: Shell) -> None:
    MAILER.poison.clear()
    assert shell("handlers", "skip", NAME, "order-1", "--reason", " ").code == 3
    assert shell("handlers", "skip", NAME, "order-1", "--reason", "a test order").code == 0
    with shell.live() as live:
        live.handle()
    assert MAILER.taken[1:] == [("order-1", 2), ("order-1", 3)]
    (skipped,) = shell.told("show", NAME)["skipped"]
    assert (skipped["stream"], skipped["version"], skipped["actor"]) == ("order-1", 1, "Zoë")
    assert "a test order" in shell("handlers", "show", NAME).out


def test_what_is_parked_is_told_once_by_a_run_that_ends_and_is_no_error(shell: Shell) -> None:
    told = shell("run", "--once")
    assert (told.code, told.err.count("has 1 parked stream")) == (0, 1)
    assert "! The handler mailer has 1 parked stream: `eventfold handlers parked mailer`" in told.err
    shell("handlers", "pause", NAME, "--reason", "lunch")
    told = shell("run", "--once")
    assert "waits: a person has paused it; `eventfold handlers resume mailer` lets it go on" in told.err


def test_a_table_that_cannot_go_on_keeps_no_handler_from_its_work(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shell.live() as live:
        ship(live, "order-3")

    def refuses(_self: Live, **_options: object) -> None:
        raise TableInvalid("It was folded under another definition.", table="parcels")

    monkeypatch.setattr(Live, "catch_up", refuses)
    told = shell("run", "--once")
    assert (told.code, "table-invalid" in told.err) == (2, True)
    assert ("order-3", 1) in MAILER.taken


def test_a_stream_that_waits_is_parked_by_hand(shell: Shell) -> None:
    with shell.live() as live:
        ship(live, "order-3")
    assert shell("handlers", "park", NAME, "order-3", "--reason", " ").code == 3
    told = shell("handlers", "park", NAME, "order-3", "--reason", "too large")
    assert (told.code, "order-3 is parked when mailer has a worker again" in told.err) == (0, True)
    with shell.live() as live:
        live.handle()
    (_, row) = shell.told("parked", NAME)
    assert (row["stream"], row["message"]) == ("order-3", "Zoë took it out: too large")
    assert ("order-3", 1) not in MAILER.taken


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["retry", NAME, "order-2"], "not-found"),
        (["skip", NAME, "order-9", "--reason", "x"], "not-found"),
        (["show", "nobody"], "handler-not-found"),
        (["pause", "nobody", "--reason", "x"], "handler-not-found"),
    ],
)
def test_what_is_not_there_is_told(shell: Shell, arguments: list[str], code: str) -> None:
    told = shell("handlers", *arguments, "--json")
    assert told.code == 4
    assert json.loads(told.err)["error"]["code"] == code


def test_what_is_parked_for_tables_names_handlers_that_wait_too(shell: Shell) -> None:
    told = shell("parked")
    assert "Nothing is parked for tables." in told.err
    assert "! Streams are parked for mailer: `eventfold handlers parked mailer`" in told.err
    assert json.loads(shell("parked", "--json").out) == []


def test_handlers_of_a_log_that_the_app_does_not_have_are_told(shell: Shell) -> None:
    with ef.open_store(shell.url) as store:
        store.effects().begin("old_mailer", store.feed().start())
    assert "The log knows handlers that the app does not have: old_mailer." in shell("handlers").err


def test_an_option_of_a_command_stands_behind_it(shell: Shell) -> None:
    told = shell("handlers", "--watch", "0", "list")
    assert (told.code, "--watch stands behind the command" in told.err) == (2, True)
    assert shell("handlers", "--watch", "0").code == 0
