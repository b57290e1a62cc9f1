"""The processes beside the shop: relays, of which one is killed, and what follows the topic."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from eventfold.testing.kafka.process import Minded

SETTINGS = "eventfold.toml"
_PATIENCE = 15.0
"""Seconds in which a process ends that is told to."""


class DemoFailed(Exception):
    """The demo cannot go on; the sentence says why."""


class Workers:
    """Processes of the command `eventfold`; all of them end with this one.

    Args:
        folder: with the settings; what a process says is kept there.
        bus: the URL of the topic.
        console: told which commands run.
    """

    def __init__(self, folder: Path, bus: str, console: Console) -> None:
        self._folder = folder
        self._bus = bus
        self._console = console
        self._running: dict[str, Minded] = {}

    def start(self, name: str, *arguments: str) -> int:
        """Starts a command; the id of its process.

        Args:
            name: what it is called here; its log is `NAME.log`.
            arguments: of `eventfold`.
        """
        words = ["--config", str(self._folder / SETTINGS), "--bus", self._bus, *arguments]
        self._console.print(f"[dim]$ eventfold {' '.join(words)}[/]", soft_wrap=True)
        program = Path(sys.executable).with_name("eventfold")
        self._running[name] = Minded([str(program), *words], self._log(name), os.getpid())
        return self._running[name].pid

    def kill(self, name: str) -> None:
        """As `kill -9` does; errors as `check`."""
        self.check()
        self._running.pop(name).kill()

    def stop(self, name: str) -> str:
        """Lets it end, and gives what it said."""
        self._running.pop(name).stop(_PATIENCE)
        return self.said(name)

    def check(self) -> None:
        """Looks that all are there.

        Raises:
            DemoFailed: one has ended by itself.
        """
        for name, process in self._running.items():
            if not process.runs:
                raise DemoFailed(f"{name} ended by itself: {self.said(name)}")

    def said(self, name: str) -> str:
        """What a process has said."""
        return self._log(name).read_text("utf-8", errors="replace").strip()

    def close(self) -> None:
        """Ends those that are left."""
        while self._running:
            self._running.popitem()[1].stop(_PATIENCE)

    def _log(self, name: str) -> Path:
        return self._folder / f"{name.replace(' ', '-')}.log"


@contextmanager
def workers(folder: Path, bus: str, console: Console) -> Iterator[Workers]:
    """None of them is left after the block."""
    found = Workers(folder, bus, console)
    try:
        yield found
    finally:
        found.close()


def write_settings(folder: Path, *, store: str, targets: dict[str, str]) -> None:
    """The file of settings that all processes share.

    Args:
        folder: where it stands, and state and lake.
        store: the URL of the log; a path in it is relative to the current folder.
        targets: URLs by name.
    """
    scheme, _, path = store.partition(":///")
    values = {
        "app": "examples.orders.overbus.shop:shop",
        "store": f"sqlite:///{Path(path).absolute()}" if scheme == "sqlite" else store,
        "lake": "lake",
        "state": "sqlite:///shop.db.state",
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    lines += ["", "[targets]", *(f"{name} = {json.dumps(value)}" for name, value in targets.items())]
    (folder / SETTINGS).write_text("\n".join(lines) + "\n", "utf-8")
