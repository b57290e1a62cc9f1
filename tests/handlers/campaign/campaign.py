"""A campaign: workers are killed while events are appended and targets fail; then all is mended and judged."""

import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs

import eventfold as ef
from eventfold.app import handling
from eventfold.errors import StorageError
from eventfold.handlers.records import PARKED, Asked, Deadline, digest, parked_of
from eventfold.handlers.working.follower import HandlerFollower
from tests.handlers.campaign.judge import Verdict, judge
from tests.handlers.campaign.scene import DOWN, HANGING, MENDED, Hook, Noted, Settings, Taken, scene
from tests.handlers.campaign.server import Server
from tests.trust.system import PYTHON, ROOT

FAULTS = ("", "", "", "", "", "", "refused", "hangs")
PATIENCE = 120.0
"""Seconds for anything that does not come."""
REGISTRY = ef.Registry([Noted])
LATER = timedelta(days=3)
"""Than any clock of a campaign shows."""


class Campaign:
    """One log, its workers and their targets.

    Args:
        url: of the log.
        folder: for files.
        server: where effects are posted to.
        seed: of all chance here.
        streams: how many.
        settings: of every worker.
    """

    def __init__(
        self, url: str, folder: Path, server: Server, *, seed: int = 0, streams: int = 24, **settings: Any
    ) -> None:
        self.store = ef.open_store(url)
        self.ended: Counter[str] = Counter()
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self.kills = 0
        self.folder = folder
        self.dice = random.Random(seed)
        self._server = server
        self._streams = streams
        self._settings = Settings(url, str(folder), server.server_port, "", **settings)
        self._made = 0
        self._faulty = {f"box-{n}" for n in range(streams) if n % 3 == 0}

    def append(self, count: int, fault: str | None = None) -> None:
        """More events, repeated until the store has said that it has them."""
        for _ in range(count):
            stream = f"box-{self.dice.randrange(self._streams)}"
            chosen = self.dice.choice(FAULTS) if fault is None else fault
            noted = Noted(fault=chosen if stream in self._faulty else "")
            events = [REGISTRY.encode(noted) for _ in range(self.dice.randint(1, 2))]
            self.until(partial(self._append, stream, events))

    def start(self, count: int = 1, **other: Any) -> list[str]:
        """More workers; their names."""
        names = []
        for _ in range(count):
            self._made += 1
            names.append(f"w{self._made}")
            settings = structs.replace(self._settings, name=names[-1], **other)
            command = (
                *PYTHON,
                "-m",
                "tests.handlers.campaign.worker",
                msgspec.json.encode(settings).decode(),
            )
            with (self.folder / f"log-{names[-1]}").open("wb") as log:
                self.workers[names[-1]] = subprocess.Popen(
                    command, cwd=ROOT, stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": str(ROOT)}
                )
        return names

    def kill(self, name: str = "") -> None:
        """`kill -9` of a worker: by name, or one of those that have something to do, or now and then any."""
        busy = self.holders() if self.dice.random() < 0.8 else []
        name = name or self.dice.choice(busy or list(self.workers))
        process = self.workers.pop(name)
        assert process.poll() is None, self.said(name)
        process.kill()
        process.wait()
        self.ended[name] += 1
        self.kills += 1

    def freeze(self, seconds: float) -> None:
        """A worker that has something to do stands still for so long, and knows nothing of it."""
        self.until(lambda: bool(self.holders()))
        name = self.dice.choice(self.holders())
        process = self.workers[name]
        process.send_signal(signal.SIGSTOP)
        self.ended[name] += 1
        thaw = threading.Timer(seconds, process.send_signal, (signal.SIGCONT,))
        thaw.daemon = True  # by itself: one that stands still in a transaction lets nobody append
        thaw.start()

    def holders(self) -> list[str]:
        """The workers that hold leases."""
        effects = self.store.effects()
        try:
            owners = {lease.owner for handler in effects.readers() for lease in effects.all(handler)}
        except StorageError:
            return []
        ids = {owner.split(":")[1] for owner in owners if owner}
        return [name for name, process in self.workers.items() if str(process.pid) in ids]

    def thaw(self, name: str) -> None:
        """It goes on."""
        self.workers[name].send_signal(signal.SIGCONT)

    def taken(self) -> list[Taken]:
        """By the file and by the server, each in its order."""
        file = self.folder / "taken"
        lines = file.read_bytes().splitlines() if file.exists() else []
        return [*self._server.taken, *(msgspec.json.decode(line, type=Taken) for line in lines)]

    def said(self, name: str) -> str:
        """What a worker logged."""
        return (self.folder / f"log-{name}").read_text("utf-8", "replace")[-4_000:]

    def waits(self, more: int) -> None:
        """Until so many more effects were taken."""
        before = len(self.taken())
        self.until(lambda: len(self.taken()) >= before + more)

    def until(self, holds: Callable[[], bool]) -> None:
        """Until something holds."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, [self.said(name) for name in self.workers]
            time.sleep(0.02)

    def mark(self, name: str, *, there: bool = True) -> None:
        """One of the files that say how targets behave."""
        (self.folder / name).touch() if there else (self.folder / name).unlink(missing_ok=True)

    def settle(self) -> Verdict:
        """Mends everything, ends the workers in peace, lets a clean one catch up and retry; the verdict."""
        self.mark(MENDED)
        self.mark(DOWN, there=False)
        self.mark(HANGING, there=False)
        self.until(lambda: all((self.folder / f"ready-{name}").exists() for name in self.workers))
        for process in self.workers.values():
            process.send_signal(signal.SIGTERM)
        for name, process in self.workers.items():
            assert process.wait(PATIENCE) == 0, self.said(name)
        last = structs.replace(self._settings, name="last", before=0, after=0, wrong="", turned=0)
        with (
            pytest.MonkeyPatch.context() as patch,
            scene(last).open(last.url, state="sqlite://", targets={"hook": Hook(last)}) as live,
        ):
            patch.setattr(handling, "HandlerFollower", partial(HandlerFollower, seconds=2.0))
            later = datetime.now(UTC) + LATER
            self.until(lambda: not (self._left() | bool(live.handle(at=later).warnings)))
        verdict = judge(self.store, self.taken(), self.ended)
        self.store.close()
        return verdict

    def end(self) -> None:
        """Kills what still runs."""
        for process in self.workers.values():
            process.kill()
            process.wait()

    def _append(self, stream: str, events: list[ef.NewEvent]) -> bool:
        try:
            self.store.append(stream, events, expected=ef.ANY)
        except StorageError:
            return False
        return True

    def _left(self) -> bool:
        """Whether something is parked, which is asked to be tried again, or waits for its time."""
        effects, left = self.store.effects(), False
        for handler in effects.readers():
            for parked in map(parked_of, effects.notes(handler, PARKED)):
                asked = Asked(stream=parked.stream, what="retry", actor="ada")
                effects.note(handler, [asked.note(digest(parked.stream))])
                left = True
            left = left or bool(effects.notes(handler, Deadline.kind, limit=1))
        return left
