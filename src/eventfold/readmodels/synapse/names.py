"""Names and addresses in a script: where each comes from is checked here, and how it is quoted stands here only.

They come from definitions and from the person who prints the script; nothing of an event is ever in one.
"""

import re
from urllib.parse import urlsplit

from eventfold.errors import ConfigInvalid
from eventfold.readmodels.declaring.views.dialects import tsql

SCHEMA = "dbo"
_LONGEST = 128
_HOST = re.compile(r"[a-z0-9]{3,24}\.(dfs|blob)\.core(\.[a-z0-9-]+)+")
_NAME = re.compile(r"[A-Za-z0-9._=-]+")
_PATH = re.compile(r"/[a-z0-9-]{3,63}(/[A-Za-z0-9._=-]+)*")
"""A container and folders, without what a script or a wildcard would read in its own way."""


def identifier(name: str) -> str:
    """A name in brackets."""
    return tsql.name(name)


def qualified(name: str) -> str:
    """A table or view with its schema."""
    return f"{identifier(SCHEMA)}.{identifier(name)}"


def text(value: str) -> str:
    """A text of ours in quotes."""
    return "N'" + value.replace("'", "''") + "'"


def plain_text(value: str) -> str:
    """A text of ours in quotes, where the grammar has no N before it."""
    return text(value)[1:]


def is_path(name: str) -> bool:
    """Whether a file can be named so in an address, without what a script or a wildcard would read in its own way."""
    return _NAME.fullmatch(name) is not None


def checked(name: str, option: str) -> str:
    """A name that a person gave.

    Args:
        name: as given.
        option: that gave it, as it is written.

    Raises:
        ConfigInvalid: it is none.
    """
    plain = name.isprintable() and name == name.strip() and "$(" not in name and "]" not in name
    if not (plain and 0 < len(name) <= _LONGEST):
        raise ConfigInvalid(
            f"{name[:60]!r} cannot be a name in Synapse SQL: {option} takes 1 to {_LONGEST} characters that can be"
            " printed, no blank at either end, no ']', and no '$(', which sqlcmd would replace.",
            key=option.removeprefix("--"),
        )
    return name


def address(given: str) -> str:
    """The address of the lake in storage, as Synapse SQL takes it, without a slash at its end.

    Args:
        given: `https://ACCOUNT.dfs.core.windows.net/CONTAINER/FOLDER`, or the same as `abfss://`.

    Raises:
        ConfigInvalid: it is none. What was given is not repeated, since a link to storage may hold a key.
    """
    parts = urlsplit(given)
    url = given.rstrip("/")
    if parts.scheme == "abfss" and parts.username and parts.hostname:
        url = f"https://{parts.hostname}/{parts.username}{parts.path.rstrip('/')}"
    host, slash, path = url.removeprefix("https://").partition("/")
    steps = path.split("/")
    if not (
        url.startswith("https://")
        and _HOST.fullmatch(host)
        and _PATH.fullmatch(slash + path)
        and not {".", ".."} & set(steps)
    ):
        raise ConfigInvalid(
            "--location is where the lake lies in storage: https://ACCOUNT.dfs.core.windows.net/CONTAINER/FOLDER, or"
            " the same as abfss://; of letters, digits and . _ = -, without a signature behind it.",
            key="location",
        )
    return url
