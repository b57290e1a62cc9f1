"""The receiver over real sockets: what is thanked for is durable; what is wrong gets its code and is not written."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from cloudevents.core.bindings.http import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

import eventfold as ef
from eventfold import limits
from eventfold.bus.cloudevents.attributes import BATCH, STRUCTURED
from eventfold.doors.http import serving
from eventfold.doors.http.receiver import Receiver
from eventfold.doors.http.serving import HEADER_BYTES, receiving
from eventfold.errors import ConfigInvalid, DefinitionError, OutcomeUnknown, StorageBusy, StorageFull
from eventfold.handlers.targets.signing import new_secret, signed_headers, signing_key

FIRST: dict[str, Any] = {"specversion": "1.0", "id": "1", "source": "/p", "type": "t", "subject": "k"}
JSON = {"Content-Type": STRUCTURED}


class Told(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any


class Place(NamedTuple):
    store: ef.Store
    url: str

    def post(self, body: Any, headers: dict[str, str], *, method: str = "POST", path: str = "") -> Told:
        found = urlsplit(self.url)
        connection = http.client.HTTPConnection(found.hostname or "", found.port, timeout=10)
        try:
            connection.request(method, path or found.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            told = json.loads(content) if content else None
            return Told(answer.status, {k.lower(): v for k, v in answer.getheaders()}, told)
        finally:
            connection.close()

    def raw(self, request: bytes) -> bytes:
        found = urlsplit(self.url)
        with socket.create_connection((found.hostname, found.port or 0), timeout=10) as connection:
            connection.settimeout(10)
            answer = b""
            try:
                connection.sendall(request)
                while chunk := connection.recv(65_536):
                    answer += chunk
            except (ConnectionResetError, BrokenPipeError):
                pass  # it was closed while it was being talked to
            return answer

    @property
    def events(self) -> int:
        return sum(info.version for info in self.store.streams())


@pytest.fixture(scope="module")
def served() -> Iterator[Place]:
    with ef.open_store("sqlite://") as store, receiving(store, "payments") as url:
        yield Place(store, url)


def structured(**changes: Any) -> bytes:
    return json.dumps({**FIRST, **changes}).encode()


def test_what_is_thanked_for_is_in_the_log_and_a_repeat_is_known(served: Place) -> None:
    body = structured(id="once", data={"a": 1})
    before = served.events
    first, again = served.post(body, JSON), served.post(body, JSON)
    assert (first.status, first.body) == (202, {"received": 1, "known": 0})
    assert (again.status, again.body) == (202, {"received": 0, "known": 1})
    assert served.events == before + 1


def test_every_mode_of_another_writer_is_taken(served: Place) -> None:
    def event(name: str) -> CloudEvent:
        return CloudEvent(attributes={**FIRST, "id": name, "subject": "ключ 1"}, data={"a": [1]})

    whole, apart = to_structured(event("m1"), JSONFormat()), to_binary(event("m2"), JSONFormat())
    headers = {name: value for name, value in apart.headers.items() if name.lower() != "content-type"}
    assert served.post(whole.body, dict(whole.headers)).status == 202
    assert served.post(apart.body, {**headers, "Content-Type": "application/json"}).status == 202
    batch = json.dumps(
        [{**FIRST, "id": "m1", "subject": "ключ 1", "data": {"a": [1]}}, {**FIRST, "id": "m3"}]
    )
    assert served.post(batch.encode(), {"Content-Type": BATCH}).body == {"received": 1, "known": 1}
    assert served.post(b"[]", {"Content-Type": BATCH}).body == {"received": 0, "known": 0}
    kept = [json.loads(e.data) for e in served.store.read("inbox_payments-%D0%BA%D0%BB%D1%8E%D1%87%201")]
    assert [(one["id"], json.loads(one["text"])) for one in kept] == [("m1", {"a": [1]}), ("m2", {"a": [1]})]


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"", JSON, 400, "body-empty"),
        (b"{", JSON, 400, "json-invalid"),
        (b"[" * 100_000, JSON, 400, "json-too-deep"),
        (b'{"id":1,"id":2}', JSON, 400, "json-duplicate-key"),
        (b"\xff\xfe{}", JSON, 400, "encoding-invalid"),
        (b"null", JSON, 400, "object-expected"),
        (structured(data="\0"), JSON, 400, "text-has-nul"),
        (structured(data=2**63), JSON, 422, "integer-out-of-range"),
        (structured(id=""), JSON, 422, "payload-invalid"),
        (structured(time="x"), JSON, 422, "time-invalid"),
        (structured(), {"Content-Type": "text/plain"}, 415, "media-type-unsupported"),
        (structured(), {}, 415, "media-type-unsupported"),
        (structured(data="x" * 1_000_000), JSON, 413, "event-too-large"),
        (b" " * (limits.BODY_BYTES + 1), JSON, 413, "body-too-large"),
        (b"", {**JSON, "Content-Length": "9000000000"}, 413, "body-too-large"),
        (structured(), {**JSON, "Content-Length": "x"}, 400, "request-invalid"),
    ],
)
def test_what_is_wrong_gets_its_code_and_nothing_is_written(
    served: Place, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    before = served.events
    told = served.post(body, headers)
    assert (told.status, told.body["status"], told.body["code"]) == (status, status, code)
    assert told.headers["content-type"] == "application/problem+json"
    assert len(told.body["detail"]) < 500
    assert told.body["instance"].startswith("urn:uuid:")
    assert all(one.keys() == {"field", "reason"} for one in told.body["errors"])
    assert served.events == before


def test_a_wrong_field_is_named_and_a_field_of_the_inside_is_not(served: Place) -> None:
    told = served.post(structured(type=None), JSON).body
    assert [one["field"] for one in told["errors"]] == ["type"]
    assert "Traceback" not in json.dumps(told)


def test_the_log_names_a_refused_request_as_its_answer_does(
    served: Place, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="eventfold.receiver")
    told = [served.post(b"{", JSON).body for _ in range(2)]
    assert told[0]["instance"] != told[1]["instance"]
    assert all(one["instance"] in caplog.text for one in told)


def test_chunks_are_taken_and_endless_ones_are_not(served: Place) -> None:
    body = structured(id="chunked")
    head = b"POST /payments HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: " + STRUCTURED.encode()
    head += b"\r\nTransfer-Encoding: chunked\r\n\r\n"
    whole = b"".join(b"1\r\n" + bytes([byte]) + b"\r\n" for byte in body) + b"0\r\n\r\n"
    assert served.raw(head + whole).startswith(b"HTTP/1.1 202")
    before = served.events
    endless = (b"10000\r\n" + b" " * 0x10000 + b"\r\n") * 80
    answer = served.raw(head + endless)
    assert answer == b"" or b" 413 " in answer.split(b"\r\n", 1)[0]
    assert served.events == before


@pytest.mark.parametrize("more", [0, 100_000])
def test_headers_without_end_are_cut_off(served: Place, more: int) -> None:
    before = served.events
    answer = served.raw(b"POST /payments HTTP/1.1\r\nHost: x\r\nA: " + b"x" * (HEADER_BYTES + more))
    # a connection that is closed while it is being written to may lose what was said last
    assert answer == b"" or (b" 431 " in answer and b'"headers-too-large"' in answer)
    assert served.events == before


@pytest.mark.parametrize(
    "request_",
    [
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"POST /payments HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\n{}",
        b"POST /payments HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"POST /payments HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused_and_others_are_served(served: Place, request_: bytes) -> None:
    before = served.events
    answer = served.raw(request_)
    assert answer.split(b" ")[1] in {b"400", b"501"}
    assert served.events == before
    assert served.post(b"[]", {"Content-Type": BATCH}).status == 202


def test_a_sender_that_never_ends_holds_up_nobody(served: Place) -> None:
    found = urlsplit(served.url)
    hanging = [socket.create_connection((found.hostname, found.port or 0)) for _ in range(20)]
    try:
        for connection in hanging:
            connection.sendall(b"POST /payments HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert served.post(b"[]", {"Content-Type": BATCH}).status == 202
    finally:
        for connection in hanging:
            connection.close()


def test_another_path_and_another_method_are_told_where_it_is(served: Place) -> None:
    assert served.post(structured(), JSON, path="/other").status == 404
    told = served.post(None, {}, method="GET")
    assert (told.status, told.headers["allow"], told.body["code"]) == (405, "POST", "method-not-allowed")


def test_many_senders_at_once_are_all_written_down(served: Place) -> None:
    before = served.events
    told: list[int] = []

    def send(number: int) -> None:
        events = [structured(id=f"t{number}-{n}", subject=f"s{number}") for n in range(5)]
        told.extend(served.post(event, JSON).status for event in events)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [202] * 30
    assert served.events == before + 30
    for number in range(6):
        kept = [json.loads(event.data)["id"] for event in served.store.read(f"inbox_payments-s{number}")]
        assert kept == [f"t{number}-{n}" for n in range(5)]


class Failing:
    """A log that does not take anything."""

    def __init__(self, store: ef.Store, error: Exception) -> None:
        self._store, self._error = store, error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def append(self, *_: Any, **__: Any) -> Any:
        raise self._error


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (StorageBusy("The file /srv/secret.db is busy."), 503, "storage-busy"),
        (StorageFull("No space in /srv/secret.db."), 507, "storage-full"),
        (OutcomeUnknown("The answer of /srv/secret.db was lost."), 503, "outcome-unknown"),
        (ValueError("/srv/secret.db"), 500, "error"),
    ],
)
def test_where_the_log_takes_nothing_a_sender_is_asked_to_come_again(
    served: Place, error: Exception, status: int, code: str
) -> None:
    failing: Any = Failing(served.store, error)
    with receiving(failing, "payments") as url:
        told = Place(served.store, url).post(structured(id="later"), JSON)
    assert (told.status, told.body["code"]) == (status, code)
    assert (told.headers.get("retry-after") == "5") == (status != 500)
    assert "secret" not in json.dumps(told.body)


def test_with_secrets_only_signed_requests_are_taken(served: Place, caplog: pytest.LogCaptureFixture) -> None:
    old, new, other = new_secret(), new_secret(), new_secret()
    body = structured(id="signed")
    with caplog.at_level("DEBUG"), receiving(served.store, "payments", secrets=[old, new]) as url:
        place = Place(served.store, url)
        before = place.events
        forged = signed_headers([signing_key(other)], "m-1", body)
        tampered = signed_headers([signing_key(new)], "m-1", body + b" ")
        stale = signed_headers([signing_key(new)], "m-1", body, now=1_000_000)
        for headers in ({}, forged, tampered, stale):
            told = place.post(body, {**JSON, **headers})
            assert (told.status, told.body["code"]) == (401, "signature-invalid")
        assert place.events == before
        for secret in (old, new):
            right = signed_headers([signing_key(secret)], "m-1", body)
            assert place.post(body, {**JSON, **right}).status == 202
        assert place.events == before + 1
    assert not any(secret.removeprefix("whsec_") in caplog.text for secret in (old, new, other))


def test_a_receiver_that_cannot_be_is_refused(served: Place) -> None:
    with pytest.raises(DefinitionError, match="no name of a source"):
        Receiver(served.store, "pay-ments")
    with pytest.raises(ConfigInvalid, match="secret"):
        Receiver(served.store, "payments", ["short"])
    port = urlsplit(served.url).port or 0
    with (
        pytest.raises(ConfigInvalid, match=f"Port {port} cannot be used"),
        receiving(served.store, "payments", port=port),
    ):
        pass


def test_what_is_under_way_is_taken_before_it_leaves() -> None:
    entered, leave = threading.Event(), threading.Event()

    class Slow(Failing):
        def append(self, *args: Any, **kwargs: Any) -> Any:
            entered.set()
            leave.wait(10)
            return self._store.append(*args, **kwargs)

    with ef.open_store("sqlite://") as store:
        slow: Any = Slow(store, ValueError())
        answers: list[Told] = []
        with receiving(slow, "payments") as url:
            sender = threading.Thread(
                target=lambda: answers.append(Place(store, url).post(structured(), JSON))
            )
            sender.start()
            assert entered.wait(10)
            threading.Timer(0.1, leave.set).start()
        sender.join()
        assert [told.status for told in answers] == [202]
        assert store.head("inbox_payments-k") == 1


@pytest.mark.slow
@pytest.mark.parametrize("begun", [b"", b"POST /payments HTTP/1.1\r\nContent-Length: 100\r\n\r\n{"])
def test_a_connection_that_says_nothing_more_is_closed(begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "IDLE", 1)
    monkeypatch.setattr(serving, "LOOK", 1)
    with ef.open_store("sqlite://") as store, receiving(store, "payments") as url:
        host, port = url.removeprefix("http://").partition("/")[0].split(":")
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall(begun)
            assert connection.recv(100) == b""
