"""A mail server on this machine, which takes every mail and keeps it."""

import email
import email.policy
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller


class PostOffice:
    """What was posted.

    Args:
        folder: where each mail is kept as a file.
    """

    def __init__(self, folder: Path) -> None:
        self.mails: list[EmailMessage] = []
        self.url = ""
        self._folder = folder

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - named by aiosmtpd
        """Takes a mail."""
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        (self._folder / f"{len(self.mails):03d}.eml").write_bytes(envelope.content)
        return "250 OK"


@contextmanager
def post_office(folder: Path) -> Iterator[PostOffice]:
    """Open as long as the context."""
    folder.mkdir(parents=True, exist_ok=True)
    office = PostOffice(folder)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(office, hostname="127.0.0.1", port=port)
    controller.start()
    office.url = f"smtp://127.0.0.1:{port}?sender=orders@shop.example&starttls=no"
    try:
        yield office
    finally:
        controller.stop()
