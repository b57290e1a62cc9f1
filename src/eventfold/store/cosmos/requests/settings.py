"""What a `cosmos://` URL says, and where the secret comes from. A URL never holds a secret."""

import os
from typing import Any
from urllib.parse import unquote

import msgspec

from eventfold.errors import ConfigInvalid

KEY = "EVENTFOLD_COSMOS_KEY"
"""Environment variable with the account's key; without it Entra ID signs in."""
_OPTIONS = frozenset({"events", "snapshots", "leases", "readers", "tls", "throughput"})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
_FORM = "cosmos://ACCOUNT.documents.azure.com/DATABASE"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One database of one account.

    Attributes:
        endpoint: of the account.
        database: its name.
        events: name of the container of events.
        snapshots: name of the container of snapshots.
        leases: name of the container of readers.
        readers: request units per second that followers and rebuilds may spend together; None = no cap.
        throughput: request units per second of a container that is made; None = the account decides.
    """

    endpoint: str
    database: str
    events: str = "events"
    snapshots: str = "snapshots"
    leases: str = "leases"
    readers: int | None = None
    throughput: int | None = None


def read_url(url: str) -> Settings:
    """The settings of `cosmos://HOST[:PORT]/DATABASE[?events=NAME&snapshots=NAME&leases=NAME&throughput=RU&readers=RU]`.

    `tls=off` is for a stand-in on this machine.

    Raises:
        ConfigInvalid: another form, an unknown option, a secret in the URL, or `tls=off` for another machine.
    """
    place, _, query = url.partition("://")[2].partition("?")
    host, _, database = place.partition("/")
    if "@" in host:
        raise ConfigInvalid(
            f"A cosmos URL holds no secret: give the key as {KEY}, or sign in by Entra ID.", key="url"
        )
    options = dict(pair.partition("=")[::2] for pair in query.split("&") if pair)
    if unknown := options.keys() - _OPTIONS:
        raise ConfigInvalid(
            f"A cosmos URL has no option {min(unknown)!r}; known: {', '.join(sorted(_OPTIONS))}.",
            key=min(unknown),
        )
    if not host or not database or "/" in database:
        raise ConfigInvalid(f"Write {_FORM}.", key="url")
    scheme = "http" if options.pop("tls", "on") == "off" else "https"
    if scheme == "http" and host.rsplit(":", 1)[0] not in _LOOPBACK:
        raise ConfigInvalid("tls=off is for a stand-in on this machine; leave it out.", key="tls")
    readers, throughput = (_rate(name, options.pop(name, "")) for name in ("readers", "throughput"))
    names = {name: unquote(value) for name, value in options.items()}
    return Settings(
        endpoint=f"{scheme}://{host}",
        database=unquote(database),
        readers=readers,
        throughput=throughput,
        events=names.get("events", "events"),
        snapshots=names.get("snapshots", "snapshots"),
        leases=names.get("leases", "leases"),
    )


def _rate(name: str, text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or not int(text):
        raise ConfigInvalid(f"{name}={text}: give request units per second.", key=name)
    return int(text)


def credential(settings: Settings) -> Any:
    """The account's key from the environment, else what signs in by Entra ID.

    Raises:
        ConfigInvalid: there is no key, and signing in would need TLS.
    """
    key = os.environ.get(KEY, "")
    if key:
        return key
    if settings.endpoint.startswith("http:"):
        raise ConfigInvalid(f"tls=off needs the key of the stand-in: set {KEY}.", key=KEY)
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()
