"""What every command needs to know: which app, which log, which lake, and how to answer."""

import getpass
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import click

from eventfold.app.app import App
from eventfold.app.copying import Copying
from eventfold.app.live import Live
from eventfold.app.spark.onspark import OnSpark
from eventfold.bus.open import open_topic
from eventfold.bus.port import Topic
from eventfold.doors.cli.configuration import FILE, Configuration, Given, configured
from eventfold.doors.cli.targets import show_log
from eventfold.engines.port import From
from eventfold.errors import ConfigInvalid, DefinitionError, EventfoldError, LogNotFound, UnsupportedUrl
from eventfold.foreign import said
from eventfold.handlers.targets.place import Place
from eventfold.readmodels.address import is_address
from eventfold.readmodels.declaring.layout import bind
from eventfold.readmodels.open import open_index, reach
from eventfold.store.findings import Finding
from eventfold.store.lacking import only_the_log
from eventfold.store.open import examine_store, is_topic, open_store
from eventfold.store.port import Store

_OF_BUS = ("EVENTFOLD_KAFKA_PASSWORD", "EVENTFOLD_EVENTHUBS_CONNECTION")
"""Secrets that the setting bus needs."""


class Settings:
    """The settings of `eventfold` itself, read when the first of them is needed.

    Args:
        given: by flags and environment.
        file: the configuration file that was named.
        json: whether answers are JSON.
    """

    def __init__(self, given: Mapping[str, Given], file: Given | None = None, *, json: bool = False) -> None:
        self.json = json
        self._given = given
        self._file = file

    @cached_property
    def configuration(self) -> Configuration:
        """Every setting with its source.

        Raises:
            ConfigInvalid: one of them cannot be used; the fact `key` names it.
        """
        return configured(self._given, self._file)

    @property
    def app(self) -> str | None:
        """`module:name` of an `App`."""
        return self._value("app")

    @property
    def store(self) -> str | None:
        """URL of the log."""
        return self._value("store")

    @property
    def lake(self) -> str | None:
        """Folder of the Delta tables."""
        return self._value("lake")

    @property
    def search(self) -> str | None:
        """Folder of the search indexes."""
        return self._value("search")

    @property
    def copy(self) -> bool:
        """Whether a copy of the log is kept in the lake."""
        return self._value("copy") == "true"

    @property
    def state(self) -> str | None:
        """URL of the tables' state."""
        return self._value("state")

    @property
    def bus(self) -> str | None:
        """URL of the topic."""
        return self._value("bus")

    @property
    def targets(self) -> dict[str, Place]:
        """Where effects go, by name; not opened yet."""
        return {name: given.place for name, given in self.configuration.targets.items()}

    @property
    def actor(self) -> str:
        """Who acts: as it was set, else the name on this machine."""
        return self._value("actor") or user()

    @property
    def url(self) -> str:
        """The URL of the log.

        Raises:
            ConfigInvalid: it is not named.
        """
        if self.store is None:
            raise ConfigInvalid(
                f"Name the log: --store sqlite:///shop.db, EVENTFOLD_STORE, or store = in {FILE}."
                + (" Where only its topic can be read, --store takes the topic." if self.bus else ""),
                key="store",
            )
        return self.store

    @property
    def topic_url(self) -> str:
        """The URL of the topic, which the setting store may name too.

        Raises:
            ConfigInvalid: it is not named.
        """
        url = self.store if self.bus is None and is_topic(self.store or "") else self.bus
        if url is None:
            raise ConfigInvalid(
                f"Name the topic: --bus kafka://HOST:PORT/TOPIC or --bus eventhubs://NAMESPACE/HUB, EVENTFOLD_BUS, or"
                f" bus = in {FILE}.",
                key="bus",
            )
        return url

    def follow(self, bus: str) -> None:
        """Takes the URL of the topic from an option of the command itself."""
        self._given = {**self._given, "bus": Given(bus, "--bus")}
        vars(self).pop("configuration", None)

    def definition(self) -> App:
        """The app, bound to nothing.

        Raises:
            ConfigInvalid: it is not named, or cannot be found.
        """
        if self.app is None:
            raise ConfigInvalid(
                f"Name the app: -a module:name, EVENTFOLD_APP, or app = in {FILE}.", key="app"
            )
        return load_app(self.app, self.configuration.folder)

    def open_app(self) -> Live:
        """The app bound to its log.

        Raises:
            ConfigInvalid: the app or the log is not named, or cannot be found.
        """
        app, url = self.definition(), self.url
        show_log(self.configuration.targets)
        return self._named(
            lambda: app.open(
                url,
                lake=self.lake,
                search=self.search,
                state=self.state,
                bus=self.bus,
                copy=self.copy,
                targets=self.targets,
                create=False,
            )
        )

    def open_on_spark(self, source: From | None, *, checkpoints: str | None, jars: str | None) -> OnSpark:
        """The app's tables on a session of Spark.

        Raises:
            ConfigInvalid: the app, the log or the lake is not named, or cannot be found.
        """
        app, lake = self.definition(), self.lake
        url = self.url if source in {None, "store"} and self.bus is None else self.store
        if lake is None:
            raise ConfigInvalid(
                f"Name the folder of the published tables: --lake FOLDER, EVENTFOLD_LAKE, or lake = in {FILE}.",
                key="lake",
            )
        return self._named(
            lambda: app.on_spark(
                url, lake=lake, source=source, bus=self.bus, checkpoints=checkpoints, jars=jars
            )
        )

    def open_log(self, *, create: bool = False, doing: str = "") -> Store:
        """The bare log; errors as `open_store`.

        Args:
            create: whether it is made where there is none.
            doing: what only the log itself can do, as the beginning of a sentence; empty: a topic of it serves too.

        Raises:
            CapabilityMissing: only a topic of it is named.
        """
        url = self.url
        if doing and is_topic(url):
            raise only_the_log(doing)
        return self._named(lambda: open_store(url, create=create))

    def open_topic(self) -> Topic:
        """The topic.

        Raises:
            ConfigInvalid: it is not named.
            UnsupportedUrl: the URL names none.
        """
        url = self.topic_url
        return self._named(lambda: open_topic(url), "bus")

    def examine_log(self) -> Sequence[Finding]:
        """What is found about the log; errors as `examine_store`."""
        url = self.url
        return self._named(lambda: examine_store(url))

    def examine_lake(self) -> Sequence[Finding]:
        """Whether a lake in an object store answers; of a folder nothing is asked."""
        if self.lake is None or not is_address(self.lake):
            return ()
        try:
            reach(self.lake)
        except EventfoldError as error:
            return (Finding("problem", "lake", error.message),)
        return (
            Finding(
                "ok", "lake", "it answers; whether one may write there is seen when something is published"
            ),
        )

    def examine_search(self) -> Sequence[Finding]:
        """Whether the search indexes are those of the app's tables."""
        search, url = self.search, self.url
        if search is None or self.app is None or is_topic(url):
            return ()
        tables = [spec for spec in self.definition().tables.values() if spec.search is not None]
        with self._named(lambda: open_store(url, create=False)) as store:
            total_order = store.feed().capabilities.total_order
            try:
                indexes = [
                    open_index(search, bind(one, total_order=total_order), store.log_id) for one in tables
                ]
            except EventfoldError as error:
                return (Finding("problem", "search", error.message),)
            return [finding for index in indexes for finding in index.examine()]

    def examine_copy(self) -> Sequence[Finding]:
        """What is found about the copy of the log in the lake, where one is kept; errors as `open_store`."""
        lake, url = self.lake, self.url
        if not self.copy or lake is None or is_topic(url):
            return ()
        with self._named(lambda: open_store(url, create=False)) as store:
            try:
                return Copying(lake, store.log_id, store.feed()).examine()
            except EventfoldError as error:  # of the lake: the rest is to be told all the same
                return (Finding("problem", "lake copy", error.message),)

    def _value(self, name: str) -> str | None:
        found = self.configuration.values.get(name)
        return found.value if found else None

    def _named(self, opening: "Callable[[], R]", setting: str = "store") -> "R":
        """What was opened; an error of a setting says where that was given."""
        try:
            return opening()
        except LogNotFound as error:
            raise LogNotFound(
                f"{error.message} The app, `eventfold append --create` or an import makes one.",
                **error.facts,
            ) from error
        except (UnsupportedUrl, ConfigInvalid) as error:
            key = str(error.facts.get("key", setting))
            given = self.configuration.values
            setting = setting if setting in given else "store"  # which may name a topic
            name = key if key in given else "bus" if key in _OF_BUS and "bus" in given else setting
            if (
                setting == "store"
                and is_topic(self.url)
                and (key in _OF_BUS or (isinstance(error, UnsupportedUrl) and key != "state"))
            ):
                name = "store"
            source = given[name].source
            facts = {"key": key, **error.facts, "source": source}
            raise type(error)(
                f"{error.message} (The setting {name} is given by {source}.)", **facts
            ) from error


def user() -> str:
    """The name of the person or service on this machine."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may run as a number that has no name
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"


def load_app(name: str, folder: Path | None = None) -> App:
    """The app that a person named as `module:name`; modules of the current folder are found too.

    Args:
        name: of the app.
        folder: of the configuration file, whose modules are found too.

    Raises:
        ConfigInvalid: there is no such module, or no app of that name in it.
        DefinitionError: the app is wrong.
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute or module_name.startswith("."):
        raise ConfigInvalid(f"{name!r} names no app: write module:name.", key="app")
    for place in (folder, Path.cwd()):
        if place is not None and str(place) not in sys.path:
            sys.path.insert(0, str(place))
    try:
        module = import_module(module_name)
    except EventfoldError:
        raise
    except ModuleNotFoundError as error:
        raise ConfigInvalid(
            f"The module {module_name!r} cannot be imported: {said(error)}.", key="app"
        ) from error
    except Exception as error:
        raise DefinitionError(
            f"The module {module_name!r} cannot be imported: {told(error)}", key="app"
        ) from error
    found = getattr(module, attribute, None)
    if not isinstance(found, App):
        raise ConfigInvalid(f"{module_name} has no App called {attribute!r}.", key="app")
    return found


def told(error: BaseException) -> str:
    """What an error of somebody's program says, and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" (raised at {frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {said(error)}{place}"


def _answer_in_json(context: click.Context, _option: click.Parameter, chosen: bool) -> None:  # noqa: FBT001 - as click calls it
    if chosen:
        settings = context.find_object(Settings)
        assert settings is not None
        settings.json = True


json_option = click.option(
    "--json", is_flag=True, expose_value=False, callback=_answer_in_json, help="Answer in JSON."
)
"""For every command, so that it may stand before or after the command's name."""


def _follow(context: click.Context, _option: click.Parameter, url: str | None) -> None:
    if url is not None:
        settings = context.find_object(Settings)
        assert settings is not None
        settings.follow(url)


bus_option = click.option(
    "--bus",
    metavar="URL",
    expose_value=False,
    callback=_follow,
    help="The topic; default: the setting bus.",
)
"""For commands that are about the topic, so that it may stand behind their names too."""

_pass = click.make_pass_decorator(Settings)
P = ParamSpec("P")
R = TypeVar("R")


def pass_settings(command: Callable[Concatenate[Settings, P], R]) -> Callable[P, R]:
    """Gives a command the settings, and the option --json."""
    return json_option(_pass(command))
