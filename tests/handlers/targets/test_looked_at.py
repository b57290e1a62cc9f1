"""What is given wrongly is told by a typed error with what to do, when it is given and not at the first effect."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

import eventfold as ef
from eventfold.errors import ConfigInvalid, DefinitionError, EffectRefused, TargetForbidden, TargetUnavailable
from eventfold.handlers.targets.open import open_target
from eventfold.handlers.targets.place import TargetPlace


class Placed(ef.Event):
    total: int


class Order(ef.Aggregate[Placed]):
    def place(self, total: int) -> None:
        self.raise_event(Placed(total=total))

    def apply(self, event: Placed) -> None: ...


@ef.notify(Placed, to="mail")
def told(event: Placed, message: ef.Message) -> dict[str, Any]:
    return {"total": event.total}


@pytest.mark.parametrize(
    ("what", "given"),
    [("handlers", told), ("aggregates", Order), ("events", Placed), ("tables", 3), ("handlers", "told")],
)
def test_an_app_takes_several_and_says_so(what: str, given: Any) -> None:
    with pytest.raises(DefinitionError, match=rf"{what}= of an app takes several.*write {what}=\[\.\.\.\]"):
        ef.App("shop", **{what: given})


@pytest.mark.parametrize("name", ["to", "cc", "bcc"])
def test_a_mail_takes_addresses(name: str) -> None:
    given: dict[str, Any] = {"to": "a@example.org", "subject": "s", "text": "t", name: 3}
    with pytest.raises(EffectRefused, match=f"{name}= of a mail is an address or several, as texts, not 3"):
        ef.Mail(**given)


def nobody() -> None: ...


class Short:
    def send(self, payload: object) -> None: ...

    def close(self) -> None: ...


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["log:"], "places by name"),
        ({"mail": None}, "The target mail: A target is a URL"),
        ({"mail": "log:", "unused": None}, "The target unused"),
        ({"mail": "log:", "Not A Name": "log:"}, "no name of a target"),
        ({"mail": nobody}, "The target mail: nobody cannot be called with a payload and a Message"),
        ({"mail": Short()}, "send cannot be called with a payload and a Message"),
        ({"mail": "log:", "unused": lambda payload: None}, "The target unused: .*payload and a Message"),
    ],
)
def test_what_can_be_no_target_is_told_when_the_app_is_opened(given: Any, says: str) -> None:
    app = ef.App("shop", aggregates=[Order], handlers=[told])
    with pytest.raises(DefinitionError, match=says):
        app.open("sqlite://", state="sqlite://", targets=given)


def test_control_what_takes_both_may_be_a_target() -> None:
    taken: list[Any] = []
    good: list[Callable[..., object]] = [
        lambda *both: taken.append(both),
        lambda payload, message, more=1: None,
    ]
    app = ef.App("shop", aggregates=[Order], handlers=[told])
    for one in good:
        app.open("sqlite://", state="sqlite://", targets={"mail": one}).close()


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST.",
        "shop.localhost",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "127.1",
        "0xa9fea9fe",
    ],
)
def test_names_and_numbers_of_this_machine_are_refused_when_they_are_opened(host: str) -> None:
    with pytest.raises(TargetForbidden):
        ef.Webhook(f"https://{host}/hook")
    if host != "0xa9fea9fe":  # which gives out credentials, and is refused always
        ef.Webhook(f"http://{host}/hook", allow_private=True).close()


@pytest.mark.parametrize(
    "host", ["example.org", "localhost.example.org", "10x.example.org", "0x7f.example.org"]
)
def test_control_other_names_are_names(host: str) -> None:
    ef.Webhook(f"https://{host}/hook").close()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"secrets_env": ("HOOK_THERE", "HOOK_NEW")}, "HOOK_NEW, number 2 of secrets_env"),
        ({"secrets_env": ("AKIAI" + "OSFODNN7EXAMPLE",)}, "environment: number 1 of secrets_env"),
        ({"headers_env": {"X-Key": "HOOK_KEY"}}, "HOOK_KEY, that of 'X-Key' in headers_env"),
    ],
)
def test_a_variable_that_is_missing_is_named_where_its_name_is_no_secret(
    options: dict[str, Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_THERE", "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    with pytest.raises(ConfigInvalid, match=says) as error:
        open_target(TargetPlace(url="https://example.org/", **options))
    assert "AKIA" not in str(error.value)


def test_it_is_told_when_a_target_takes_effects_again(caplog: pytest.LogCaptureFixture) -> None:
    down = [True]

    def take(_payload: object, _message: ef.Message) -> None:
        if down[0]:
            raise TargetUnavailable("nobody is there", target="mail", retry_after=None)

    with ef.App("shop", aggregates=[Order], handlers=[told]).open(
        "sqlite://", state="sqlite://", targets={"mail": take}
    ) as live:
        live.repository(Order).execute("order-1", Order.place, 1)
        live.handle(timeout=0.1)
        assert "again, after" not in caplog.text
        down[0] = False
        live.handle()
    (said,) = [record for record in caplog.records if "again, after" in record.getMessage()]
    assert said.getMessage().startswith("The target mail takes effects again, after ")
    assert said.levelno == logging.WARNING
