"""Where an import writes an app, and what is told of it: a new file, whose name a person chose."""

import keyword
import shlex
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import msgspec

from eventfold.doors.cli.masking import has_secret
from eventfold.doors.cli.protecting import protected
from eventfold.doors.cli.settings import Settings
from eventfold.errors import ConfigInvalid, NotFound
from eventfold.exports.placing import placed
from eventfold.exports.protected import Protected
from eventfold.imports import ImportReport
from eventfold.imports.scaffold import gather, scaffold
from eventfold.store.port import Store

_KEY = "scaffold"
_FLAGS = {"store": "-s", "lake": "--lake", "state": "--state"}


class Written(msgspec.Struct, frozen=True):
    """An app that was written.

    Attributes:
        file: where.
        app: as `-a` takes it.
        tables: what its tables are called.
        commands: that fill the tables, and that ask the first one.
    """

    file: str
    app: str
    tables: list[str]
    commands: list[str]


class Planned(msgspec.Struct, frozen=True):
    """An app that is to be written once the import has ended.

    Attributes:
        path: its file.
        settings: name the log.
        protected: what it may not be.
    """

    path: Path
    settings: Settings
    protected: Protected

    def write(self, store: Store, report: ImportReport) -> Written | None:
        """Writes the app for the categories that an import met; None, which is noted, where it met none.

        Args:
            store: the log.
            report: of the import.

        Raises:
            ConfigInvalid: a file came to stand there during the import.
            StorageError: the log cannot be read, or the file cannot be written.
        """
        sights = gather(store, report.categories)
        if not sights:
            report.note(f"Nothing came in, so that {self.path} was not written.")
            return None
        made = scaffold(self.path.stem, sights)
        with placed(self.path, overwrite=False, protected=self.protected) as file:
            file.write(made.text.encode())
        before, app = _importable(self.path)
        front = [*before, *called(self.settings, *_FLAGS)]
        question = f"SELECT * FROM {made.tables[0]}"  # noqa: S608 - a line for people, of a name of our own making
        commands = [[*front, "-a", app, "run", "--once"], [*front, "-a", app, "query", question]]
        return Written(str(self.path), app, made.tables, list(map(shlex.join, commands)))


def plan(settings: Settings, given: str, *, follow: bool = False) -> Planned:
    """Looks whether an app can be written, before anything else is.

    Args:
        settings: say what is protected.
        given: a module of the current folder, or a path that ends in .py.
        follow: the import has no end.

    Raises:
        ConfigInvalid: no module can have the name, or something stands there; or the import has no end.
        NotFound: its folder does not exist.
    """
    if follow:
        raise ConfigInvalid(
            "An app is written when the import ends: leave out --follow or --scaffold.", key=_KEY
        )
    path = Path(given if given.endswith(".py") else f"{given}.py")
    _check_name(path.stem, given)
    others = protected(settings.configuration, code=False)
    others.check(path)
    if path.exists() or path.is_symlink():
        raise ConfigInvalid(f"{path} is there already; give another --scaffold.", key=_KEY)
    if (path.with_suffix("") / "__init__.py").exists():
        raise ConfigInvalid(
            f"The package {path.stem} beside {path} would be taken for it; give another --scaffold.", key=_KEY
        )
    if not path.parent.is_dir():
        raise NotFound(f"There is no folder {path.parent}.", folder=str(path.parent))
    return Planned(path, settings, others)


def called(settings: Settings, *names: str) -> list[str]:
    """How a command begins that uses the same settings: with those that were given by flags, unless they are secret."""
    words = ["eventfold"]
    for name in names:
        given = settings.configuration.values.get(name)
        if given is not None and given.source == f"--{name}" and not has_secret(given.value):
            words += [_FLAGS[name], given.value]
    return words


def _check_name(name: str, given: str) -> None:
    """Refuses what could not be imported, or would hide another module."""
    is_one = given in (name, f"{name}.py") or given.endswith(f"/{name}.py")
    is_plain = name.isascii() and name.isidentifier() and not name.startswith("_")
    if not is_one or not is_plain or keyword.iskeyword(name):
        raise ConfigInvalid(
            f"{given!r:.60} cannot be a module: give letters, digits and _, beginning with a letter, or the path of a"
            " file of such a name that ends in .py.",
            key=_KEY,
        )
    if name in {"eventfold", *sys.stdlib_module_names} or name in packages_distributions():
        raise ConfigInvalid(
            f"A module {name} would hide the installed one: give another --scaffold.", key=_KEY
        )


def _importable(path: Path) -> tuple[list[str], str]:
    """What stands before a command that imports the module, and the app as `-a` takes it."""
    folder = path.parent.resolve()
    if folder == Path.cwd().resolve():
        return [], f"{path.stem}:app"
    return ["env", f"PYTHONPATH={folder}"], f"{path.stem}:app"
