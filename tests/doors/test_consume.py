"""`eventfold consume` and `eventfold receive`: public events of others come into the log, by file or over HTTP."""

import gzip
import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import eventfold as ef
from eventfold.bus.cloudevents.attributes import STRUCTURED
from tests.doors.calling import Told, eventfold

APP = """
import eventfold as ef

class Captured(ef.PublicEvent, name="com.example.payment.captured"):
    order: str

@ef.consume("payments", Captured)
def captured(event: Captured, message: ef.Message) -> None: ...

shop = ef.App("shop", handlers=[captured])
"""


def event(name: str, **changes: Any) -> dict[str, Any]:
    made = {"specversion": "1.0", "id": name, "source": "/p", "type": "com.example.payment.captured"}
    return {**made, "subject": "k", "data": {"order": "1"}, **changes}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "consuming_shop.py").write_text(APP)
    ef.open_store(url(tmp_path)).close()
    yield tmp_path
    sys.modules.pop("consuming_shop", None)


def url(place: Path) -> str:
    return f"sqlite:///{place}/shop.db"


def call(place: Path, *arguments: str, stdin: bytes = b"", app: bool = True) -> Told:
    bound = ("-a", "consuming_shop:shop") if app else ()
    return eventfold(*bound, "-s", url(place), *arguments, stdin=stdin)


def lines(*events: object) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in events)


def test_a_file_is_received_once_one_event_or_a_batch_a_line(place: Path) -> None:
    file = place / "payments.jsonl"
    file.write_bytes(lines(event("1"), [event("2"), event("3", subject="l")], event("1"), []))
    told = call(place, "consume", "payments.jsonl", "--source", "payments", "--json")
    expected = {"received": 3, "known": 1, "unreadable": 0, "refused": 0, "errors": []}
    assert (told.code, json.loads(told.out)) == (0, expected)
    again = call(place, "consume", "payments.jsonl", "--source", "payments")
    assert (again.code, "0 events received, 4 known." in again.err) == (0, True)
    with ef.open_store(url(place)) as store:
        kept = [json.loads(one.data)["id"] for one in store.read("inbox_payments-k")]
        assert kept == ["1", "2"]


def test_gzip_and_standard_input_are_read_too(place: Path) -> None:
    (place / "more.jsonl.gz").write_bytes(gzip.compress(lines(event("1"))))
    assert call(place, "consume", "more.jsonl.gz", "--source", "payments").code == 0
    told = call(place, "consume", "-", "--source", "payments", "--json", stdin=lines(event("1"), event("2")))
    assert (json.loads(told.out)["received"], json.loads(told.out)["known"]) == (1, 1)


def test_what_cannot_be_read_is_kept_and_what_is_too_large_is_told(place: Path) -> None:
    content = (
        lines(event("1"), event("2", data="x" * 1_000_000), event("", data=1))
        + b'{"id": \n'
        + lines(event("3"))
    )
    told = call(place, "consume", "-", "--source", "payments", "--json", stdin=content)
    found = json.loads(told.out)
    assert told.code == 3
    assert [found[name] for name in ("received", "known", "unreadable", "refused")] == [2, 0, 2, 1]
    errors = [(one["line"], one["code"], one["kept"]) for one in found["errors"]]
    assert errors == [(2, "event-too-large", False), (3, "payload-invalid", True), (4, "json-invalid", True)]
    again = json.loads(call(place, "consume", "-", "--source", "payments", "--json", stdin=content).out)
    assert (again["received"], again["known"], again["unreadable"]) == (0, 2, 2)
    with ef.open_store(url(place)) as store:
        assert sum(info.version for info in store.streams("inbox_payments")) == 4
    shown = call(place, "consume", "-", "--source", "payments", stdin=content)
    assert "json-invalid" in shown.out
    assert "kept with their bytes" in shown.err


def test_a_source_that_nobody_consumes_is_refused(place: Path) -> None:
    for command in (("consume", "-"), ("receive",)):
        told = call(place, *command, "--source", "paymnts")
        assert (told.code, "sources it knows: payments" in told.err) == (2, True)
        told = call(place, *command, "--source", "pay-ments", app=False)
        assert (told.code, "no name of a source" in told.err) == (2, True)
    with ef.open_store(url(place)) as store:
        assert list(store.streams()) == []
    assert call(place, "consume", "-", "--source", "others", stdin=lines(event("1")), app=False).code == 0
    assert call(place, "consume", "nowhere.jsonl", "--source", "payments").code == 4


def test_a_port_takes_events_until_it_is_told_to_stop(place: Path) -> None:
    main = [sys.executable, "-c", "from eventfold.doors.cli import main; main()"]
    command = [*main, "-s", url(place), "receive", "--source", "payments", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        told = json.loads(running.stdout.readline())
        found = urlsplit(told["url"])
        connection = http.client.HTTPConnection(found.hostname or "", found.port, timeout=10)
        connection.request("POST", found.path, json.dumps(event("1")), {"Content-Type": STRUCTURED})
        assert connection.getresponse().status == 202
        connection.close()
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=20)
    assert (running.returncode, out, err, told["signed"]) == (0, "", "", False)
    with ef.open_store(url(place)) as store:
        assert store.head("inbox_payments-k") == 1


def test_a_secret_of_the_environment_asks_for_signatures_and_is_never_told(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENTFOLD_RECEIVE_SECRETS", "whsec_tooshort")
    told = call(place, "receive", "--source", "payments", "--port", "0")
    assert (told.code, "tooshort" in told.err + told.out) == (2, False)
