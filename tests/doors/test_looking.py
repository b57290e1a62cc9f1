"""Looking at streams from a shell: the state of an aggregate, its history, and what is being appended."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from tests.doors.calling import eventfold

SHOP = ("-a", "examples.orders.app:order_book")
ROOT = Path(__file__).parents[2]


def answer(*arguments: str) -> Any:
    code, out, err = eventfold(*arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def lines(*arguments: str) -> list[dict[str, Any]]:
    code, out, _ = eventfold(*arguments, "--json")
    assert code == 0
    return [json.loads(line) for line in out.splitlines()]


def test_the_state_of_an_aggregate_now_and_at_a_version_or_a_time(log: str) -> None:
    now = answer(*SHOP, "-s", log, "state", "order-1")
    assert (now["stream"], now["aggregate"], now["version"]) == ("order-1", "Order", 2)
    assert now["state"]["status"] == "Confirmed"
    assert now["state"]["items"] == {"mug": {"sku": "mug", "quantity": 1, "unit_price": "2.50"}}
    first = lines("-s", log, "read", "order-1")[0]["timestamp"]
    for moment in ("1", first):
        then = answer(*SHOP, "-s", log, "state", "order-1", "--at", moment)
        assert (then["version"], then["state"]["status"]) == (1, "Created")
    code, out, err = eventfold(*SHOP, "-s", log, "state", "order-1")
    assert code == 0
    assert "Confirmed" in out
    assert err == "Order order-1 at version 2.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["state", "order-1", "--at", "9"], 4, "position-beyond-head"),
        (["state", "order-1", "--at", "0"], 3, "range-invalid"),
        (["state", "order-1", "--at", "-1"], 3, "range-invalid"),
        (["state", "order-1", "--at", "2001-01-01"], 4, "stream-not-found"),
        (["state", "order-1", "--at", "soon"], 3, "time-invalid"),
        (["state", "order-9"], 4, "stream-not-found"),
        (["state", "cart-1"], 3, "category-mismatch"),
        (["history", "order-9"], 4, "stream-not-found"),
        (["history", "order-1", "--after", "-1"], 3, "range-invalid"),
        (["history", "order-1", "--after", "2", "--to", "1"], 3, "range-invalid"),
        (["tail", "--from", "{"], 3, "cursor-invalid"),
        (["tail", "--from", '{"log":"another","marks":{}}'], 6, "foreign-cursor"),
        (["tail", "--stream", "nothing"], 3, "stream-name-invalid"),
        (["tail", "--category", ""], 3, "stream-name-invalid"),
        (["tail", "--type", "!Nothing"], 3, "event-type-invalid"),
        (["streams", ""], 3, "stream-name-invalid"),
        (["streams", "order-1"], 3, "stream-name-invalid"),
        (["streams", "\udcff"], 3, "stream-name-invalid"),
        (["at", "orders", "--position", "1", "--time", "2024-01-01"], 3, "range-invalid"),
        (["at", "orders", "--cursor", "{"], 3, "cursor-invalid"),
        (["at", "orders", "--cursor", '{"log":"another","marks":{}}'], 6, "foreign-cursor"),
        (["parked", "--limit", "1", "list"], 2, "parked list --limit"),
        (["parked", "list", "--limit", "-1"], 2, "--limit"),
        (["status", "--watch", "nan"], 2, "seconds"),
        (["run", "--every", "-1"], 2, "--every"),
    ],
)
def test_what_is_not_there_is_a_sentence(log: str, arguments: list[str], code: int, word: str) -> None:
    told = eventfold(*SHOP, "-s", log, *arguments)
    assert (told.code, told.out) == (code, "")
    assert word in told.err


def test_a_cursor_that_would_skip_or_repeat_in_silence_is_refused(log: str) -> None:
    store = ef.open_store(log)
    log_id = store.log_id
    store.close()
    for marks in ({}, {"another": {"position": 1}}):
        place = json.dumps({"log": log_id, "marks": marks})
        told = eventfold("-s", log, "tail", "--once", "--from", place)
        assert (told.code, told.out) == (3, "")
        assert "cursor-invalid" in told.err


def test_state_without_an_app_says_what_it_needs(log: str) -> None:
    code, out, err = eventfold("-s", log, "state", "order-1")
    assert (code, out) == (2, "")
    assert "-a module:name" in err
    assert "eventfold history order-1" in err


def test_the_history_says_who_when_and_what_changed(log: str) -> None:
    first, second = lines(*SHOP, "-s", log, "history", "order-1")
    assert first["changed"]["status"] == ["New", "Created"]
    assert second["changed"] == {"status": ["Created", "Confirmed"]}
    assert second["metadata"] == {"schemaVersion": 1, "actor": "Ada", "correlationId": "mail-7"}
    out = eventfold(*SHOP, "-s", log, "history", "order-1").out
    for word in ("Ada", "mail-7", "status: Created -> Confirmed"):
        assert word in out
    for shown in (["--after", "1"], ["--last", "1"], ["--last", "1", "--to", "2"]):
        (only,) = lines(*SHOP, "-s", log, "history", "order-1", *shown)
        assert only == second
    assert lines(*SHOP, "-s", log, "history", "order-1", "--to", "1") == [first]


def test_the_history_of_a_bare_stream_shows_its_data(log: str) -> None:
    first, second = lines("-s", log, "history", "order-1")
    assert "changed" not in first
    assert second["data"] == {}
    out = eventfold("-s", log, "history", "order-1").out
    assert "Ada" in out
    assert '"customer_id":"c"' in out
    assert "changed" not in out


def test_the_history_shows_an_older_schema_version_as_it_is_read_now(log: str) -> None:
    data = '{"customer_id":"c","items":[],"total_amount":"0"}'
    assert eventfold("-s", log, "append", "order-9", "OrderCreated", data).code == 0
    (event,) = lines(*SHOP, "-s", log, "history", "order-9")
    assert event["data"]["currency"] == "EUR"
    assert event["metadata"]["upgradedFrom"] == 1


def test_an_event_that_cannot_be_folded_is_shown_with_the_reason(log: str) -> None:
    for event_type in ("Nothing", "OrderShipped"):
        assert eventfold("-s", log, "append", "order-1", event_type, "{}").code == 0
    found = lines(*SHOP, "-s", log, "history", "order-1")
    assert [isinstance(event["changed"], str) for event in found] == [False, False, True, True]
    assert "'Nothing'" in found[2]["changed"]
    assert eventfold(*SHOP, "-s", log, "history", "order-1").code == 0


def test_the_tail_begins_where_it_is_told_to(log: str) -> None:
    told = eventfold("-s", log, "tail", "--from", "start", "--once", "--json")
    found = [json.loads(line) for line in told.out.splitlines()]
    assert [(e["aggregateId"], e["version"]) for e in found] == [
        ("order-1", 1),
        ("order-2", 1),
        ("order-1", 2),
    ]
    cursor = json.dumps(json.loads(told.err)["cursor"])
    assert lines("-s", log, "tail", "--from", "now", "--once") == []
    assert lines("-s", log, "tail", "--from", cursor, "--once") == []
    assert eventfold("-s", log, "append", "note-1", "Noted").code == 0
    assert [e["aggregateId"] for e in lines("-s", log, "tail", "--from", cursor, "--once")] == ["note-1"]


def test_the_tail_shows_what_is_asked_for(log: str) -> None:
    def seen(*choice: str) -> int:
        return len(lines("-s", log, "tail", "--from", "start", "--once", *choice))

    assert seen("--category", "order") == 3
    assert seen("--category", "cart") == 0
    assert seen("--type", "OrderConfirmed") == 1
    assert seen("--stream", "order-2") == 1
    assert seen("--stream", "order-1", "--type", "OrderCreated") == 1


def test_data_in_a_line_never_speaks_to_the_terminal(log: str) -> None:
    assert eventfold("-s", log, "append", "note-1", "Noted", '{"a": "\x9b2J\u202e[red]x[/red]"}').code == 0
    for command in (["tail", "--from", "start", "--once"], ["read", "note-1"], ["history", "note-1"]):
        out = eventfold("-s", log, *command).out
        assert r"\x9b2J\u202e[red]x[/red]" in out
        assert "\x9b" not in out
        assert "\u202e" not in out


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_the_tail_follows_until_it_is_told_to_stop(log: str, name: str, flags: list[str]) -> None:
    command = [sys.executable, "-c", "from eventfold.doors.cli import main; main()"]
    command += ["-s", log, *flags, "tail", "--from", "start"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        for stream in (b"order-1", b"order-2", b"order-1"):
            assert stream in process.stdout.readline()
        store = ef.open_store(log)
        store.append("note-1", [ef.NewEvent(ef.new_id(), "Noted", 1, "{}")], expected=0)
        store.close()
        assert b"note-1" in process.stdout.readline()
        process.send_signal(getattr(signal, name))
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, b"")
    assert b'"position":4' in err
    assert b"Traceback" not in err
