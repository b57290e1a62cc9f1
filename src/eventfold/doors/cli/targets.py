"""Targets of effects as settings: the section `[targets]` of the file, and `EVENTFOLD_TARGET_NAME` in the environment.

A target is a URL, or a table with a URL and options. Its secrets stand in variables of the environment that the table
names; a URL that is a secret itself stands in the environment.
"""

import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from eventfold.doors.cli.masking import has_secret, masked
from eventfold.doors.cli.showing.output import Saying
from eventfold.errors import ConfigInvalid, DefinitionError, EventfoldError
from eventfold.foreign import said
from eventfold.handlers.declaring.names import check_target
from eventfold.handlers.targets.log import LOGGER
from eventfold.handlers.targets.open import named, open_named
from eventfold.handlers.targets.place import Place, TargetPlace
from eventfold.handlers.targets.repeating import MASK
from eventfold.store.findings import Finding

SECTION = "targets"
PREFIX = "EVENTFOLD_TARGET_"


class GivenTarget(NamedTuple):
    """A target and where it was given."""

    place: TargetPlace
    source: str


def read_targets(section: object, path: Path) -> dict[str, GivenTarget]:
    """The targets of a file of settings.

    Args:
        section: what stands under `targets`.
        path: of the file, which relative paths are relative to.

    Raises:
        ConfigInvalid: one of them cannot be; the fact `key` names it, and its value is not repeated.
    """
    if not isinstance(section, dict):
        raise ConfigInvalid(f"{path}: [{SECTION}] is a section: name = URL.", key=SECTION)
    return {
        _named(name, path): GivenTarget(_read(name, value, path), str(path))
        for name, value in section.items()
    }


def with_environment(written: Mapping[str, GivenTarget]) -> dict[str, GivenTarget]:
    """The targets of the file, with the URLs that the environment gives; options of the file stay.

    Raises:
        ConfigInvalid: a variable names no target that could be, or a relative path.
    """
    found = dict(written)
    for variable, url in sorted(os.environ.items()):
        if not variable.startswith(PREFIX) or not url:
            continue
        name = _meant(variable, written)
        if _relative(url) is not None:
            raise ConfigInvalid(
                f"{variable} is a relative path, which would mean another place in every folder: file:///srv/shop/x.jsonl.",
                key=variable,
            )
        before = found[name].place if name in found else TargetPlace(url=url)
        found[name] = GivenTarget(msgspec.structs.replace(before, url=url), variable)
    return found


def shown(place: TargetPlace) -> str:
    """The URL of a target without what may be secret: who signs in, and the path of a webhook."""
    try:
        parts = urlsplit(place.url)
    except ValueError:
        return MASK
    host = parts.netloc.rpartition("@")[2]
    user = f"{MASK}@" if "@" in parts.netloc else ""
    match place.scheme:
        case "https" | "http":
            return f"{place.scheme}://{host}/..."
        case "smtp" | "smtps":
            return f"{place.scheme}://{user}{host}{masked(f'?{parts.query}') if parts.query else ''}"
        case "kafka" | "eventhubs":
            query = masked(f"?{parts.query}") if parts.query else ""
            return f"{place.scheme}://{user}{host}{parts.path}{query}"
        case "file" | "log":
            return masked(place.url)
        case _:
            return MASK


def examine_targets(given: Mapping[str, GivenTarget], wanted: Mapping[str, str]) -> Iterator[Finding]:
    """Whether each target could be opened, and is there that a handler names; nothing is connected to.

    Args:
        given: by the configuration.
        wanted: the name of a target -> a handler that sends there.
    """
    places: dict[str, Place] = {name: one.place for name, one in given.items()}
    for name, handler in wanted.items():
        if named(name, places) is None:
            found = (
                f"The handler {handler} sends there, and the section [{SECTION}] of eventfold.toml has none."
            )
            yield Finding("problem", f"target {name}", found)
    for name, (place, source) in _with_topics(given, wanted).items():
        try:
            open_named(name, place).close()
        except EventfoldError as error:
            yield Finding("problem", f"target {name}", f"{error.message} (Given by {source}.)")
        else:
            yield Finding("ok", f"target {name}", shown(place))


def _with_topics(given: Mapping[str, GivenTarget], wanted: Iterable[str]) -> dict[str, GivenTarget]:
    """The targets, with those of topics in the place of the broker that they are named after."""
    found = dict(given)
    for name in sorted(wanted):
        broker = name.partition(":")[0]
        if name in given or broker not in given:
            continue
        place = named(name, {broker: given[broker].place})
        if isinstance(place, TargetPlace):
            found.pop(broker, None)
            found[name] = GivenTarget(place, given[broker].source)
    return found


def show_log(given: Mapping[str, GivenTarget]) -> None:
    """From here on a target of `log:` is seen; a program that set its logging up itself shows it its own way."""
    logger = logging.getLogger(LOGGER)
    if any(one.place.scheme == "log" for one in given.values()) and not logger.hasHandlers():
        logger.addHandler(Saying())
        logger.setLevel(logging.INFO)


def variables_of(place: TargetPlace) -> dict[str, tuple[str, ...]]:
    """The variables of the environment that a target names, by the key that names them."""
    named = {
        "secrets_env": place.secrets_env,
        "headers_env": tuple(place.headers_env.values()),
        "password_env": () if place.password_env is None else (place.password_env,),
    }
    return {key: variables for key, variables in named.items() if variables}


def options_of(place: TargetPlace) -> dict[str, str]:
    """The options of a target that are given and no secrets, by name."""
    plain = TargetPlace(url="")
    given = {name: getattr(place, name) for name in ("timeout", "rate", "allow_private", "ca_file")}
    return {
        name: "yes" if value is True else f"{value:g}" if isinstance(value, int | float) else str(value)
        for name, value in given.items()
        if value != getattr(plain, name)
    }


def _named(name: str, path: Path) -> str:
    try:
        return check_target(name)
    except DefinitionError as error:
        raise ConfigInvalid(f"{path}: {error.message}", key=SECTION) from None


def _read(name: str, value: object, path: Path) -> TargetPlace:
    key = f"{SECTION}.{name}"
    table = {"url": value} if isinstance(value, str) else value
    try:
        place = msgspec.convert(table, TargetPlace)
    except msgspec.ValidationError as error:  # it tells keys and types, never values
        raise ConfigInvalid(
            f"{path}: {key} is a URL, or a table with url and options: {said(error)}. Options: {_options()}.",
            key=key,
        ) from None
    if _has_secret(place.url):
        raise ConfigInvalid(
            f"{path}: {key} holds a secret. Secrets stand in the environment only: {PREFIX}{_variable(name)} for the"
            " whole URL, or variables that password_env, secrets_env and headers_env name.",
            key=key,
        )
    relative = _relative(place.url)
    if relative is not None:
        place = msgspec.structs.replace(place, url=(path.parent / relative).as_uri())
    if place.ca_file is not None:
        place = msgspec.structs.replace(place, ca_file=str(path.parent / place.ca_file))
    return place


def _options() -> str:
    return ", ".join(field for field in TargetPlace.__struct_fields__ if field != "url")


def _has_secret(url: str) -> bool:
    """Whether a URL has a password or a key, or is none; a user alone is no secret."""
    try:
        parts = urlsplit(url)
        return parts.password is not None or has_secret(f"?{parts.query}")
    except ValueError:
        return True


def _relative(url: str) -> str | None:
    """The relative path that a URL of a file names; None where it names none."""
    scheme, _, path = url.partition(":")
    return path if scheme.lower() == "file" and path and not path.startswith("/") else None


def _variable(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


def _meant(variable: str, written: Mapping[str, GivenTarget]) -> str:
    wanted = variable.removeprefix(PREFIX)
    for name in written:
        if _variable(name) == wanted:
            return name
    try:
        return check_target(wanted.lower())
    except DefinitionError:
        raise ConfigInvalid(
            f"{variable} names no target: behind {PREFIX} stands its name.", key=variable
        ) from None
