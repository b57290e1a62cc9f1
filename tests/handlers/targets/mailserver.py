"""A real mail server on this machine, by aiosmtpd."""

import asyncio
import email
import email.policy
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any, NamedTuple

from aiosmtpd.smtp import SMTP, AuthResult

USER, PASSWORD = "shop", "pw-7fQ2mZ81"


class Got(NamedTuple):
    """A mail as it came."""

    sender: str
    recipients: list[str]
    mail: EmailMessage


class MailServer:
    """Keeps what it takes.

    Attributes:
        mails: those that were taken.
        answers: by address, what it answers instead of taking it.
        after: what it answers to a whole mail.
    """

    def __init__(self, **options: Any) -> None:
        self.mails: list[Got] = []
        self.answers: dict[str, str] = {}
        self.after = "250 OK"
        self.seen_in_clear: list[str] = []
        self._options = options
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _listen(self) -> asyncio.Server:
        wrap: ssl.SSLContext | None = self._options.pop("wrap", None)
        return await self._loop.create_server(self._protocol, "127.0.0.1", 0, ssl=wrap)

    def _protocol(self) -> SMTP:
        return SMTP(self, hostname="mail.example", loop=self._loop, enable_SMTPUTF8=True, **self._options)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        for task in asyncio.all_tasks(self._loop) - {asyncio.current_task(self._loop)}:
            task.cancel()
        await asyncio.sleep(0)

    # what aiosmtpd asks

    async def handle_MAIL(
        self, _server: SMTP, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, _server: SMTP, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Any) -> str:
        if self.after.startswith("2"):
            read = email.message_from_bytes(envelope.content, policy=email.policy.default)
            assert isinstance(read, EmailMessage)
            self.mails.append(Got(envelope.mail_from, list(envelope.rcpt_tos), read))
        return self.after


def knowing(_server: SMTP, _session: Any, _envelope: Any, mechanism: str, data: Any) -> AuthResult:
    """Lets one user in."""
    right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


@contextmanager
def mail_server(**options: Any) -> Iterator[MailServer]:
    """A server for the time of a test."""
    server = MailServer(**options)
    try:
        yield server
    finally:
        server.close()


Authenticator = Callable[..., AuthResult]
