"""`eventfold new`: a small app with its tests, ready to run."""

import keyword
import sys
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from eventfold.doors.cli.output import print_json, say
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.errors import ConfigInvalid

FILES = {
    "README.md": "README.md.txt",
    "eventfold.toml": "eventfold.toml.txt",
    "pyproject.toml": "pyproject.toml.txt",
    ".gitignore": "gitignore.txt",
    "@name@/__init__.py": "package/init.py.txt",
    "@name@/domain.py": "package/domain.py.txt",
    "@name@/tables.py": "package/tables.py.txt",
    "@name@/app.py": "package/app.py.txt",
    "@name@/__main__.py": "package/main.py.txt",
    "tests/test_rules.py": "tests/test_rules.py.txt",
    "tests/test_table.py": "tests/test_table.py.txt",
}
"""What is written, and the template that it is written from."""

TAKEN = frozenset({"eventfold", "tests", "lake", *sys.stdlib_module_names})


@click.command()
@click.argument("name")
@click.option("--folder", help="Where to write it; default: a folder of that name.")
@pass_settings
def new(settings: Settings, name: str, folder: str | None) -> None:
    """Write a small app called NAME: events, an aggregate, a table, their tests, settings and a README.

    Example: eventfold new helpdesk
    """
    _check(name)
    place = Path(folder or name)
    if place.exists() and not (place.is_dir() and not any(place.iterdir())):
        raise ConfigInvalid(f"{place} is there already; give another --folder.", key="folder")
    template = files("eventfold.doors.cli").joinpath("template")
    written = {_filled(path, name): _text(template, source, name) for path, source in FILES.items()}
    for path, text in written.items():
        target = place / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
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


def _text(template: Traversable, source: str, name: str) -> str:
    return _filled(template.joinpath(source).read_text("utf-8"), name)


def _filled(text: str, name: str) -> str:
    return text.replace("@name@", name).replace("@project@", name.replace("_", "-"))
