"""A target by its place: a URL, a function, a target; and what is none, told without what may be secret."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from eventfold.errors import (
    ConfigInvalid,
    DefinitionError,
    EffectRefused,
    EventfoldError,
    TargetForbidden,
    UnsupportedUrl,
)
from eventfold.handlers.declaring.message import Message
from eventfold.handlers.targets.file import FileTarget
from eventfold.handlers.targets.function import FunctionTarget
from eventfold.handlers.targets.log import LogTarget
from eventfold.handlers.targets.open import open_named, open_target
from eventfold.handlers.targets.place import TargetPlace
from eventfold.handlers.targets.signing import new_secret, verify_signature
from eventfold.handlers.targets.webhooks.webhook import Webhook
from tests.handlers.targets.making import message
from tests.handlers.targets.servers import ANSWER, answering, serving

SECRET = "hunter2hunter2"


def effects(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [
        json.loads(record.getMessage()) for record in caplog.records if record.name == "eventfold.effects"
    ]


def test_a_log_says_which_effect_and_not_what(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    open_target("log:").send({"password": SECRET}, message())
    (line,) = effects(caplog)
    assert (line["key"], line["stream"], line["version"], line["bytes"]) == (message().key, "order-1", 1, 29)
    assert SECRET not in caplog.text


@pytest.mark.parametrize("url", ["log:?payload=yes", "log://?payload=yes"])
def test_a_log_says_what_where_it_is_asked_to(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    open_target(url).send({"n": 1}, message())
    assert effects(caplog)[0]["payload"] == {"n": 1}
    with pytest.raises(EffectRefused):
        open_target(url).send({"n": object()}, message())


def test_a_function_takes_payload_and_message_and_what_it_raises_is_raised() -> None:
    taken: list[Any] = []

    def take(payload: Any, of: Message) -> None:
        taken.append((payload, of.key))
        if payload == 2:
            raise ValueError("not two")

    target = open_target(take)
    target.send(1, message())
    with pytest.raises(ValueError, match="not two"):
        target.send(2, message())
    target.close()
    assert taken == [(1, message().key), (2, message().key)]


def test_a_target_is_itself() -> None:
    target = LogTarget()
    assert open_target(target) is target


def test_urls_open_their_targets(tmp_path: Path) -> None:
    assert isinstance(open_target("https://example.org/hooks"), Webhook)
    assert isinstance(open_target("log:?payload=no"), LogTarget)
    found = open_target(f"file://{tmp_path}/with%20space.jsonl")
    assert isinstance(found, FileTarget)
    assert found.path == tmp_path / "with space.jsonl"
    relative = open_target("file:effects.jsonl")
    assert isinstance(relative, FileTarget)
    assert relative.path == Path.cwd() / "effects.jsonl"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("smtp://mail.example.org", "smtp://mail.example.org:587"),
        ("smtp://mail.example.org:2525?starttls=yes", "smtp://mail.example.org:2525"),
        ("smtp://127.0.0.1?starttls=no", "smtp://127.0.0.1:25"),
        (f"smtps://me%40example.org:{SECRET}@mail.example.org", "smtps://mail.example.org:465"),
        ("smtp://[2606:4700::1]", "smtp://[2606:4700::1]:587"),
    ],
)
def test_urls_of_mail_servers_open(url: str, shown: str) -> None:
    assert repr(open_target(url)) == f"<SmtpTarget {shown}>"


def test_options_reach_their_target_and_secrets_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = new_secret()
    monkeypatch.setenv("HOOK_SECRET", secret)
    monkeypatch.setenv("HOOK_KEY", SECRET)
    with serving(answering(ANSWER)) as server:
        place = TargetPlace(
            url=f"http://127.0.0.1:{server.port}/{SECRET}",
            secrets_env=("HOOK_SECRET",),
            headers_env={"X-Key": "HOOK_KEY"},
            timeout=2.5,
            rate=7.0,
            allow_private=True,
        )
        target = open_target(place)
        assert isinstance(target, Webhook)
        assert (target.timeout, target.rate) == (2.5, 7.0)
        target.send(1, message())
        target.close()
        (request,) = server.requests
        assert request.headers["x-key"] == SECRET
        assert verify_signature(request.headers, request.body, [secret])
    for shown in (repr(place), str(place), f"{place}", repr(target), repr([place])):
        assert SECRET not in shown
    assert open_target(TargetPlace(url="log:", rate=3)).rate == 3  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"secrets_env": ("HOOK_NOT_SET",)}, "secrets_env"),
        ({"secrets_env": (SECRET,)}, "secrets_env"),
        ({"secrets_env": ("HOOK_WRONG",)}, "secrets"),
        ({"headers_env": {"X-Key": "HOOK_NOT_SET"}}, "headers_env"),
        ({"headers_env": {"X-Key": f"Bearer {SECRET}"}}, "headers_env"),
    ],
)
def test_a_secret_that_is_not_there_is_told_by_its_key(
    options: dict[str, Any], key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_WRONG", SECRET)
    with pytest.raises(ConfigInvalid) as caught:
        open_target(TargetPlace(url="https://example.org/", **options))
    assert caught.value.facts["key"] == key
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("place", "key"),
    [
        (TargetPlace(url="log:", secrets_env=("HOOK",)), "secrets_env"),
        (TargetPlace(url="log:", timeout=1), "timeout"),
        (TargetPlace(url="file:///x", headers_env={"a": "B"}), "headers_env"),
        (TargetPlace(url="https://example.org/", password_env="B"), "password_env"),
        (TargetPlace(url="log:", allow_private=True), "allow_private"),
        (TargetPlace(url="log:", rate=-1), "rate"),
        (TargetPlace(url="https://example.org/", timeout=0), "timeout"),
        (TargetPlace(url="smtp://host", secrets_env=("B",)), "secrets_env"),
        (TargetPlace(url="smtp://"), "host"),
        (TargetPlace(url="smtp://host?sender=nobody"), "sender"),
        (TargetPlace(url="smtp://me@host"), "password"),
        (TargetPlace(url=f"smtp://me:{SECRET}@host?starttls=no"), "password"),
    ],
)
def test_an_option_that_a_target_has_not_is_told_by_its_name(place: TargetPlace, key: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        open_target(place)
    assert caught.value.facts["key"] == key
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "", "log", f"kafka://me:{SECRET}@host/", f"{SECRET}://host", f"me:{SECRET}@host", "log:?payload=maybe",
        f"log:{SECRET}", f"log:?{SECRET}", f"file://host/{SECRET}", "file:", f"file:///{SECRET}?a=b",
        "file://", "file:///a\0b", f"smtp://host/{SECRET}", f"smtp://me:{SECRET}@host:port", f"smtp://host?{SECRET}",
        f"smtp://host?password={SECRET}", "smtp://host?starttls=maybe", "smtps://host?starttls=no",
        "smtp://host?sender=a@b.example&sender=c@d.example", f"smtp://host#{SECRET}",
    ],
)  # fmt: skip
def test_a_url_of_no_target_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UnsupportedUrl) as caught:
        open_target(url)
    assert SECRET not in str(caught.value.as_dict())


@pytest.mark.parametrize("place", [None, 7, b"log:", LogTarget, ["log:"], {}])
def test_what_is_no_place_is_refused(place: Any) -> None:
    with pytest.raises(DefinitionError, match="A target is") as caught:
        open_target(place)
    assert isinstance(caught.value, EventfoldError)


@pytest.mark.parametrize(
    ("place", "kind"),
    [("kafka://x", UnsupportedUrl), ("https://10.0.0.1/", TargetForbidden), (7, DefinitionError)],
)
def test_an_error_says_which_target_it_is_about(place: Any, kind: type[EventfoldError]) -> None:
    with pytest.raises(kind, match="target billing") as caught:
        open_named("billing", place)
    assert caught.value.facts["key"] == "targets.billing"


def test_a_function_target_says_which_function() -> None:
    def tell(payload: Any, of: Message) -> None: ...

    assert "tell" in repr(FunctionTarget(tell))
