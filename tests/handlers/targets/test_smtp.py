"""Mails through a real server: encrypted, for all addresses or none, the same at every repeat."""

import threading
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest

from eventfold.errors import ConfigInvalid, EffectRefused, TargetUnavailable
from eventfold.handlers.targets.mail.mail import Mail
from eventfold.handlers.targets.mail.smtp import SmtpTarget
from eventfold.handlers.targets.open import open_target
from eventfold.handlers.targets.place import TargetPlace
from tests.handlers.targets.mailserver import PASSWORD, USER, MailServer, knowing, mail_server
from tests.handlers.targets.making import message
from tests.handlers.targets.servers import Certificate, certificate

MAIL = Mail(to="ada@example.org", subject="On its way", text="Parcel 7 left today.\n.\nYours\n")
SENDER = "Shop <shop@example.org>"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def running(shown: Certificate) -> Iterator[MailServer]:
    with mail_server(tls_context=shown.server, require_starttls=True, authenticator=knowing) as server:
        yield server


@pytest.fixture
def server(running: MailServer) -> MailServer:
    running.mails, running.answers, running.after = [], {}, "250 OK"
    return running


def target(server: MailServer, shown: Certificate, **options: Any) -> SmtpTarget:
    given = {"ca_file": shown.ca_file, "sender": SENDER, "timeout": 10, **options}
    return SmtpTarget("localhost", server.port, **given)


def text_of(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert isinstance(body, EmailMessage)
    return str(body.get_content()).replace("\r\n", "\n")


def test_a_mail_arrives_as_it_was_written(server: MailServer, shown: Certificate) -> None:
    written = Mail(
        to=["Ada Löve <ada@example.org>", "bob@example.org"],
        cc="carl@example.org",
        bcc=["dora@example.org", "ada@example.org"],
        subject="Größe ☃ " + "and more " * 20 + "to the end",
        text="naïve\n" + "long " * 400,
        html="<p>naïve</p>",
        reply_to="help@example.org",
    )
    target(server, shown).send(written, message())
    ((sender, recipients, mail),) = server.mails
    assert sender == "shop@example.org"
    assert recipients == ["ada@example.org", "bob@example.org", "carl@example.org", "dora@example.org"]
    assert mail["From"] == SENDER
    assert mail["To"] == "Ada Löve <ada@example.org>, bob@example.org"
    assert mail["Cc"] == "carl@example.org"
    assert mail["Reply-To"] == "help@example.org"
    assert mail["Subject"] == written.subject
    assert "dora" not in mail.as_string()
    assert text_of(mail, "plain").rstrip("\n") == written.text
    assert text_of(mail, "html").strip() == written.html
    assert mail["Auto-Submitted"] == "auto-generated"


def test_lines_of_dots_survive(server: MailServer, shown: Certificate) -> None:
    target(server, shown).send(MAIL, message())
    assert text_of(server.mails[0].mail, "plain") == MAIL.text


def test_a_repeat_has_the_same_message_id_and_another_effect_another(
    server: MailServer, shown: Certificate
) -> None:
    to = target(server, shown)
    for handler in ("tell", "tell", "other"):
        to.send(MAIL, message(handler))
    ids = [got.mail["Message-ID"] for got in server.mails]
    assert ids[0] == ids[1] == f"<{message('tell').key}@example.org>"
    assert ids[2] != ids[0]


def test_a_user_signs_in(server: MailServer, shown: Certificate) -> None:
    target(server, shown, user=USER, password=PASSWORD).send(MAIL, message())
    with pytest.raises(TargetUnavailable, match="let shop in"):
        target(server, shown, user=USER, password="wrong").send(MAIL, message())
    assert len(server.mails) == 1


def test_encryption_from_the_first_byte(shown: Certificate) -> None:
    with mail_server(wrap=shown.server) as wrapped:
        target(wrapped, shown, encryption="tls").send(MAIL, message())
        assert len(wrapped.mails) == 1


def test_in_clear_where_it_is_said() -> None:
    with mail_server() as plain:
        SmtpTarget("127.0.0.1", plain.port, encryption="none", sender=SENDER).send(MAIL, message())
        assert len(plain.mails) == 1


def test_a_server_without_starttls_gets_no_mail_and_no_password(shown: Certificate) -> None:
    with mail_server(authenticator=knowing, auth_require_tls=False) as plain:
        with pytest.raises(TargetUnavailable, match="STARTTLS"):
            target(plain, shown, user=USER, password=PASSWORD).send(MAIL, message())
        assert plain.mails == []


def test_a_certificate_of_nobody_known_gets_no_mail(server: MailServer, shown: Certificate) -> None:
    with pytest.raises(TargetUnavailable, match=r"(?i)certificate"):
        target(server, shown, ca_file=None).send(MAIL, message())
    other = SmtpTarget("127.0.0.2", server.port, ca_file=shown.ca_file, sender=SENDER)
    with pytest.raises(TargetUnavailable):
        other.send(MAIL, message())
    assert server.mails == []


def test_an_address_that_is_refused_refuses_the_whole_mail(server: MailServer, shown: Certificate) -> None:
    """For a part of its addresses it would arrive again at each repeat."""
    server.answers = {"bob@example.org": "550 5.1.1 no such user"}
    mail = Mail(to=["ada@example.org", "bob@example.org"], subject="x", text="y")
    with pytest.raises(EffectRefused, match=r"bob@example\.org: 550: 5\.1\.1 no such user") as caught:
        target(server, shown).send(mail, message())
    assert caught.value.facts == {"target": f"smtp://localhost:{server.port}", "status": 550}
    assert server.mails == []
    server.answers = {}
    target(server, shown).send(mail, message())
    assert len(server.mails) == 1


REFUSED, LATER = EffectRefused, TargetUnavailable


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("450 4.2.0 greylisted", LATER), ("451 later", LATER), ("421 going down", LATER), ("452 full", LATER),
        ("550 no", REFUSED), ("501 5.1.3 bad address", REFUSED), ("553 no", REFUSED), ("554 no", REFUSED),
        ("500 what?", LATER), ("502 what?", LATER), ("503 what?", LATER), ("530 sign in", LATER), ("354 go on", LATER),
        ("999 nonsense", LATER), ("abc", LATER), ("100 nonsense", LATER),
    ],
)  # fmt: skip
def test_an_answer_to_an_address_means_refused_or_later(
    server: MailServer, shown: Certificate, answer: str, kind: type[Exception]
) -> None:
    server.answers = {"ada@example.org": answer}
    with pytest.raises(kind):
        target(server, shown).send(MAIL, message())
    assert server.mails == []


@pytest.mark.parametrize(
    ("answer", "kind"), [("554 looks like spam", REFUSED), ("451 later", LATER), ("nonsense", LATER)]
)
def test_an_answer_to_the_whole_mail_means_refused_or_later(
    server: MailServer, shown: Certificate, answer: str, kind: type[Exception]
) -> None:
    server.after = answer
    with pytest.raises(kind):
        target(server, shown).send(MAIL, message())


def test_a_sender_that_is_refused_is_a_matter_of_who_named_it(server: MailServer, shown: Certificate) -> None:
    server.answers = {"shop@example.org": "550 not yours"}
    with pytest.raises(TargetUnavailable, match="not yours"):
        target(server, shown).send(MAIL, message())
    own = Mail(to="ada@example.org", subject="x", text="y", sender="shop@example.org")
    with pytest.raises(EffectRefused, match="not yours"):
        target(server, shown).send(own, message())
    server.answers = {"shop@example.org": "552 too large"}
    with pytest.raises(EffectRefused, match="too large"):
        target(server, shown).send(MAIL, message())


def test_a_mail_that_is_too_large_is_refused(shown: Certificate) -> None:
    with mail_server(tls_context=shown.server, data_size_limit=10_000) as small:
        with pytest.raises(EffectRefused, match="552"):
            target(small, shown).send(Mail(to="a@b.example", subject="x", text="y" * 20_000), message())
        target(small, shown).send(MAIL, message())
        assert len(small.mails) == 1


def test_addresses_beyond_ascii_go_where_they_are_taken(server: MailServer, shown: Certificate) -> None:
    mail = Mail(to="jürgen@exämple.org", subject="x", text="y")
    target(server, shown).send(mail, message())
    assert server.mails[0].recipients == ["jürgen@exämple.org"]


def test_what_is_no_mail_is_refused(server: MailServer, shown: Certificate) -> None:
    for payload in ({"to": "ada@example.org"}, "hello", None):
        with pytest.raises(EffectRefused, match=r"takes ef\.Mail"):
            target(server, shown).send(payload, message())
    with pytest.raises(EffectRefused, match="no sender"):
        target(server, shown, sender=None).send(MAIL, message())


def test_threads_share_a_target(server: MailServer, shown: Certificate) -> None:
    to = target(server, shown)
    failed: list[BaseException] = []

    def send(n: int) -> None:
        try:
            to.send(Mail(to=f"a{n}@example.org", subject=str(n), text="x"), message())
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=send, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(got.mail["Subject"] for got in server.mails) == [str(n) for n in range(8)]


def test_a_url_opens_a_mail_server(
    server: MailServer, shown: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    place = TargetPlace(
        url=f"smtp://{USER}@localhost:{server.port}?sender=shop%40example.org",
        password_env="MAIL_PASSWORD",
        ca_file=shown.ca_file,
        timeout=5,
    )
    found = open_target(place)
    found.send(MAIL, message())
    assert server.mails[0].sender == "shop@example.org"
    assert PASSWORD not in repr(found) + repr(place)


OPTIONS: list[dict[str, Any]] = [
    {"host": ""},
    {"host": "a b"},
    {"host": "a\r\nb"},
    {"port": 0},
    {"port": 70_000},
    {"port": True},
    {"encryption": "ssl"},
    {"password": PASSWORD},
    {"password": PASSWORD, "user": "shop", "encryption": "none"},
    {"password": "pässword", "user": "shop"},
    {"sender": "shop"},
    {"sender": "a@b.example\r\nBcc: c@d.example"},
    {"timeout": -1},
    {"rate": 0},
    {"ca_file": "nowhere"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: next(iter(options)))
def test_an_option_that_cannot_be_is_named(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        SmtpTarget(**{"host": "localhost", **options})
    assert caught.value.facts["key"] == next(iter(options))
    assert PASSWORD not in str(caught.value)
