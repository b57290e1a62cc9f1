"""Where a lake is: a folder of this machine, or a place in an object store, by an address that holds no secret."""

import os
import re
from typing import NamedTuple

from eventfold.errors import ConfigInvalid, UnsupportedUrl

FORMS = "abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH or az://CONTAINER/PATH"
ACCOUNT = "AZURE_STORAGE_ACCOUNT_NAME"
"""The variable of the environment that completes az://."""
_HOST = ".dfs.core.windows.net"
_CONTAINER = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,62}", re.ASCII)
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}", re.ASCII)
_PATH = re.compile(r"[A-Za-z0-9._=-]+(?:/[A-Za-z0-9._=-]+)*", re.ASCII)
"""What nobody quotes: libraries do not agree on how the rest is."""
_LONGEST = 400


class Address(NamedTuple):
    """A place in Azure Data Lake Storage, or Blob Storage.

    Attributes:
        container: its name.
        account: its name.
        path: in the container; empty: all of it.
        text: the address as it was given.
    """

    container: str
    account: str
    path: str
    text: str

    @property
    def full(self) -> str:
        """The same place with its account in it, as every engine takes it."""
        return f"abfss://{self.container}@{self.account}{_HOST}{f'/{self.path}' if self.path else ''}"


def is_address(lake: str) -> bool:
    """Whether it is no folder of this machine."""
    return "://" in lake


def read_address(lake: str) -> Address:
    """What an address says.

    Raises:
        UnsupportedUrl: a scheme that no library is here for.
        ConfigInvalid: it has another form, or may hold a secret; what it holds is not repeated. Or az:// names no
            account, and the environment does not either.
    """
    scheme, _, rest = lake.partition("://")
    if scheme not in {"abfss", "az"}:
        shown = scheme if scheme.isalnum() else ""  # the rest may hold a key
        raise UnsupportedUrl(
            f"No lake is known for {shown!r} URLs: give a folder on this machine, or {FORMS}, --lake (in Python"
            " lake=...).",
            key="lake",
            scheme=shown,
        )
    if "?" in rest or (rest.partition("/")[0].count(":") and "@" in rest):
        raise _wrong("it holds no secret and no option; who signs in is said by the environment")
    authority, _, path = rest.rstrip("/").partition("/")
    container, account = authority, os.environ.get(ACCOUNT, "").strip()
    if scheme == "abfss":
        container, _, host = authority.partition("@")
        account = host.removesuffix(_HOST)
        if not host.endswith(_HOST) or not _ACCOUNT.fullmatch(account):
            raise _wrong(f"after the @ stands the host of the account, ACCOUNT{_HOST}")
    elif not _ACCOUNT.fullmatch(account):
        raise _wrong(f"az:// names no account: set {ACCOUNT} in the environment, or write abfss://")
    if not _CONTAINER.fullmatch(container):
        raise _wrong("a container has 3 to 63 small letters, digits and single hyphens")
    if path and (not _PATH.fullmatch(path) or {".", ".."} & {*path.split("/")} or len(path) > _LONGEST):
        raise _wrong(f"a path has letters, digits and . _ - = between its slashes, at most {_LONGEST} in all")
    return Address(container, account, path, f"{scheme}://{authority}{f'/{path}' if path else ''}")


def _wrong(why: str) -> ConfigInvalid:
    return ConfigInvalid(f"The address of the lake cannot be used: {why}. Write {FORMS}.", key="lake")
