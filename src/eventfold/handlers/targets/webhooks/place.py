"""The URL of a webhook: read once, strictly, and shown without what may be secret in it."""

import base64
import re
from collections.abc import Mapping
from ipaddress import IPv4Address, ip_address
from socket import inet_aton
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from eventfold.errors import TargetForbidden, UnsupportedUrl
from eventfold.handlers.targets.webhooks.addresses import why_forbidden

_ASCII = re.compile(r"[!-\[\]-~]+")  # without the backslash, which browsers and libraries read differently
_HOST = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?", re.ASCII)


class Place(NamedTuple):
    """Where a webhook goes.

    Attributes:
        scheme: https or http.
        host: a name or an address, in small letters.
        port: of TCP.
        path: with the query.
        authorization: the header that name and password of the URL make; empty without them.
        secrets: what of it is not to be repeated.
        shown: for sentences. A path may be a secret, as with those of chat services, and is left out.
    """

    scheme: str
    host: str
    port: int
    path: str
    authorization: Mapping[str, str]
    secrets: tuple[str, ...]
    shown: str

    @property
    def authority(self) -> str:
        """The header Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


_PORTS = {"https": 443, "http": 80}
_KNOWN = frozenset({"file", "ftp", "gopher", "data", "ws", "wss"})  # which may be repeated
_LONG = 8  # characters from which on a part of a path may be a secret


def place_of(url: str, *, allow_private: bool) -> Place:
    """The place that a URL names.

    Args:
        url: of a webhook.
        allow_private: whether it may be in the own network, and without encryption.

    Raises:
        UnsupportedUrl: it is no URL that could be connected to.
        TargetForbidden: webhooks do not go there.
    """
    if not isinstance(url, str) or not _ASCII.fullmatch(url):
        raise UnsupportedUrl(
            "The URL of a webhook is ASCII without spaces; a name of other letters is xn--..."
        )
    try:
        parts = urlsplit(url)
        scheme, host, given = parts.scheme.lower(), (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise UnsupportedUrl("The URL of a webhook has a host or a port that cannot be.") from None
    if scheme not in _PORTS:
        shown = f"{scheme}:" if scheme in _KNOWN else "another scheme, or of none"
        raise TargetForbidden(f"A webhook is an https address, and not one of {shown}", target=shown)
    if not (_HOST.fullmatch(host) or _is_address(host)) or len(host) > 253 or given == 0:
        raise UnsupportedUrl("The URL of a webhook has a host or a port that cannot be.")
    if parts.fragment:
        raise UnsupportedUrl("The URL of a webhook has no part behind a #: it would not be sent.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    authorization = _authorization(parts.username, parts.password)
    secrets = _secrets(path, parts.password, authorization)
    found = Place(scheme, host, given or _PORTS[scheme], path, authorization, secrets, "")
    found = found._replace(shown=f"{scheme}://{found.authority}/...")
    if scheme == "http" and not allow_private:
        raise TargetForbidden(
            f"{found.shown} is not encrypted: give an https address, or allow_private where it is in your own network.",
            target=found.shown,
        )
    check_address(_meant(host), found, allow_private=allow_private)
    return found


def _meant(host: str) -> str:
    """The address that a host means without anybody being asked: that of this machine, and numbers of another form."""
    plain = host.rstrip(".")
    if plain == "localhost" or plain.endswith(".localhost"):
        return "127.0.0.1"
    try:  # 0x7f000001, 2130706433 and 127.1 are addresses where a name is looked up
        return host if _is_address(host) else str(IPv4Address(inet_aton(plain)))
    except OSError:
        return host


def check_address(address: str, place: Place, *, allow_private: bool) -> None:
    """Whether a webhook may go to an address; a name passes.

    Raises:
        TargetForbidden: it may not.
    """
    if not _is_address(address):  # a name: what it stands for is checked when it is connected to
        return
    reason = why_forbidden(address, allow_private=allow_private)
    if reason:
        helps = not allow_private and why_forbidden(address, allow_private=True) is None
        raise TargetForbidden(
            f"{place.shown} leads to {address}, and {reason}."
            + (" A target of your own network says allow_private." if helps else ""),
            target=place.shown,
        )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _authorization(user: str | None, password: str | None) -> dict[str, str]:
    if user is None and password is None:
        return {}
    pair = f"{unquote(user or '')}:{unquote(password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _secrets(path: str, password: str | None, authorization: Mapping[str, str]) -> tuple[str, ...]:
    """The longest first; servers like to repeat the path that they do not know."""
    long = [part for part in re.split(r"[/?&=]", path) if len(part) >= _LONG]
    credentials = [*authorization.values(), password or "", unquote(password or "")]
    found = {path.rstrip("/"), path.partition("?")[0].rstrip("/"), *long, *credentials}
    return tuple(sorted(found - {""}, key=len, reverse=True))
