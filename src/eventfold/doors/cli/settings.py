"""What every command needs to know: which app, which log, which lake, and how to answer."""

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import click
import msgspec
from msgspec import structs

from eventfold.app.app import App
from eventfold.app.live import Live
from eventfold.errors import ConfigInvalid
from eventfold.store.open import open_store
from eventfold.store.port import Store


class Settings(msgspec.Struct, frozen=True):
    """The options of `eventfold` itself; each may also stand in the environment.

    Attributes:
        app: `module:name` of an `App`.
        store: URL of the log.
        lake: folder of the Delta tables.
        state: URL of the tables' state.
        json: whether answers are JSON.
    """

    app: str | None
    store: str | None
    lake: str | None
    state: str | None
    json: bool

    def open_app(self) -> Live:
        """The app bound to its log.

        Raises:
            ConfigInvalid: the app or the log is not named, or cannot be found.
        """
        if self.app is None:
            raise ConfigInvalid("Name the app: -a module:name, or EVENTFOLD_APP.", key="app")
        return load_app(self.app).open(self.url, lake=self.lake, state=self.state, create=False)

    def open_log(self, *, create: bool = False) -> Store:
        """The bare log."""
        return open_store(self.url, create=create)

    @property
    def url(self) -> str:
        """The URL of the log."""
        if self.store is None:
            raise ConfigInvalid("Name the log: --store sqlite:///shop.db, or EVENTFOLD_STORE.", key="store")
        return self.store


def load_app(name: str) -> App:
    """The app that a person named as `module:name`; modules of the current folder are found too.

    Raises:
        ConfigInvalid: there is no such module, or no app of that name in it.
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute or module_name.startswith("."):
        raise ConfigInvalid(f"{name!r} names no app: write module:name.", key="app")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        raise ConfigInvalid(f"The module {module_name!r} cannot be imported: {error}.", key="app") from error
    found = getattr(module, attribute, None)
    if not isinstance(found, App):
        raise ConfigInvalid(f"{module_name} has no App called {attribute!r}.", key="app")
    return found


def _answer_in_json(context: click.Context, _option: click.Parameter, chosen: bool) -> None:  # noqa: FBT001
    if chosen:
        settings = context.find_object(Settings)
        assert settings is not None
        context.obj = structs.replace(settings, json=True)


json_option = click.option(
    "--json", is_flag=True, expose_value=False, callback=_answer_in_json, help="Answer in JSON."
)
"""For every command, so that it may stand before or after the command's name."""

_pass = click.make_pass_decorator(Settings)
P = ParamSpec("P")
R = TypeVar("R")


def pass_settings(command: Callable[Concatenate[Settings, P], R]) -> Callable[P, R]:
    """Gives a command the settings, and the option --json."""
    return json_option(_pass(command))
