"""What a mail server is given as: its place, its encryption, who signs in."""

import base64
import re
from collections.abc import Sequence
from typing import Literal

from eventfold.errors import ConfigInvalid, EffectRefused
from eventfold.handlers.targets.mail.addresses import address_of

Encryption = Literal["starttls", "tls", "none"]
_HOST = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?|[0-9a-fA-F:.]+", re.ASCII)
PORTS: dict[str, int] = {"starttls": 587, "tls": 465, "none": 25}


def checked_place(host: object, port: object, encryption: object) -> tuple[str, int]:
    """Where a server is.

    Raises:
        ConfigInvalid: it cannot be there; the fact `key` names what is wrong.
    """
    if encryption not in PORTS:
        raise ConfigInvalid('encryption= of a mail server is "starttls", "tls" or "none".', key="encryption")
    if not isinstance(host, str) or not _HOST.fullmatch(host):
        raise ConfigInvalid("host= of a mail server is a name or an address.", key="host")
    number = PORTS[str(encryption)] if port is None else port
    if isinstance(number, bool) or not isinstance(number, int) or not 0 < number < 65536:
        raise ConfigInvalid("port= of a mail server is 1 to 65535.", key="port")
    return host, number


def checked_login(user: object, password: object, encryption: str) -> tuple[str | None, str | None]:
    """Who signs in, and with what.

    Raises:
        ConfigInvalid: nobody can sign in so; the sentence repeats nothing of it.
    """
    if user is None and password is None:
        return None, None
    if not (isinstance(user, str) and isinstance(password, str) and user and password):
        raise ConfigInvalid(
            "user= and password= of a mail server are given both or not at all.", key="password"
        )
    if encryption == "none":
        raise ConfigInvalid(
            "A password is not sent in clear: take starttls or tls, or sign in without.", key="password"
        )
    if not user.isascii() or not password.isascii():
        raise ConfigInvalid("user= and password= of a mail server are ASCII.", key="password")
    return user, password


def checked_sender(sender: str | None) -> str | None:
    """The address of mails that name none.

    Raises:
        ConfigInvalid: it is none.
    """
    if sender is None:
        return None
    try:
        address_of(sender, "sender")
    except EffectRefused as error:
        raise ConfigInvalid(error.message, key="sender") from None
    return sender


def spoken_forms(user: str | None, password: str | None) -> Sequence[str]:
    """How a password is said on the way, the longest first."""
    if user is None or password is None:
        return []
    pair = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
    return [pair, base64.b64encode(password.encode()).decode(), password]
