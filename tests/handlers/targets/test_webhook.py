"""What a webhook sends, and what it takes the answer for."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from eventfold.errors import (
    ConfigInvalid,
    EffectRefused,
    EventfoldError,
    ExtraMissing,
    TargetUnavailable,
    UnsupportedUrl,
)
from eventfold.handlers.targets.port import Body
from eventfold.handlers.targets.signing import new_secret, verify_signature
from eventfold.handlers.targets.webhooks.answers import LONGEST_PAUSE, retry_after
from eventfold.handlers.targets.webhooks.webhook import Webhook
from tests.handlers.targets.making import TRACE, message
from tests.handlers.targets.servers import ANSWER, Server, answering, certificate, serving, status

SECRETS = [new_secret(), new_secret()]


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test has opened is closed at its end."""
    targets: list[Webhook] = []
    made = Webhook.__init__

    def keep(target: Webhook, *given: Any, **options: Any) -> None:
        made(target, *given, **options)
        targets.append(target)

    monkeypatch.setattr(Webhook, "__init__", keep)
    yield
    for target in targets:
        target.close()


def hook(server: Server, path: str = "/hooks", **options: Any) -> Webhook:
    return Webhook(
        f"http://127.0.0.1:{server.port}{path}", **{"allow_private": True, "timeout": 5.0, **options}
    )


def sent(payload: Any, *, times: int = 1, path: str = "/hooks", **options: Any) -> list[Any]:
    with serving(answering(ANSWER)) as server:
        target = hook(server, path, **options)
        for _ in range(times):
            target.send(payload, message(traceparent=TRACE))
        return server.requests


def test_an_effect_is_posted_with_its_key_its_trace_and_its_signatures() -> None:
    (request,) = sent({"total": Decimal("10.50")}, path="/hooks/a?b=c%20d", secrets=SECRETS)
    assert request.line == "POST /hooks/a?b=c%20d HTTP/1.1"
    assert msgspec.json.decode(request.body) == {"total": "10.50"}
    key = message().key
    assert request.headers["content-type"] == "application/json"
    assert request.headers["idempotency-key"] == key
    assert request.headers["traceparent"] == TRACE
    assert request.headers["host"].startswith("127.0.0.1:")
    for secret in SECRETS:
        assert verify_signature(request.headers, request.body, [secret]) == key.replace(".", "_")


def test_a_repeat_has_the_same_id_and_the_connection_is_kept() -> None:
    with serving(answering(ANSWER)) as server:
        target = hook(server, secrets=SECRETS)
        for _ in range(3):
            target.send(1, message())
        assert len({request.headers["webhook-id"] for request in server.requests}) == 1
        assert server.connections == 1


def test_a_target_that_was_closed_may_be_used_again() -> None:
    with serving(answering(ANSWER)) as server:
        target = hook(server)
        for _ in range(2):
            target.send(1, message())
            target.close()
        assert server.connections == 2


def test_a_body_goes_out_as_it_is_and_headers_are_added() -> None:
    body = Body("application/cloudevents+json", b'{"id": "1" }')
    (request,) = sent(body, headers={"X-Shop": "seven"})
    assert (request.headers["content-type"], request.body) == (body.media_type, body.content)
    assert request.headers["x-shop"] == "seven"
    assert "webhook-signature" not in request.headers


def test_name_and_password_of_the_url_are_basic_authentication() -> None:
    with serving(answering(ANSWER)) as server:
        Webhook(f"http://me:p%40ss@127.0.0.1:{server.port}/", allow_private=True).send(1, message())
        assert server.requests[0].headers["authorization"] == "Basic bWU6cEBzcw=="


@pytest.mark.parametrize("trace", ["00-1-2-3", f"{TRACE}\r\nX-Evil: 1", TRACE.upper(), ""])
def test_a_trace_that_is_none_is_not_sent(trace: str) -> None:
    with serving(answering(ANSWER)) as server:
        hook(server).send(1, message(traceparent=trace))
        assert {"traceparent", "x-evil"}.isdisjoint(server.requests[0].headers)


TAKEN, REFUSED, LATER = None, EffectRefused, TargetUnavailable
STATUS: dict[int, type[EventfoldError] | None] = {
    **dict.fromkeys([200, 201, 202, 204, 299], TAKEN),
    **dict.fromkeys([400, 401, 403, 404, 409, 410, 413, 418, 422, 451, 499], REFUSED),
    **dict.fromkeys([301, 302, 303, 307, 308, 408, 425, 429, 500, 502, 503, 504, 599, 600, 999], LATER),
}


@pytest.fixture(scope="module")
def echo() -> Any:
    """A server that answers with the status that the path names."""

    def play(server: Server, sock: Any) -> None:
        while (request := server.read(sock)) is not None:
            code = int(request.line.split()[1].strip("/"))
            sock.sendall(status(code, "Location: http://127.0.0.1:1/", "Retry-After: 7"))

    with serving(play) as server:
        yield server


@pytest.mark.parametrize("code", STATUS)
def test_an_answer_means_taken_refused_or_later(echo: Server, code: int) -> None:
    expected = STATUS[code]
    target = hook(echo, f"/{code}")
    if expected is None:
        target.send(1, message())
        return
    with pytest.raises(expected, match=str(code)) as caught:
        target.send(1, message())
    facts = caught.value.facts
    assert facts["target"] == f"http://127.0.0.1:{echo.port}/..."
    if expected is EffectRefused:
        assert facts["status"] == code
    else:
        assert facts["retry_after"] == (None if code < 400 else 7.0)


NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("999999999", LONGEST_PAUSE),
        (format_datetime(datetime.fromtimestamp(NOW + 90, UTC), usegmt=True), 90.0),
        (format_datetime(datetime.fromtimestamp(NOW - 90, UTC), usegmt=True), 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_PAUSE),
        ("", None),
        ("-1", None),
        ("1e9", None),
        ("inf", None),
        ("1" * 400, None),
        ("tomorrow", None),
        ("Fri, 99 Dec 2026 23:59:59 GMT", None),
        ("٣", None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_bounded(value: str, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


def test_what_a_refusal_says_is_told() -> None:
    body = b'{"title":\t"no such\n order",\x1b[31m "detail": "' + b"x" * 10_000
    with serving(answering(status(422, body=body))) as server, pytest.raises(EffectRefused) as caught:
        hook(server).send(1, message())
    assert '{"title": "no such order", [31m "detail"' in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_connection_that_the_server_has_ended_meanwhile_blames_nobody() -> None:
    def once(server: Server, sock: Any) -> None:
        server.read(sock)
        sock.sendall(ANSWER)  # and ends the connection without a word

    with serving(once) as server:
        target = hook(server)
        for _ in range(3):
            target.send(1, message())
        assert [len(server.requests), server.connections] == [3, 3]


def test_a_kept_connection_that_ends_while_it_is_used_is_tried_once_more() -> None:
    def first_only(server: Server, sock: Any) -> None:
        server.read(sock)
        sock.sendall(ANSWER)
        server.read(sock)  # the second one is read, and never answered

    with serving(first_only) as server:
        target = hook(server)
        target.send(1, message())
        target.send(2, message())
        assert [request.body for request in server.requests] == [b"1", b"2", b"2"]
        assert len({request.headers["idempotency-key"] for request in server.requests}) == 1


def test_threads_share_a_target() -> None:
    with serving(answering(ANSWER)) as server:
        target = hook(server, secrets=SECRETS)
        failed: list[BaseException] = []

        def send(n: int) -> None:
            try:
                target.send({"n": n}, message(n=n))
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=send, args=(n,)) for n in range(1, 17)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert sorted(msgspec.json.decode(request.body)["n"] for request in server.requests) == list(
            range(1, 17)
        )


def test_a_certificate_is_checked_for_the_name_and_by_its_authority(tmp_path: Path) -> None:
    right, other = certificate(tmp_path), certificate(tmp_path, "elsewhere.example")
    with serving(answering(ANSWER), right.server) as server:
        url = f"https://localhost:{server.port}/"
        target = Webhook(url, ca_file=right.ca_file, allow_private=True)
        target.send(1, message())
        assert server.requests[0].headers["host"] == f"localhost:{server.port}"
        for ca_file in (None, other.ca_file):
            with pytest.raises(TargetUnavailable, match=r"(?i)certificate"):
                Webhook(url, ca_file=ca_file, allow_private=True).send(1, message())
        assert len(server.requests) == 1
    with (
        serving(answering(ANSWER), other.server) as server,
        pytest.raises(TargetUnavailable, match="localhost"),
    ):
        Webhook(f"https://localhost:{server.port}/", ca_file=other.ca_file, allow_private=True).send(
            1, message()
        )


def test_what_cannot_be_sent_is_refused() -> None:
    with serving(answering(ANSWER)) as server:
        target = hook(server)
        with pytest.raises(EffectRefused, match="JSON"):
            target.send(object(), message())
        with pytest.raises(EffectRefused, match="cannot be sent"):
            target.send(Body("text/plain\r\nX-Evil: 1", b""), message())
        with pytest.raises(EffectRefused, match="cannot be sent"):
            target.send(Body("text/plain; charset=é☃", b""), message())
        assert server.requests == []


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "httpcore", None)
    with pytest.raises(ExtraMissing, match=r"eventfold\[handlers\]"):
        Webhook("https://example.org/")


OPTIONS: list[dict[str, Any]] = [
    {"timeout": 0},
    {"timeout": float("nan")},
    {"timeout": 601},
    {"timeout": True},
    {"rate": 0},
    {"rate": -1},
    {"secrets": SECRETS[0]},
    {"secrets": ["hunter2hunter2"]},
    {"headers": {"Host": "other"}},
    {"headers": {"Webhook-Id": "1"}},
    {"headers": {"X-A": "a\r\nX-B: b"}},
    {"headers": {"X-A": " hunter2hunter2"}},
    {"headers": {"X-A": ""}},
    {"headers": {"X A": "b"}},
    {"headers": {"X-A": "b", "x-a": "c"}},
    {"ca_file": "nowhere.pem"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: next(iter(options)))
def test_an_option_that_cannot_be_is_named(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        Webhook("https://example.org/", **options)
    assert caught.value.facts["key"] == next(iter(options))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "", "https://", "https:///path", "https://ex ample.org/", "https://example.org:99999/", "https://example.org:0/",
        "https://example.org:x/", "https://[::1/", "https://exämple.org/", "https://example.org/#part",
        "https://example.org\\@evil.example/", "https://example.org/\r\nX: y", f"https://{'a' * 64}.org/",
        "https://a..b/", None, 7,
    ],
)  # fmt: skip
def test_a_url_that_cannot_be_is_refused(url: Any) -> None:
    with pytest.raises(UnsupportedUrl):
        Webhook(url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.org", "https://example.org/..."),
        ("HTTPS://Example.ORG:8443/a/b?c=d&e", "https://example.org:8443/..."),
        ("https://xn--exmple-cua.org:443/", "https://xn--exmple-cua.org/..."),
        ("https://[2606:4700::1]/", "https://[2606:4700::1]/..."),
        ("https://8.8.8.8/", "https://8.8.8.8/..."),
    ],
)
def test_control_the_urls_that_people_have_can_be(url: str, shown: str) -> None:
    assert repr(Webhook(url)) == f"<Webhook {shown}, 0 secrets>"
