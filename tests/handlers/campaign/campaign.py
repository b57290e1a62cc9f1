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
from eventfold.app.handling import handling
from eventfold.bus.cloudevents.attributes import STRUCTURED
from eventfold.errors import OutcomeUnknown, StorageError, StoreFenced
from eventfold.handlers.public.receiving import receive
from eventfold.handlers.records import PARKED, Asked, Deadline, digest, parked_of
from eventfold.handlers.working.follower import HandlerFollower
from tests.handlers.campaign.disk import Disk
from tests.handlers.campaign.judge import Verdict, judge
from tests.handlers.campaign.scene import (
    CONCURRENCY,
    DOWN,
    HANDLERS,
    HANGING,
    MENDED,
    OTHERS,
    PASSED,
    Announced,
    Noted,
    Passed,
    Settings,
    Spoken,
    Taken,
    scene,
    targets,
)
from tests.handlers.campaign.server import Server
from tests.trust.system import PYTHON, ROOT

FAULTS = ("", "", "", "", "", "", "refused", "hangs")
PATIENCE = 120.0
"""Seconds for anything that does not come."""
REGISTRY = ef.Registry([Noted])
ENDS_BY_ITSELF = {StorageError.exit_code, OutcomeUnknown.exit_code}
LATER = timedelta(days=3)
"""Than any clock of a campaign shows."""


class Told(msgspec.Struct, frozen=True):
    """What was announced, as others read it."""

    id: str
    data: Announced


class Campaign:
    """One log, its workers and their targets.

    Args:
        url: of the log.
        folder: for files.
        server: where effects are posted to.
        file: to which is announced; default: one in the folder.
        seed: of all chance here.
        streams: how many.
        settings: of every worker.
    """

    def __init__(
        self,
        url: str,
        folder: Path,
        server: Server,
        *,
        file: str = "",
        seed: int = 0,
        streams: int = 24,
        **settings: Any,
    ) -> None:
        self.store = ef.open_store(url)
        self.ended: Counter[str] = Counter()
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self.kills = 0
        self.folder = folder
        self.dice = random.Random(seed)
        self._server = server
        self._streams = streams
        self._full = False
        self._announced = Path(file or folder / "announced")
        self._settings = Settings(
            url, str(folder), str(self._announced), port=server.server_port, name="", **settings
        )
        self._numbers: Counter[str] = Counter()
        self._made = 0
        self._faulty = {f"box-{n}" for n in range(streams) if n % 3 == 0}

    def append(self, count: int, fault: str | None = None) -> None:
        """More events, and what others speak beside, repeated until the store has said that it has them."""
        for _ in range(count):
            stream = f"box-{self.dice.randrange(self._streams)}"
            chosen = self.dice.choice(FAULTS) if fault is None else fault
            noted = Noted(fault=chosen if stream in self._faulty else "")
            events = [REGISTRY.encode(noted) for _ in range(self.dice.randint(1, 2))]
            self.until(partial(self._append, stream, events))
            for body in self._spoken(stream):
                self.until(partial(self._receive, body))

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
        self.ended[name] += 1
        if process.poll() is None:
            process.kill()
            process.wait()
            self.kills += 1
        else:
            self._ended_well(name, process)

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
        told = (msgspec.json.decode(line, type=Taken) for line in _lines(self.folder / "taken"))
        events = (msgspec.json.decode(line, type=Told) for line in _lines(self._announced))
        announced = (
            Taken("announce", event.data.box, event.data.version, event.id, event.data.worker)
            for event in events
        )
        return [*self._server.taken, *told, *announced]

    def passed(self) -> list[Passed]:
        """What passed to other workers while its worker lived."""
        return [msgspec.json.decode(line, type=Passed) for line in _lines(self.folder / PASSED)]

    def under_way(self) -> int:
        """How much of what is seen outside the log may have been under way when it was done again, at most."""
        passed = sum(1 if one.stream else CONCURRENCY for one in self.passed() if one.handler in HANDLERS)
        return len(HANDLERS) * CONCURRENCY * self.ended.total() + passed

    def said(self, name: str) -> str:
        """What a worker logged."""
        return (self.folder / f"log-{name}").read_text("utf-8", "replace")[-4_000:]

    def waits(self, more: int) -> None:
        """Until so many more effects were taken."""
        before = len(self.taken())
        self.until(lambda: len(self.taken()) >= before + more)

    def until(self, holds: Callable[[], bool], moves: Callable[[], object] = bool) -> None:
        """Until something holds; no longer than workers go on, but where their log may be full.

        Args:
            holds: what is waited for.
            moves: changes as long as it comes nearer, which is waited for.
        """
        seen, end = moves(), time.monotonic() + PATIENCE
        while not holds():
            if (now := moves()) != seen:
                seen, end = now, time.monotonic() + PATIENCE
            ended = [name for name, process in self.workers.items() if process.poll()]
            assert self._full or not ended, [self.said(name) for name in ended]
            assert time.monotonic() < end, [self.said(name) for name in self.workers]
            time.sleep(0.02)

    def full(self, disk: Disk) -> None:
        """The disk is full until the log has refused an append, and workers could not write; then there is space again.

        Workers go on by themselves, or end, since the log takes nothing more from them, and others take their place.
        """
        self._full = True
        before = self._refused()
        with disk.full():
            self.until(lambda: not self._append("box-0", [REGISTRY.encode(Noted())]))
            self.until(lambda: self._refused() > before)
        for name in [name for name, process in self.workers.items() if process.poll() is not None]:
            self.kill(name)
            self.start()

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
            if process.wait(PATIENCE):
                self.ended[name] += 1
                self._ended_well(name, process)
        last = structs.replace(self._settings, name="last", before=0, after=0, wrong="", turned=0)
        with (
            pytest.MonkeyPatch.context() as patch,
            scene(last).open(last.url, state="sqlite://", targets=targets(last)) as live,
        ):
            patch.setattr(handling, "HandlerFollower", partial(HandlerFollower, seconds=2.0))
            later = datetime.now(UTC) + LATER
            self.until(lambda: not (self._left() | bool(live.handle(at=later).warnings)), self._done)
        verdict = judge(self.store, self.taken(), self.ended, self.passed())
        self.store.close()
        return verdict

    def end(self) -> None:
        """Kills what still runs."""
        for process in self.workers.values():
            process.kill()
            process.wait()

    def _append(self, stream: str, events: list[ef.NewEvent]) -> bool:
        return self._said(lambda: self.store.append(stream, events, expected=ef.ANY))

    def _receive(self, body: bytes) -> bool:
        return self._said(lambda: receive(self.store, OTHERS, body, STRUCTURED))

    def _said(self, act: Callable[[], object]) -> bool:
        """Whether the store said that it has it."""
        try:
            act()
        except StoreFenced:  # only who opens the log anew goes on
            try:
                store = ef.open_store(self._settings.url)
            except StorageError:
                return False
            self.store.close()
            self.store = store
            return False
        except StorageError:
            return False
        return True

    def _spoken(self, box: str) -> list[bytes]:
        """What others say of a box: nothing, or something, or something twice."""
        times = self.dice.choice((0, 1, 1, 2))
        self._numbers[box] += bool(times)
        event = {
            "specversion": "1.0",
            "id": f"{box}/{self._numbers[box]}",
            "source": "https://others.example.org",
            "type": Spoken.public_name,
            "subject": box,
            "data": Spoken(box=box, number=self._numbers[box]),
        }
        return [msgspec.json.encode(event)] * times

    def _refused(self) -> int:
        """How often workers told that they found no space."""
        return sum(log.read_bytes().count(b"disk is full") for log in self.folder.glob("log-*"))

    def _ended_well(self, name: str, process: subprocess.Popen[bytes]) -> None:
        """One that ended by itself did so because its log was full, and only where this was so."""
        assert self._full, self.said(name)
        assert process.returncode in ENDS_BY_ITSELF, self.said(name)

    def _done(self) -> tuple[int, int]:
        """How much was done, however often: it grows to the end of the log and no further."""
        taken = {(one.handler, one.stream, one.version) for one in self.taken()}
        return len(taken), sum(info.version for info in self.store.streams("copy"))

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


def _lines(file: Path) -> list[bytes]:
    """Those that are whole: one that is torn was not acknowledged."""
    return file.read_bytes().split(b"\n")[:-1] if file.exists() else []
