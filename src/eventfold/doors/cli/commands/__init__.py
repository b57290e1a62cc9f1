"""The commands, one file each, loaded when they are asked for: no command waits for what the others need."""

from collections.abc import Iterator, MutableMapping
from importlib import import_module

import click

_FILES = {
    name: name.replace("-", "_")
    for name in (
        "append",
        "apply",
        "at",
        "bus",
        "completion",
        "config",
        "consume",
        "dev",
        "diff",
        "doctor",
        "export",
        "handlers",
        "history",
        "new",
        "parked",
        "plan",
        "publish",
        "query",
        "read",
        "rebuild",
        "receive",
        "relay",
        "rollback",
        "run",
        "schema",
        "search",
        "spark",
        "state",
        "status",
        "streams",
        "synapse",
        "tail",
        "take-over",
        "types",
        "verify",
        "watch",
        "why",
    )
} | {"import": "import_file"}


class Commands(MutableMapping[str, click.Command]):
    """Every command by its name, as a group takes them."""

    def __init__(self) -> None:
        self._loaded: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._loaded:
            file = _FILES[name]
            self._loaded[name] = getattr(import_module(f"eventfold.doors.cli.commands.{file}"), file)
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in _FILES

    def __iter__(self) -> Iterator[str]:
        return iter(_FILES)

    def __len__(self) -> int:
        return len(_FILES)

    def __setitem__(self, name: str, command: click.Command) -> None:
        raise TypeError(f"{name} is a file of this folder, or no command")

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"{name} is a file of this folder")
