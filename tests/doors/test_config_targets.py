"""Targets as settings: the section of the file, the environment; and no secret in either answer or error."""

import json
import logging
from pathlib import Path

import pytest

import eventfold as ef
from eventfold.doors.cli.configuration import Given
from eventfold.doors.cli.settings import Settings
from eventfold.doors.cli.targets import GivenTarget, show_log
from eventfold.handlers.targets.log import LogTarget
from eventfold.handlers.targets.place import TargetPlace
from tests.doors.calling import eventfold
from tests.handlers.targets.making import message

SECRET = "hunter2hunter2"

FILE = """
store = "sqlite:///shop.db"

[targets]
shipments = "file:shipments.jsonl"
audit = "log:"

[targets.billing-hook]
url = "https://example.org:8443/services/T0/B0?a=b"
secrets_env = ["BILLING_NEW", "BILLING_OLD"]
headers_env = { Authorization = "BILLING_TOKEN" }
timeout = 5
rate = 2.5
ca_file = "ca.pem"

[targets.mail]
url = "smtp://shop@smtp.example.org?sender=shop@example.org"
password_env = "MAIL_PASSWORD"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("APP", "STORE", "LAKE", "STATE", "ACTOR", "CONFIG"):
        monkeypatch.delenv(f"EVENTFOLD_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, text: str) -> Path:
    path = folder / "eventfold.toml"
    path.write_text(text)
    return path


def targets() -> dict[str, object]:
    return dict(Settings({}).targets)


def shown() -> dict[str, tuple[str | None, str]]:
    code, out, err = eventfold("config", "--json")
    assert (code, err) == (0, "")
    rows = [row for row in json.loads(out) if row["setting"].startswith("targets")]
    return {row["setting"]: (row["value"], row["from"]) for row in rows}


def test_targets_are_read_from_their_section(folder: Path) -> None:
    write(folder, FILE)
    assert targets() == {
        "shipments": TargetPlace(url=(folder / "shipments.jsonl").as_uri()),
        "audit": TargetPlace(url="log:"),
        "billing-hook": TargetPlace(
            url="https://example.org:8443/services/T0/B0?a=b",
            secrets_env=("BILLING_NEW", "BILLING_OLD"),
            headers_env={"Authorization": "BILLING_TOKEN"},
            timeout=5,
            rate=2.5,
            ca_file=str(folder / "ca.pem"),
        ),
        "mail": TargetPlace(
            url="smtp://shop@smtp.example.org?sender=shop@example.org", password_env="MAIL_PASSWORD"
        ),
    }


def test_config_shows_them_without_secrets(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = str(write(folder, FILE))
    monkeypatch.setenv("BILLING_OLD", SECRET)
    monkeypatch.setenv("MAIL_PASSWORD", SECRET)
    assert shown() == {
        "targets.shipments": ((folder / "shipments.jsonl").as_uri(), file),
        "targets.audit": ("log:", file),
        "targets.billing-hook": ("https://example.org:8443/...", file),
        "targets.billing-hook.timeout": ("5", file),
        "targets.billing-hook.rate": ("2.5", file),
        "targets.billing-hook.ca_file": (str(folder / "ca.pem"), file),
        "targets.billing-hook.secrets_env": ("1 of 2 set", "the environment"),
        "targets.billing-hook.headers_env": ("0 of 1 set", "the environment"),
        "targets.mail": ("smtp://***@smtp.example.org?sender=shop@example.org", file),
        "targets.mail.password_env": ("1 of 1 set", "the environment"),
    }
    assert SECRET not in str(eventfold("config"))


def test_a_variable_that_a_target_names_is_no_typing_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, '[targets.m]\nurl = "smtps://shop@host"\npassword_env = "EVENTFOLD_MAIL_PASSWORD"')
    monkeypatch.setenv("EVENTFOLD_MAIL_PASSWORD", SECRET)
    assert eventfold("config").err == ""
    monkeypatch.setenv("EVENTFOLD_MIAL_PASSWORD", SECRET)
    assert "EVENTFOLD_MIAL_PASSWORD" in eventfold("config").err


def test_the_environment_wins_and_options_of_the_file_stay(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, FILE)
    monkeypatch.setenv("EVENTFOLD_TARGET_BILLING_HOOK", f"https://me:{SECRET}@other.example/{SECRET}")
    monkeypatch.setenv("EVENTFOLD_TARGET_NEW_ONE", f"smtp://me:{SECRET}@host")
    monkeypatch.setenv("EVENTFOLD_TARGET_ODD", f"{SECRET}:x")
    monkeypatch.setenv("EVENTFOLD_TARGET_OLD", f"https://[{SECRET}")
    monkeypatch.setenv("EVENTFOLD_TARGET_PLAIN", "smtp://host:25?starttls=no&sender=a@b.example")
    found = targets()
    hook, new = found["billing-hook"], found["new_one"]
    assert isinstance(hook, TargetPlace)
    assert isinstance(new, TargetPlace)
    assert (hook.url, hook.rate) == (f"https://me:{SECRET}@other.example/{SECRET}", 2.5)
    answer = shown()
    assert answer["targets.billing-hook"] == ("https://other.example/...", "EVENTFOLD_TARGET_BILLING_HOOK")
    assert answer["targets.new_one"] == ("smtp://***@host", "EVENTFOLD_TARGET_NEW_ONE")
    assert answer["targets.billing-hook.rate"] == ("2.5", "the file")
    assert answer["targets.plain"][0] == "smtp://host:25?starttls=no&sender=a@b.example"
    assert SECRET not in str(answer) + repr(found)
    assert "EVENTFOLD_TARGET" not in eventfold("config").err


def test_without_a_file_the_environment_alone_gives_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTFOLD_TARGET_AUDIT", "log:")
    assert targets() == {"audit": TargetPlace(url="log:")}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f'targets = "{SECRET}"', "targets"),
        (f"[[targets]]\nurl = '{SECRET}'", "targets"),
        (f'[targets]\nBilling = "https://{SECRET}.example/"', "targets"),
        (f'[targets]\na = ["{SECRET}"]', "targets.a"),
        ("[targets]\na = 7", "targets.a"),
        (f'[targets.a]\nsecrets_env = ["{SECRET}"]', "targets.a"),
        (f'[targets.a]\nurl = "log:"\nsecret = "{SECRET}"', "targets.a"),
        (f'[targets.a]\nurl = "log:"\nrate = "{SECRET}"', "targets.a"),
        (f'[targets.a]\nurl = "log:"\nsecrets_env = "{SECRET}"', "targets.a"),
        ('[targets.a]\nurl = "log:"\nallow_private = 1', "targets.a"),
        ('[targets.a]\nurl = "log:"\ntimeout = 2026-01-01', "targets.a"),
        (f'[targets]\na = "smtp://me:{SECRET}@host"', "targets.a"),
        (f'[targets]\na = "https://me:{SECRET}@host/"', "targets.a"),
        (f'[targets]\na = "https://host/?token={SECRET}"', "targets.a"),
        (f'[targets]\na = "https://[me:{SECRET}@host/"', "targets.a"),
        (f'[target]\na = "{SECRET}"', "target"),
    ],
)
def test_what_cannot_be_is_told_by_its_key_and_not_repeated(folder: Path, text: str, key: str) -> None:
    write(folder, text)
    code, out, err = eventfold("config", "--json")
    assert (code, out) == (2, "")
    assert json.loads(err)["error"]["key"] == key
    assert SECRET not in err
    assert "Traceback" not in err


def test_an_option_that_is_nearly_right_is_told_with_those_there_are(folder: Path) -> None:
    write(folder, '[targets.a]\nurl = "log:"\nsecrets = ["A"]')
    err = eventfold("config").err
    assert "secrets" in err
    assert "secrets_env" in err


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("EVENTFOLD_TARGET_", "log:"),
        ("EVENTFOLD_TARGET_0", "log:"),
        (f"EVENTFOLD_TARGET_{'X' * 60}", "log:"),
        ("EVENTFOLD_TARGET_A", "file:a.jsonl"),
    ],
)
def test_a_variable_that_cannot_be_is_told(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    code, _, err = eventfold("config")
    assert code == 2
    assert variable in err


def test_settings_of_a_named_file_have_targets_too(folder: Path) -> None:
    (folder / "live.toml").write_text('[targets]\na = "log:"')
    assert set(Settings({}, Given("live.toml", "--config")).targets) == {"a"}


def test_doctor_says_which_target_could_not_be_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ef.open_store(f"sqlite:///{folder}/shop.db").close()
    write(
        folder,
        FILE.replace('ca_file = "ca.pem"\n', "") + '[targets.inside]\nurl = "https://10.0.0.1/hunter2"',
    )
    monkeypatch.setenv("MAIL_PASSWORD", SECRET)
    told = eventfold("doctor", "--json")
    rows = {row["what"]: (row["level"], row["found"]) for row in json.loads(told.out)}
    assert told.code == 2
    assert rows["target mail"] == ("ok", "smtp://***@smtp.example.org?sender=shop@example.org")
    assert [rows[f"target {name}"][0] for name in ("shipments", "audit")] == ["ok", "ok"]
    for name, why in (("billing-hook", "secrets_env"), ("inside", "private network")):
        level, found = rows[f"target {name}"]
        assert level == "problem"
        assert why in found
        assert "eventfold.toml" in found
    assert "hunter2" not in told.out + told.err
    assert sorted(path.name for path in folder.iterdir() if path.suffix == ".jsonl") == []


def test_doctor_names_a_target_that_a_handler_sends_to_and_that_is_not_there(folder: Path) -> None:
    ef.open_store(f"sqlite:///{folder}/shop.db").close()
    write(
        folder, 'app = "tests.handlers.app.shop:shop"\nstore = "sqlite:///shop.db"\n[targets]\nout = "log:"'
    )
    told = eventfold("doctor", "--json")
    rows = {row["what"]: (row["level"], row["found"]) for row in json.loads(told.out)}
    assert told.code == 2
    assert rows["target out"][0] == "ok"
    assert rows["target desk"] == (
        "problem",
        "The handler tell sends there, and the section [targets] of eventfold.toml has none.",
    )


def test_what_a_log_target_tells_is_seen_once_and_where_logging_is_set_up_it_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = logging.getLogger("eventfold.effects")
    monkeypatch.setattr(logger, "level", logging.NOTSET)
    given = {"mail": GivenTarget(TargetPlace(url="log:"), "eventfold.toml")}
    show_log(given)
    assert logger.handlers == []  # pytest has its own at the root
    monkeypatch.setattr(logger, "propagate", False)
    show_log({})
    assert logger.handlers == []
    try:
        for _ in range(2):
            show_log(given)
        LogTarget().send({"a": 1}, message())
    finally:
        logger.handlers.clear()
        logger.setLevel(logging.NOTSET)
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["key"] == message().key
