"""What stands on a terminal and nowhere else: colours, tables as wide as it is, progress with rate and time left."""

import io
import os
import pty
import re
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from eventfold.doors.cli.showing import output, terminal
from eventfold.doors.cli.showing.tables import Column, records

ROOT = Path(__file__).parents[2]
MAIN = [sys.executable, "-c", "from eventfold.doors.cli import main; main()"]
ESCAPE = b"\x1b["


def environment(**extra: str) -> dict[str, str]:
    left_out = ("EVENTFOLD_", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(left_out)}
    return {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLUMNS": "100", **extra}


def on_terminal(*arguments: str, **extra: str) -> bytes:
    """What a terminal is sent."""
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [*MAIN, *arguments], env=environment(**extra), stdout=follower, stderr=follower
    ) as process:
        os.close(follower)
        told = b""
        while True:
            try:
                part = os.read(leader, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            told += part
        process.wait()
    os.close(leader)
    return told


COMMANDS = [
    pytest.param(["streams"], id="a table"),
    pytest.param(["tail", "--once", "--from", "start"], id="lines"),
    pytest.param(["read", "order-9"], id="an error"),
]


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_colours_stand_on_a_terminal_and_nowhere_else(log: str, command: list[str]) -> None:
    assert ESCAPE in on_terminal("-s", log, *command)
    for extra in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        plain = on_terminal("-s", log, *command, **extra)
        assert b"order-" in plain
        assert b"\x1b[3" not in plain  # NO_COLOR leaves bold
    piped = subprocess.run([*MAIN, "-s", log, *command], env=environment(), capture_output=True, check=False)
    assert ESCAPE not in piped.stdout + piped.stderr


def test_a_table_is_no_wider_than_its_terminal(log: str) -> None:
    told = on_terminal("-s", log, "read", "order-1", COLUMNS="60", NO_COLOR="1")
    lines = [re.sub(r"\x1b\[[0-9;?]*[a-z]", "", line) for line in told.decode().splitlines()]
    assert max(map(len, lines)) <= 60


def test_json_on_a_terminal_is_json(log: str) -> None:
    assert ESCAPE not in on_terminal("-s", log, "streams", "--json")


def a_terminal(patch: pytest.MonkeyPatch) -> io.StringIO:
    """What a terminal of this process is shown."""
    screen = io.StringIO()
    patch.setattr(
        terminal,
        "Console",
        lambda **_: Console(file=screen, force_terminal=True, width=100, color_system=None),
    )
    patch.setenv("FORCE_COLOR", "1")
    return screen


def test_progress_shows_what_is_done_how_fast_and_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = a_terminal(monkeypatch)
    with output.progress("events") as show:
        for done in (100, 200, 1000):
            show(done, 4000)
    told = screen.getvalue()
    assert "1000/4000" in told
    assert re.search(r"[0-9,]+/s", told)
    assert re.search(r"\d:\d\d:\d\d \d:\d\d:\d\d", told)  # passed, and left


def test_progress_of_a_file_is_told_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = a_terminal(monkeypatch)
    with output.progress("log.csv", in_bytes=True) as show:
        for done in (1_000_000, 2_000_000):
            show(done, 4_000_000)
    assert "2.0/4.0 MB" in screen.getvalue()
    assert re.search(r"B/s", screen.getvalue())


def test_progress_is_silent_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with output.progress("events") as show:
        show(100, 4000)
    assert capsys.readouterr() == ("", "")


def test_a_reader_that_goes_away_ends_the_command_in_peace(log: str) -> None:
    line = '{"eventType": "Noted", "data": {"text": "' + "x" * 1000 + '"}}\n'
    filling = [*MAIN, "-s", log, "append", "note-1", "--events", "-"]
    subprocess.run(filling, env=environment(), input=(line * 500).encode(), check=True, capture_output=True)
    command = [*MAIN, "-s", log, "tail", "--once", "--from", "start", "--json"]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"{")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_bytes_that_are_no_text_in_an_argument_are_a_sentence(log: str) -> None:
    done = subprocess.run(
        [*(part.encode() for part in [*MAIN, "-s", log, "append"]), b"note-1", b"Noted", b'{"a": "\xff"}'],
        env=environment(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 3
    assert done.stderr.startswith(b"error encoding-invalid: ")
    assert b"Traceback" not in done.stderr


def test_no_number_is_cut_and_no_column_is_lost_where_a_table_is_wider_than_its_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(output, "WIDE", 80)
    numbers = {f"n{n}": Decimal(f"1234567.{n}9") for n in range(9)}
    row = {**numbers, "at": datetime(2024, 1, 2, 3, 4, 5, 678000, UTC), "text": "hello world"}
    output.print_table([row], list(row))
    head, _, first, *rest = capsys.readouterr().out.splitlines()
    assert head.split() == list(row)
    assert first.split()[:9] == [str(number) for number in numbers.values()]
    assert "".join("".join(line) for line in (first, *rest)).count("world") == 1
    for part in ("2024-01-02", "03:04:05.678"):
        assert part in first + "".join(rest)


def test_rows_that_cannot_be_read_side_by_side_stand_one_below_the_other(log: str) -> None:
    def lines(width: int) -> list[str]:
        told = on_terminal("-s", log, "query", "SELECT * FROM events", COLUMNS=str(width), NO_COLOR="1")
        return [re.sub(r"\x1b\[[0-9;?]*[a-z]", "", line) for line in told.decode().splitlines()]

    narrow = lines(80)
    assert max(map(len, narrow)) <= 80
    names = [line.split()[0] for line in narrow if line.startswith(" ") and line[1] != " "]
    columns = ["position", "stream", "category", "version", "type", "recorded_at", "occurred_at"]
    assert names[:7] == columns
    heads = [line for line in narrow if line.startswith("──")]
    assert heads == [f"── {n} ──" for n in range(1, len(heads) + 1)]
    assert len(heads) == names.count("position") > 1
    wide = lines(400)
    assert wide[0].split()[:7] == columns
    assert len(wide) == len(heads) + 2


def test_a_record_keeps_every_character_of_a_long_value() -> None:
    text = "word " * 40 + "x" * 90
    columns = [Column("text", [text]), Column("n", ["1"], right=True)]
    [record] = records(columns, 40)
    assert all(len(f" {name}   {value}") <= 40 for name, value in record)
    assert "".join(value for _, value in record[:-1]).replace(" ", "") == text.replace(" ", "")
    assert record[-1] == ("n   ", "1")


def test_a_column_without_any_value_may_be_narrow(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(output, "WIDE", 30)
    output.print_table([{"text": "one two three four", "correlation_id": None}], ["text", "correlation_id"])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 30
