"""`SmtpTarget`: mails go to a mail server, encrypted."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from eventfold.errors import EffectRefused, TargetUnavailable
from eventfold.foreign import said
from eventfold.handlers.declaring.message import Message
from eventfold.handlers.targets.connecting import Deadline, connect, trusting
from eventfold.handlers.targets.limits import checked_rate, checked_timeout
from eventfold.handlers.targets.mail.addresses import address_of
from eventfold.handlers.targets.mail.mail import Mail
from eventfold.handlers.targets.mail.options import (
    Encryption,
    checked_login,
    checked_place,
    checked_sender,
    spoken_forms,
)
from eventfold.handlers.targets.repeating import repeated

if TYPE_CHECKING:
    from eventfold.handlers.targets.mail.conversation import Conversation

_OF_THE_SERVER = frozenset({500, 502, 503, 504, 521, 530, 534, 535, 538})
"""Answers of the 5xx that blame no mail: the server knows no such command, takes none at all, or wants a password."""

_TOO_LARGE = 552


class SmtpTarget:
    """A target that hands each `Mail` to a mail server.

        targets={"mail": ef.SmtpTarget("smtp.example.org", user="shop", password=os.environ["MAIL_PASSWORD"],
                                       sender="Shop <shop@example.org>")}

    Encrypted by STARTTLS, with its certificate checked, unless another way is said. A mail is taken for all of its
    addresses or for none, so that a repeat after a refusal doubles nothing. `Message-ID` is the same at every repeat,
    by which the other side can tell one. An answer of 5xx to an address or to the mail means refused. 4xx, a refusal
    of the server itself, nonsense and silence pause the target.

    Args:
        host: of the server.
        port: None = 587, with encryption "tls" 465, with "none" 25.
        encryption: "starttls": begins in clear, and goes on only encrypted; "tls": encrypted from the first byte;
            "none": in clear, for a server on this machine.
        user: to sign in with; None = without.
        password: of that user; never sent in clear.
        sender: of mails that name none.
        timeout: seconds for all of one mail.
        rate: mails a second, at most.
        ca_file: authorities that its certificate is checked with, in PEM form; None = those of this machine.

    Raises:
        ConfigInvalid: one of these cannot be; the fact `key` names it.
    """

    def __init__(
        self,
        host: str,
        port: int | None = None,
        *,
        encryption: Encryption = "starttls",
        user: str | None = None,
        password: str | None = None,
        sender: str | None = None,
        timeout: float = 30.0,
        rate: float | None = None,
        ca_file: str | None = None,
    ) -> None:
        self.timeout = checked_timeout(timeout)
        self.rate = checked_rate(rate)
        self._host, self._port = checked_place(host, port, encryption)
        self._user, self._password = checked_login(user, password, encryption)
        self._sender = checked_sender(sender)
        self._encryption = encryption
        self._context = None if encryption == "none" else trusting(ca_file)
        shown = f"[{self._host}]" if ":" in self._host else self._host
        self.shown = f"{'smtps' if encryption == 'tls' else 'smtp'}://{shown}:{self._port}"
        self._secrets = spoken_forms(self._user, self._password)

    def send(self, payload: object, message: Message) -> None:
        """Hands a mail over; errors as `Target.send`."""
        if not isinstance(payload, Mail):
            raise EffectRefused(
                f"A mail server takes ef.Mail, and the handler {message.handler} returned"
                f" {type(payload).__name__}.",
                target=self.shown,
                status=None,
            )
        sender = payload.sender or self._sender
        if sender is None:
            raise EffectRefused(
                "The mail has no sender, and neither has its target: give one of them sender=.",
                target=self.shown,
                status=None,
            )
        envelope = address_of(sender, "sender")
        beyond_ascii = not all(each.isascii() for each in (envelope.addr_spec, *payload.recipients))
        content = self._content(payload, sender, message, utf8=beyond_ascii)
        with self._talking() as server:
            self._deliver(server, payload, envelope.addr_spec, content, utf8=beyond_ascii)

    def close(self) -> None:
        """Nothing is held."""

    def __repr__(self) -> str:
        """Which server, without secrets."""
        return f"<SmtpTarget {self.shown}>"

    @contextmanager
    def _talking(self) -> "Iterator[Conversation]":
        """A conversation that has begun; what breaks it off is told as a matter of the server."""
        import smtplib

        deadline = Deadline(self.timeout)
        server: Conversation | None = None
        try:
            server = self._connected(deadline)
            self._begin(server)
            yield server
        except smtplib.SMTPNotSupportedError as error:
            self._unavailable(f"cannot do what is asked of it: {said(error)}; no mail was sent")
        except smtplib.SMTPAuthenticationError as error:
            self._unavailable(f"does not let {self._user} in ({error.smtp_code})")
        except smtplib.SMTPResponseException as error:
            told = repeated(_bytes(error.smtp_error), self._secrets)
            self._unavailable(f"answered {error.smtp_code}{told}")
        except (
            smtplib.SMTPException,
            OSError,
            ValueError,
        ) as error:  # ValueError: a name or answer beyond ASCII
            if deadline.over:
                self._unavailable(f"did not go on within {self.timeout:g} s")
            self._unavailable(f"did not go on{repeated(said(error).encode(), self._secrets)}")
        finally:
            if server is not None:
                server.leave()

    def _connected(self, deadline: Deadline) -> "Conversation":
        from eventfold.handlers.targets.mail.conversation import Conversation

        sock = connect(self._host, self._port, deadline)
        try:
            if self._encryption == "tls":
                assert self._context is not None
                sock.settimeout(deadline.left())
                sock = self._context.wrap_socket(sock, server_hostname=self._host)
            return Conversation(sock, self._host, deadline)
        except BaseException:
            sock.close()
            raise

    def _begin(self, server: "Conversation") -> None:
        """From the greeting to where mails are taken."""
        code, words = server.getreply()
        if code != 220:
            self._unavailable(f"greets with {code}{repeated(words, self._secrets)}")
        server.ehlo_or_helo_if_needed()
        if self._encryption == "starttls":
            server.starttls(context=self._context)
            server.ehlo_or_helo_if_needed()
        if self._user is not None and self._password is not None:
            server.login(self._user, self._password)

    def _content(self, mail: Mail, sender: str, message: Message, *, utf8: bool) -> bytes:
        from email.policy import SMTP

        domain = address_of(sender, "sender").domain
        message_id = f"<{message.key}@{domain if domain.isascii() else 'localhost'}>"
        try:
            return mail.written(sender, message_id).as_bytes(policy=SMTP.clone(cte_type="7bit", utf8=utf8))
        except (ValueError, LookupError, TypeError) as error:
            raise EffectRefused(
                f"The mail cannot be written: {said(error)}.", target=self.shown, status=None
            ) from None

    def _deliver(
        self, server: "Conversation", mail: Mail, sender: str, content: bytes, *, utf8: bool
    ) -> None:
        import smtplib

        if utf8 and not server.has_extn("smtputf8"):
            raise EffectRefused(
                f"The mail server {self.shown} takes no addresses with letters beyond ASCII.",
                target=self.shown,
                status=None,
            )
        options = ["SMTPUTF8"] if utf8 else []
        if server.has_extn("size"):
            options.append(f"size={len(content)}")
        code, words = server.mail(sender, options)
        if 500 <= code < 600 and code != _TOO_LARGE and mail.sender is None:
            self._unavailable(f"does not take mails of {sender}: {code}{repeated(words, self._secrets)}")
        self._judge(code, words, f"the sender {sender}")
        for recipient in mail.recipients:
            self._judge(*server.rcpt(recipient), f"the address {recipient}")
        try:
            code, words = server.data(content)
        except smtplib.SMTPDataError as error:  # before the mail was sent
            if not 400 <= error.smtp_code < 600:
                raise
            code, words = error.smtp_code, _bytes(error.smtp_error)
        self._judge(code, words, "the mail")

    def _judge(self, code: int, words: bytes, what: str) -> None:
        """Returns where the server goes on."""
        if 200 <= code < 300:
            return
        told = f"{code}{repeated(words, self._secrets)}"
        if 500 <= code < 600 and code not in _OF_THE_SERVER:
            raise EffectRefused(
                f"The mail server {self.shown} refuses {what}: {told}. Nobody was sent it.",
                target=self.shown,
                status=code,
            )
        self._unavailable(f"does not take {what} now: {told}")

    def _unavailable(self, what: str) -> NoReturn:
        # from None: the causes hold the conversation
        raise TargetUnavailable(
            f"The mail server {self.shown} {what}.", target=self.shown, retry_after=None
        ) from None


def _bytes(words: bytes | str) -> bytes:
    return words if isinstance(words, bytes) else words.encode(errors="replace")
