"""Where a target is, before it is opened: what a file of settings may hold, which is never a secret itself."""

import os
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from eventfold.errors import ConfigInvalid
from eventfold.handlers.targets.port import Target

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*", re.ASCII)
_SURELY = re.compile(r"[A-Z]{2,20}(_[A-Z0-9]{2,20}){1,6}", re.ASCII)
"""Words with lines between them; what has none may be a secret that was put in the place of its variable."""
NO_SCHEME = ""
_LONGEST = 12  # letters before a colon; more are no scheme, and may be a secret


class TargetPlace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A target that is not opened yet: a URL, and what does not stand in it.

    Secrets are read from the environment when it is opened: here stand the names of variables.

    Attributes:
        url: of the target.
        secrets_env: variables with the secrets that webhooks are signed with.
        headers_env: by name of a header that is sent with each webhook, the variable with its value.
        password_env: the variable with the password of a mail server or a broker, or the connection string of Event
            Hubs.
        timeout: seconds for one effect; None = as the kind of target has it.
        rate: effects a second, at most.
        allow_private: whether a webhook may go to the own network, and to http.
        ca_file: authorities that certificates are checked with.
    """

    url: str
    secrets_env: tuple[str, ...] = ()
    headers_env: dict[str, str] = {}
    password_env: str | None = None
    timeout: float | None = None
    rate: float | None = None
    allow_private: bool = False
    ca_file: str | None = None

    def __repr__(self) -> str:
        """Its kind only: what stands in the URL may be a secret."""
        return f"<TargetPlace {self.scheme or '...'}:...>"

    @property
    def scheme(self) -> str:
        """Of the URL, in small letters; `NO_SCHEME` where it has none that could be repeated."""
        found = self.url.partition(":")[0].lower() if ":" in self.url else ""
        return found if found.isascii() and found.isalpha() and len(found) < _LONGEST else NO_SCHEME

    def secrets(self) -> list[str]:
        """Those of `secrets_env`.

        Raises:
            ConfigInvalid: a variable is not set, or its name cannot be one. A name is told where it is surely none of a
                secret; else its place.
        """
        return [
            _read(variable, "secrets_env", f"number {n} of secrets_env")
            for n, variable in enumerate(self.secrets_env, 1)
        ]

    def headers(self) -> dict[str, str]:
        """Those of `headers_env`; errors as `secrets`."""
        return {
            name: _read(variable, "headers_env", f"that of {name[:40]!r} in headers_env")
            for name, variable in self.headers_env.items()
        }

    def password(self) -> str | None:
        """That of `password_env`; errors as `secrets`."""
        return (
            None
            if self.password_env is None
            else _read(self.password_env, "password_env", "that of password_env")
        )

    def without(self, *names: str) -> None:
        """Looks that options which have no meaning for this kind of target are not given.

        Raises:
            ConfigInvalid: one is; the fact `key` names it.
        """
        plain: Mapping[str, Any] = msgspec.structs.asdict(TargetPlace(url=""))
        for name in names:
            if getattr(self, name) != plain[name]:
                raise ConfigInvalid(f"A target of {self.scheme}: has no option {name}.", key=name)


Place = str | TargetPlace | Target | Callable[..., object]
"""What a target may be given as."""


def _read(variable: str, key: str, place: str) -> str:
    if not _VARIABLE.fullmatch(variable):
        raise ConfigInvalid(
            f"{key} names variables of the environment, in capitals; {place} is no such name.",
            key=key,
        )
    value = os.environ.get(variable, "")
    if not value:
        shown = f"{variable}, {place}," if _SURELY.fullmatch(variable) else place
        raise ConfigInvalid(
            f"A variable that {key} names is not in the environment: {shown.rstrip(',')}.", key=key
        )
    return value
