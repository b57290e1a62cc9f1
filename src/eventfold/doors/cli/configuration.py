"""Where the settings come from: `eventfold.toml`, then the environment, then flags; the later one wins.

A relative path in the file is relative to the file, one in a flag to the current folder. One in the environment would
mean another place in every folder, and is refused. What is wrong is told by the name of its key, never by its value.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from eventfold import limits
from eventfold.doors.cli import targets
from eventfold.doors.cli.masking import has_secret
from eventfold.doors.cli.targets import GivenTarget
from eventfold.errors import ConfigInvalid
from eventfold.store.open import is_topic

FILE = "eventfold.toml"
PREFIX = "EVENTFOLD_"
SETTINGS = {
    "app": "the app, as module:name",
    "store": "the URL of the log; or of the topic of its events, where only that can be read",
    "lake": "the folder of the Delta tables, or the address of one in Azure Storage",
    "search": "the folder of the search indexes, or the address of a search service",
    "copy": "whether a copy of the log is kept in the lake, `true` or `false`",
    "state": "the URL of the tables' state",
    "bus": "the URL of the topic that the log's events go through",
    "actor": "who acts, in the metadata of what is written",
}
"""Each is a key of the file, EVENTFOLD_NAME in the environment and --name as a flag."""
SWITCHES = frozenset({"copy"})
"""Those that are true or false."""

SIGNATURES = "EVENTFOLD_RECEIVE_SECRETS"
SECRETS = (
    "EVENTFOLD_COSMOS_KEY",
    SIGNATURES,
    "EVENTFOLD_KAFKA_PASSWORD",
    "EVENTFOLD_EVENTHUBS_CONNECTION",
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_CLIENT_SECRET",
)
"""Only in the environment."""
_OF_BUS = "EVENTFOLD_KAFKA_PASSWORD for Kafka, EVENTFOLD_EVENTHUBS_CONNECTION for Event Hubs"
_OF_LAKE = "AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN"

OTHERS = frozenset({*SECRETS, "EVENTFOLD_CONFIG", "EVENTFOLD_DEBUG", "EVENTFOLD_MEMORY", "EVENTFOLD_PYTHON"})
"""Variables that are no settings, and known all the same."""


class Given(NamedTuple):
    """A value and where it was given."""

    value: str
    source: str


class Configuration(NamedTuple):
    """All settings that were given.

    Attributes:
        values: by name.
        folder: of the file; None where there is none.
        file: the file itself; None where there is none.
        targets: of effects, by name.
    """

    values: Mapping[str, Given]
    folder: Path | None
    file: Path | None = None
    targets: Mapping[str, GivenTarget] = {}


def configured(given: Mapping[str, Given], file: Given | None) -> Configuration:
    """The settings out of all places.

    Args:
        given: by flags and environment.
        file: the configuration file; None = `eventfold.toml` in the current folder or the nearest one above it.

    Raises:
        ConfigInvalid: the file cannot be used, or a setting cannot; the fact `key` names it.
    """
    for name, (value, source) in given.items():
        if source.startswith(PREFIX) and _relative(name, value) is not None:
            raise ConfigInvalid(
                f"{source} is a relative path, which would mean another place in every folder: give an absolute one"
                f" (sqlite:////srv/shop.db), or put it into {FILE}, where it is relative to that file.",
                key=source,
            )
    path = settings_file(file)
    if path is None:
        return Configuration(given, None, targets=targets.with_environment({}))
    content = _read(path)
    section = targets.read_targets(content.pop(targets.SECTION, {}), path)
    entries = {name: _entry(name, value, path) for name, value in content.items()}
    written = {name: _absolute(name, entry, path.parent) for name, entry in entries.items()}
    return Configuration({**written, **given}, path.parent, path, targets.with_environment(section))


def unknown_variables() -> list[str]:
    """Variables of the environment that look like settings and are none."""
    known = {PREFIX + name.upper() for name in SETTINGS} | OTHERS
    return sorted(
        name
        for name in os.environ
        if name.startswith(PREFIX)
        and name not in known
        and not name.startswith(("EVENTFOLD_TEST_", targets.PREFIX))
    )


def settings_file(file: Given | None = None) -> Path | None:
    """The file of the settings: the one that was named, else the next one here or above; it is not read."""
    if file is not None:
        return Path(file.value).absolute()
    here = Path.cwd()
    return next((folder / FILE for folder in (here, *here.parents) if (folder / FILE).is_file()), None)


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(limits.SETTINGS_BYTES + 1)
        if len(text) > limits.SETTINGS_BYTES:
            raise ConfigInvalid(
                f"{path} has more than {limits.SETTINGS_BYTES} characters: it is no file of settings.",
                key="config",
            )
        return tomllib.loads(text)
    except OSError as error:
        raise ConfigInvalid(f"{path} cannot be read: {error.strerror}.", key="config") from None
    except UnicodeDecodeError:
        raise ConfigInvalid(f"{path} is not UTF-8.", key="config") from None
    except tomllib.TOMLDecodeError as error:
        where = str(error).rpartition(" (")[2].rstrip(")")  # the rest of the message may repeat a value
        raise ConfigInvalid(f"{path} is not TOML: look {where}.", key="config") from None
    except (RecursionError, ValueError):  # also a number of thousands of digits
        raise ConfigInvalid(f"{path} is nested too deep, or has a number too long.", key="config") from None


def _entry(name: str, value: object, path: Path) -> Given:
    if name not in SETTINGS:
        near = difflib.get_close_matches(name, [*SETTINGS, targets.SECTION], 1)
        hint = f"is {near[0]} meant?" if near else f"known: {', '.join([*SETTINGS, targets.SECTION])}."
        secret = " Secrets stand in the environment only." if _sounds_secret(name) else ""
        raise ConfigInvalid(f"{path} has the unknown key {name!r}; {hint}{secret}", key=name)
    if name in SWITCHES:
        if not isinstance(value, bool):
            raise ConfigInvalid(f"{path}: {name} is {SETTINGS[name]}, without quotes.", key=name)
        return Given(str(value).lower(), str(path))
    if not isinstance(value, str) or not value:
        raise ConfigInvalid(f"{path}: {name} is {SETTINGS[name]}, a text in quotes.", key=name)
    if has_secret(value):
        where = _OF_BUS if name == "bus" or is_topic(value) else f"{SECRETS[0]} for Cosmos DB"
        where = _OF_LAKE if name == "lake" else where
        raise ConfigInvalid(
            f"{path}: {name} holds a secret. Secrets stand in the environment only, {where}.", key=name
        )
    return Given(value, str(path))


def _sounds_secret(name: str) -> bool:
    return any(word in name.lower() for word in ("key", "secret", "password", "token", "credential"))


def _relative(name: str, value: str) -> str | None:
    """The relative path that a setting names; None where it names none."""
    if name in {"lake", "search"}:
        return None if "://" in value or Path(value).is_absolute() else value
    scheme, _, rest = value.partition(":///")
    if name not in {"store", "state"} or scheme != "sqlite" or not rest or rest.startswith(("/", "?")):
        return None
    return rest


def _absolute(name: str, given: Given, folder: Path) -> Given:
    path = _relative(name, given.value)
    if path is None:
        return given
    return given._replace(value=f"{given.value.removesuffix(path)}{folder / path}")
