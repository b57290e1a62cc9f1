"""`eventfold new`: a small shop with its tests, ready to run."""

import keyword
import sys
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from eventfold.doors.cli.protecting import protected
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import print_json, say
from eventfold.errors import ConfigInvalid, StorageFailed
from eventfold.exports.placing import make_folder, placed
from eventfold.exports.protected import Protected

FILES = {
    "README.md": "README.md.txt",
    "eventfold.toml": "eventfold.toml.txt",
    "pyproject.toml": "pyproject.toml.txt",
    ".gitignore": "gitignore.txt",
    "schema.json": "schema.json.txt",
    "@name@/__init__.py": "package/init.py.txt",
    "@name@/domain.py": "package/domain.py.txt",
    "@name@/tables.py": "package/tables.py.txt",
    "@name@/app.py": "package/app.py.txt",
    "@name@/__main__.py": "package/main.py.txt",
    "tests/test_rules.py": "tests/test_rules.py.txt",
    "tests/test_table.py": "tests/test_table.py.txt",
    "tests/test_schema.py": "tests/test_schema.py.txt",
}
"""What is written, and the template that it is written from."""

TAKEN = frozenset({"eventfold", "tests", "lake", *sys.stdlib_module_names})


@click.command()
@click.argument("name")
@click.option("--folder", help="Where to write it; default: a folder of that name.")
@pass_settings
def new(settings: Settings, name: str, folder: str | None) -> None:
    """Write a small app called NAME, the orders of a shop.

    Events, an aggregate, a table, tests, a schema file, settings, a README.

    Example: eventfold new shop
    """
    _check(name)
    place = Path(folder or name)
    # its own files may lie where we are
    others = Protected(folders=protected(settings.configuration).folders)
    others.check(place)
    if not _is_free(place):
        raise ConfigInvalid(f"{place} is there already; give another --folder.", key="folder")
    template = files("eventfold.doors.cli").joinpath("template")
    written = {_filled(path, name): _text(template, source, name) for path, source in FILES.items()}
    for path, text in written.items():
        target = place / path
        make_folder(target.parent)
        with placed(target, overwrite=False, protected=others) as content:
            content.write(text.encode())
    if settings.json:
        print_json({"folder": str(place), "files": list(written)})
        return
    for path in written:
        say(str(place / path))
    say(f"Next: cd {place}; python -m pytest -q; python -m {name}; eventfold status. README.md says more.")


def _check(name: str) -> None:
    """Refuses what could not be the name of a package of Python, or would hide another one."""
    plain = name.isascii() and name.isidentifier() and name == name.lower() and not name.startswith("_")
    if not plain or keyword.iskeyword(name) or name in TAKEN:
        raise ConfigInvalid(
            f"{name[:60]!r} cannot be the name of an app: small letters, digits and _, beginning with a letter, and no"
            " name that Python or eventfold uses.",
            key="name",
        )


def _is_free(place: Path) -> bool:
    """Nothing is there, not even a link that leads nowhere; or an empty folder."""
    try:
        return not any(place.iterdir()) if place.is_dir() else not (place.exists() or place.is_symlink())
    except OSError as error:
        raise StorageFailed(f"{place} cannot be read: {error.strerror}.") from error


def _text(template: Traversable, source: str, name: str) -> str:
    return _filled(template.joinpath(source).read_text("utf-8"), name)


def _filled(text: str, name: str) -> str:
    return text.replace("@name@", name).replace("@project@", name.replace("_", "-"))
