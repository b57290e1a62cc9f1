"""How a broker is spoken to: encrypted or not, and as whom. What a URL says of it; secrets stand in the environment."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from eventfold.errors import ConfigInvalid

PASSWORD = "EVENTFOLD_KAFKA_PASSWORD"  # noqa: S105 - the name of a variable
CONNECTION = "EVENTFOLD_EVENTHUBS_CONNECTION"
OPTIONS = frozenset({"security", "user", "mechanism", "ca"})
_SECURITY = ("plaintext", "ssl", "sasl_ssl", "sasl_plaintext")
_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_LOOPBACK = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?")


def security_settings(
    options: Mapping[str, str], servers: list[str], secret: str | None = None
) -> dict[str, str]:
    """The settings of a client that speaks as the options of a URL say.

    Args:
        options: `security`, `user`, `mechanism` and `ca`, as they were given.
        servers: the brokers, HOST:PORT.
        secret: the password; None = that of the environment.

    Raises:
        ConfigInvalid: they contradict each other, the password is missing, or the file of an authority is.
    """
    user, ca = options.get("user"), options.get("ca")
    security = options.get("security") or ("sasl_ssl" if user else "ssl" if ca else "plaintext")
    mechanism = options.get("mechanism", _MECHANISMS[0])
    if security not in _SECURITY:
        raise _wrong("security", f"is {', '.join(_SECURITY)}")
    if mechanism not in _MECHANISMS:
        raise _wrong("mechanism", f"is {', '.join(_MECHANISMS)}")
    is_signed, is_encrypted = security.startswith("sasl_"), security.endswith("ssl")
    if is_signed and not user:
        raise _wrong(
            "user", f"is missing: security={security} signs in with a name; the password is in {PASSWORD}"
        )
    if user is not None and not is_signed:
        raise _wrong("security", f"is sasl_ssl where a user signs in, not {security}")
    if "mechanism" in options and not is_signed:
        raise _wrong("mechanism", "says how a user signs in; name one")
    if ca is not None and not is_encrypted:
        raise _wrong("ca", f"is for encrypted connections, and security={security} has none")
    if mechanism == "PLAIN" and security == "sasl_plaintext" and not all(map(_LOOPBACK.fullmatch, servers)):
        raise _wrong(
            "security", "is sasl_ssl, or mechanism a SCRAM: the password would be readable on its way"
        )
    settings = {} if security == "plaintext" else {"security.protocol": security.upper()}
    if user and is_signed:
        settings |= {
            "sasl.mechanisms": mechanism,
            "sasl.username": user,
            "sasl.password": secret or _password(),
        }
    return settings | authority(ca)


def authority(ca: str | None) -> dict[str, str]:
    """The setting that names the file of the authorities whose certificates are believed; None: those of the machine.

    Raises:
        ConfigInvalid: it cannot be read, or holds no certificate.
    """
    if ca is None:
        return {}
    path = Path(ca)
    if not path.is_absolute():
        raise _wrong("ca", "is an absolute path: a relative one would mean another file in every folder")
    try:
        text = path.read_bytes()
    except OSError as error:
        raise _wrong("ca", f"names {path}, which cannot be read: {error.strerror}") from None
    if b"-----BEGIN CERTIFICATE-----" not in text:
        raise _wrong("ca", f"names {path}, which holds no certificate in PEM")
    return {"ssl.ca.location": ca}


def _password() -> str:
    found = os.environ.get(PASSWORD, "")
    if not found:
        raise ConfigInvalid(
            f"The topic's broker is told a user and no password: set {PASSWORD} in the environment.",
            key=PASSWORD,
        )
    return found


def _wrong(name: str, what: str) -> ConfigInvalid:
    return ConfigInvalid(f"The option {name} of a topic {what}.", key="bus", option=name)
