"""What an `aisearch://` URL says, and where the secret comes from. A URL never holds a secret."""

import os
import re
from hashlib import sha256
from typing import Any

import msgspec

from eventfold.errors import ConfigInvalid

KEY = "EVENTFOLD_SEARCH_KEY"
"""Environment variable with an admin key of the service; without it Entra ID signs in."""
FORM = "aisearch://SERVICE.search.windows.net[/PREFIX]"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_PREFIX = re.compile(r"[a-z0-9](?:-?[a-z0-9]){0,39}")


class Address(msgspec.Struct, frozen=True):
    """One search service.

    Attributes:
        endpoint: its URL.
        prefix: begins the names of all indexes there; empty for none.
    """

    endpoint: str
    prefix: str = ""

    def alias(self, table: str) -> str:
        """The name under which a table is found: small letters, digits and dashes, each by itself.

        Of a table whose name has another form it is a digit and a digest, which no other table has.
        """
        plain = table.replace("_", "-")
        if not _NAME.fullmatch(plain):
            plain = f"0{sha256(table.encode()).hexdigest()[:20]}"
        return f"{self.prefix}-{plain}" if self.prefix else plain


def read_url(url: str) -> Address:
    """The address in `aisearch://HOST[:PORT][/PREFIX][?tls=off]`; `tls=off` is for a stand-in on this machine.

    Raises:
        ConfigInvalid: another form, an unknown option, a secret in the URL, or `tls=off` for another machine.
    """
    place, _, query = url.partition("://")[2].partition("?")
    host, _, prefix = place.rstrip("/").partition("/")
    if "@" in host:
        raise ConfigInvalid(
            f"An aisearch URL holds no secret: give an admin key as {KEY}, or sign in by Entra ID.",
            key="search",
        )
    options = dict(pair.partition("=")[::2] for pair in query.split("&") if pair)
    if unknown := options.keys() - {"tls"}:
        raise ConfigInvalid(f"An aisearch URL has no option {min(unknown)!r:.60}; known: tls.", key="search")
    if not host or (prefix and not _PREFIX.fullmatch(prefix)):
        raise ConfigInvalid(
            f"Write {FORM}; a prefix has small letters, digits and single dashes, 40 at most.", key="search"
        )
    scheme = "http" if options.get("tls", "on") == "off" else "https"
    if scheme == "http" and host.rsplit(":", 1)[0] not in _LOOPBACK:
        raise ConfigInvalid("tls=off is for a stand-in on this machine; leave it out.", key="search")
    return Address(f"{scheme}://{host}", prefix)


def credential(address: Address) -> Any:
    """An admin key from the environment, else what signs in by Entra ID.

    Raises:
        ConfigInvalid: there is no key, and signing in would need TLS.
    """
    if key := os.environ.get(KEY, ""):
        from azure.core.credentials import AzureKeyCredential

        return AzureKeyCredential(key)
    if address.endpoint.startswith("http:"):
        raise ConfigInvalid(f"tls=off needs the key of the stand-in: set {KEY}.", key=KEY)
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()
