"""Where an app's log, state and lake are kept: never one in the place of another."""

from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path

from eventfold.app.definition import Definition
from eventfold.errors import ConfigInvalid
from eventfold.exports.protected import files_of, identity, is_below, resolved, same
from eventfold.readmodels.address import is_address, read_address
from eventfold.readmodels.declaring.table import EVENTS, is_name
from eventfold.store.open import file_of, is_topic

_CALLED = {"lake": "The lake", "search": "The place of search indexes"}


def state_of(url: str) -> str:
    """The URL of the state where none is given.

    The state of a log that is a file stands beside it; of a log in memory, in memory. Of a log elsewhere it is a file
    in the current folder: a cache, which goes on from the published tables when lost.
    """
    place = url.partition("?")[0]
    if place.startswith("sqlite://"):
        return place if place.endswith("://") else f"{place}.state"
    return f"sqlite:///{place.rstrip('/').rpartition('/')[2] or 'log'}.state"


def handlers_of(state: str) -> str:
    """The URL of the place where handlers keep what they must not lose, where only a topic of the log is open.

    It stands beside the state and is none of it: who deletes a state loses rows that are folded again.
    """
    place = state.partition("?")[0]
    if place.endswith("://"):
        return place
    return f"{place.removesuffix('.state')}.handlers"


def check_places(url: str, *, state: str, lake: str | None, tables: Iterable[str]) -> None:
    """Looks, before anything is opened, that log, state and lake have places of their own, links followed.

    Args:
        url: of the log.
        state: its URL.
        lake: the folder, or the address.
        tables: names of the tables, each a folder of the lake.

    Raises:
        ConfigInvalid: two of them meet in one place, or the address cannot be used; the fact `key` names the setting to
            change.
        UnsupportedUrl: there is no lake at such an address.
    """
    _check_text(lake, "lake")
    log_file, state_file = file_of(url), file_of(state)
    if log_file is not None and state_file is not None and _meet(state_file, log_file):
        raise ConfigInvalid(
            f"The state and the log would be kept in one place, {state_file}: give the state another one, --state"
            " sqlite:///FILE (in Python state=...).",
            key="state",
        )
    if lake is None:
        return
    if is_address(str(lake)):
        read_address(str(lake))
    else:
        _check_folder("lake", lake, tables, _kept(url, state))


def check_search(
    url: str, *, state: str, lake: str | None, search: str | None, tables: Iterable[str]
) -> None:
    """Looks, before anything is opened, that search indexes have a place of their own.

    Args:
        url: of the log.
        state: its URL.
        lake: the folder of the Delta tables.
        search: the folder of the indexes.
        tables: names of the tables, each a folder of it.

    Raises:
        ConfigInvalid: it meets another place; the fact `key` is `search`.
    """
    _check_text(search, "search")
    if search is None or is_address(str(search)):
        return
    _check_folder("search", search, tables, _kept(url, state))
    if lake is not None and not is_address(str(lake)) and is_below(Path(search), [Path(lake)]):
        raise ConfigInvalid(
            f"The search indexes {search} are in the lake, whose folders are tables: give them a folder of their own,"
            " --search FOLDER (in Python search=...).",
            key="search",
        )


def check_moment(app: Definition, name: str) -> None:
    """Looks whether a moment of a table can be published under a name.

    Raises:
        ConfigInvalid: it is no name of a table, or one that the app has.
    """
    taken = {EVENTS, *app.tables}.union(*(spec.views for spec in app.tables.values()))
    if not isinstance(name, str) or not is_name(name):
        raise ConfigInvalid(
            f"{name!r:.60} cannot be the name of a published moment: --as NAME (in Python name=...) takes a-z, 0-9 and"
            " _, beginning with a letter, 48 at most.",
            key="as",
        )
    if name in taken:
        raise ConfigInvalid(
            f"{name} is a table or a view of {app.name} itself: give the moment another name, --as NAME (in Python"
            " name=...).",
            key="as",
        )


def checkpoints_of(lake: str, given: str | None) -> str:
    """The folder where Spark notes how far it has read, while it runs; beside the lake where none is given.

    Raises:
        ConfigInvalid: it is in the lake, whose folders are tables; or there is no beside, as the lake is a container.
    """
    if is_address(lake) or (given is not None and is_address(given)):
        return _checkpoints_elsewhere(lake, given)
    folder = Path(lake).absolute()
    place = folder.with_name(f"{folder.name}.checkpoints") if given is None else Path(given).absolute()
    if any(identity(one) == identity(folder) for one in (place, *resolved(place).parents)):
        raise _checkpoints_wrong(f"The checkpoints {place} are in the lake, whose folders are tables")
    return str(place)


def lake_of(lake: str) -> str:
    """The lake as every engine takes it: the whole path of a folder, or an address with its account in it."""
    return read_address(lake).full if is_address(lake) else str(Path(lake).absolute())


def _checkpoints_elsewhere(lake: str, given: str | None) -> str:
    """By text: what Spark can write to is known to Spark alone."""
    whole = lake_of(lake)
    if given is not None:
        place = given if is_address(given) else str(Path(given).absolute())
        if f"{place.rstrip('/')}/".startswith(f"{whole}/"):
            raise _checkpoints_wrong(f"The checkpoints {place} are in the lake, whose folders are tables")
        return place
    if not read_address(lake).path:
        raise _checkpoints_wrong("The lake is a whole container, so nothing stands beside it")
    return f"{whole}.checkpoints"


def _checkpoints_wrong(why: str) -> ConfigInvalid:
    return ConfigInvalid(
        f"{why}: give the checkpoints a folder of their own, --checkpoints FOLDER (in Python checkpoints=...).",
        key="checkpoints",
    )


def _check_text(folder: object, key: str) -> None:
    if folder is not None and not isinstance(folder, str | PathLike):
        raise ConfigInvalid(
            f"{_CALLED[key]} is a folder as text, not a {type(folder).__name__}: --{key} FOLDER (in Python {key}=...).",
            key=key,
        )


def _check_folder(key: str, given: str, tables: Iterable[str], kept: Iterable[Path]) -> None:
    """Looks that a folder of tables is a folder, and in the place of nothing that is kept."""
    folder = Path(given)
    taken = {identity(file) for place in kept for file in _all_files(place)}
    if any(
        identity(place) in taken
        for place in (folder, *resolved(folder).parents, *(folder / t for t in tables))
    ):
        raise ConfigInvalid(
            f"{_CALLED[key]} {given} is in the place of the log or the state: give it a folder of its own, --{key}"
            f" FOLDER (in Python {key}=...).",
            key=key,
        )
    if folder.exists() and not folder.is_dir():
        raise ConfigInvalid(
            f"{_CALLED[key]} {given} is no folder: name one, or one that is to be made, --{key} FOLDER (in Python"
            f" {key}=...).",
            key=key,
        )


def _kept(url: str, state: str) -> list[Path]:
    """The files of the log, of the state, and of what handlers keep beside it."""
    beside = file_of(handlers_of(state)) if is_topic(url) else None
    return [file for file in (file_of(url), file_of(state), beside) if file is not None]


def _meet(state: Path, log: Path) -> bool:
    here = identity(state)
    return any(identity(file) == here for file in _all_files(log)) or any(
        same(log, one) for one in files_of(state)
    )


def _all_files(database: Path) -> Iterator[Path]:
    yield from files_of(database)
    yield from files_of(database.with_name(f"{database.name}.snapshots"))
