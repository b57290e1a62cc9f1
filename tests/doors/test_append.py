"""Appending from a shell: one event or many, checked by the app, all or nothing per stream."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import eventfold as ef
from eventfold.errors import OutcomeUnknown
from eventfold.events.envelope import RecordedEvent
from eventfold.store.sqlite.store import SqliteStore
from tests.doors.calling import eventfold

SHOP = ("-a", "examples.orders.app:order_book")
ID = "01890a5d-ac96-774b-bcce-b302099a8057"


def events(log: str, stream: str) -> list[RecordedEvent]:
    store = ef.open_store(log, create=False)
    try:
        return list(store.read(stream))
    finally:
        store.close()


def line(**keys: Any) -> str:
    return json.dumps({"eventType": "Noted", **keys}) + "\n"


@pytest.mark.parametrize(
    "wrong", ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"]
)
def test_the_uuid_of_nothing_is_no_event_id(log: str, wrong: str) -> None:
    told = eventfold("-s", log, "append", "order-1", "Noted", "--id", wrong)
    assert (told.code, "UUID of nothing" in told.err) == (3, True)
    many = eventfold("-s", log, "append", "order-1", "--events", "-", stdin=line() + line(id=wrong))
    assert (many.code, "UUID of nothing" in many.err, len(events(log, "order-1"))) == (3, True, 2)


def test_a_new_stream_has_no_invisible_character_and_nothing_of_its_file_is_written(log: str) -> None:
    lines = line(aggregateId="order-7") + line(aggregateId="order-\u202e8")
    told = eventfold("-s", log, "append", "--events", "-", stdin=lines)
    assert (told.code, "U+202E RIGHT-TO-LEFT OVERRIDE" in told.err, events(log, "order-7")) == (3, True, [])
    assert "\u202e" not in told.err


def test_a_command_without_a_name_that_can_be_written_is_refused(log: str) -> None:
    told = eventfold("-s", log, "append", "order-1", "Noted", "--once", "a\udcff")
    assert (told.code, len(events(log, "order-1"))) == (3, 2)


def test_an_event_with_everything_that_can_be_said_of_it(log: str) -> None:
    told = eventfold(
        *(
            *SHOP,
            "-s",
            log,
            "--actor",
            "Grace",
            "append",
            "order-1",
            "OrderShipped",
            '{"tracking_number": "T1"}',
        ),
        *("--expected", "2", "--id", ID, "--occurred-at", "2024-01-01", "--metadata", '{"desk": 4}'),
        *("--correlation", "mail-8", "--causation", "call-9", "--json"),
    )
    assert (told.code, told.err) == (0, "")
    answer = json.loads(told.out)
    assert answer | {"token": 0} == {
        "stream": "order-1",
        "version": 3,
        "ids": [ID],
        "deduplicated": False,
        "token": 0,
    }
    event = events(log, "order-1")[-1]
    assert (event.version, event.type, event.data, event.id) == (
        *(3, "OrderShipped", '{"tracking_number":"T1"}', UUID(ID)),
    )
    assert event.occurred_at.isoformat() == "2024-01-01T00:00:00+00:00"
    assert event.metadata_map() == {
        "actor": "Grace",
        "correlationId": "mail-8",
        "causationId": "call-9",
        "desk": 4,
    }


def test_the_same_id_again_writes_nothing(log: str) -> None:
    command = ("-s", log, "append", "note-1", "Noted", '{"n": 1}', "--id", ID, "--expected", "new")
    assert eventfold(*command).err == "note-1 is at version 1: 1 appended.\n"
    assert eventfold(*command).err == "note-1 is at version 1: was there already.\n"
    assert len(events(log, "note-1")) == 1


def test_a_command_by_name_takes_effect_once(log: str, tmp_path: Path) -> None:
    file = tmp_path / "notes.jsonl"
    file.write_text(line(aggregateId="note-1") + line(aggregateId="note-2") + line(aggregateId="note-1"))
    for _ in range(2):
        assert eventfold("-s", log, "append", "--events", str(file), "--once", "import-1").code == 0
    assert [len(events(log, f"note-{n}")) for n in (1, 2)] == [2, 1]
    eventfold("-s", log, "append", "--events", str(file))  # without a name it is another command
    assert len(events(log, "note-1")) == 4


def test_without_an_app_any_object_will_do(log: str) -> None:
    assert eventfold("-s", log, "append", "note-1", "Anything", "-", stdin='{"a": 1.50}').code == 0
    (event,) = events(log, "note-1")
    assert (event.type, event.schema_version, event.data) == ("Anything", 1, '{"a":1.50}')


def test_an_app_fills_in_what_has_a_default_and_keeps_an_older_schema_version_as_it_is(log: str) -> None:
    created = '{"customer_id": "c", "items": [], "total_amount": "1.50"}'
    call = (*SHOP, "-s", log, "append", "order-9", "OrderCreated", created)
    assert eventfold(*call).code == 3  # the current version names a currency
    assert eventfold(*call, "--schema-version", "1").code == 0
    (event,) = events(log, "order-9")
    assert (event.schema_version, event.data) == (1, created.replace(" ", ""))
    assert eventfold(*call, "--schema-version", "3").code == 3


def test_lines_from_standard_input_with_all_their_keys(log: str) -> None:
    lines = line(
        id=ID,
        data={"n": 1},
        schemaVersion=4,
        occurredAt="2024-01-01T00:00:00+02:00",
        metadata={"k": 1},
        expected=0,
    )
    lines += "\n" + line(data={"n": 2}, metadata={"actor": "Linus"})
    told = eventfold(
        "-s", log, "--actor", "Grace", "append", "note-1", "--events", "-", "--json", stdin=lines
    )
    assert json.loads(told.out)["version"] == 2
    first, second = events(log, "note-1")
    assert (str(first.id), first.schema_version, first.occurred_at.isoformat()) == (
        *(ID, 4, "2023-12-31T22:00:00+00:00"),
    )
    assert [e.metadata_map() for e in (first, second)] == [{"actor": "Grace", "k": 1}, {"actor": "Linus"}]


def test_what_is_wrong_in_one_line_keeps_all_lines_out(log: str) -> None:
    lines = line(aggregateId="note-1") + line(aggregateId="note-2", data=[1])
    code, out, err = eventfold("-s", log, "append", "--events", "-", stdin=lines)
    assert (code, out) == (3, "")
    assert err.startswith("error object-expected: Line 2: ")
    assert events(log, "note-1") == []


def test_a_conflict_says_what_was_written_before_it(log: str) -> None:
    lines = line(aggregateId="note-1") + line(aggregateId="order-1", expected=1) + line(aggregateId="note-2")
    code, _, err = eventfold("-s", log, "append", "--events", "-", "--json", stdin=lines)
    assert code == 5
    error = json.loads(err)["error"]
    assert (error["code"], error["written"]) == ("wrong-expected-version", 1)
    assert [len(events(log, name)) for name in ("note-1", "order-1", "note-2")] == [1, 2, 0]


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (line(position=1), "metadata-reserved"),
        (line(timestamp="2024-01-01T00:00:00Z"), "metadata-reserved"),
        (line(metadata={"hash": "x"}), "metadata-reserved"),
        (line(metadata=[1]), "metadata-invalid"),
        (line(colour="red"), "payload-invalid"),
        (line(id="seven"), "payload-invalid"),
        (line(id=7), "payload-invalid"),
        (line(schemaVersion=0), "payload-invalid"),
        (line(schemaVersion="1"), "event-invalid"),
        (line(occurredAt="2024-01-01T00:00:00"), "time-invalid"),
        (line(occurredAt="tomorrow"), "time-invalid"),
        (line(aggregateId="note-2"), "payload-invalid"),
        (line() + line(expected=1), "payload-invalid"),
        (line(eventType=None), "payload-invalid"),
    ],
)
def test_a_line_that_is_no_event_is_refused(log: str, lines: str, code: str) -> None:
    told = eventfold("-s", log, "append", "note-1", "--events", "-", stdin=lines)
    assert told.code == 3
    assert told.err.startswith(f"error {code}: Line ")
    assert events(log, "note-1") == []


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["note-1"],
        ["note-1", "Noted", "{}", "--events", "-"],
        ["--events", "-", "--expected", "3"],
        ["note-1", "Noted", "--id", ID, "--once", "x"],
        ["note-1", "Noted", "--once", ""],
    ],
)
def test_what_cannot_be_meant_is_a_wrong_usage(log: str, arguments: list[str]) -> None:
    assert eventfold("-s", log, "append", *arguments).code == 2


def test_an_id_that_a_shell_left_empty_is_no_new_id(log: str) -> None:
    assert eventfold("-s", log, "append", "note-1", "Noted", "--id", "").code == 3
    assert eventfold("-s", log, "append", "note-1", "--events", "-", stdin=line(id="")).code == 3
    assert events(log, "note-1") == []


def test_a_log_is_made_on_an_explicit_word_only(tmp_path: Path) -> None:
    call = ("-s", f"sqlite:///{tmp_path}/new.db", "append", "note-1", "Noted")
    code, _, err = eventfold(*call)
    assert code == 4
    assert "--create" in err
    assert list(tmp_path.iterdir()) == []
    assert eventfold(*call, "--create").code == 0
    assert len(events(call[1], "note-1")) == 1


def test_a_lost_answer_is_settled_by_the_ids(log: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, lost = SqliteStore.append, [0]

    def losing(self: SqliteStore, *args: Any, **kwargs: Any) -> Any:
        answer = whole(self, *args, **kwargs)
        lost[0] += 1
        if lost[0] < 3:
            raise OutcomeUnknown("The answer was lost.")
        return answer

    monkeypatch.setattr(SqliteStore, "append", losing)
    assert eventfold("-s", log, "append", "note-1", "Noted").code == 0
    assert (lost, len(events(log, "note-1"))) == ([3], 1)
