"""How the table goes: embedded for the first half, Spark for the third quarter, embedded for the rest."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import track

from eventfold.app.live import Live
from eventfold.app.places import checkpoints_of
from eventfold.readmodels.publishing.publication import Version
from examples.orders.proof import differences, everything, plain_fold, prove
from examples.orders.tables import Orders
from examples.orders.workload import SEED, commands, run

PUBLICATIONS = 8


class DemoFailed(Exception):
    """The demo cannot go on; the sentence says why."""


class Place(NamedTuple):
    """Where everything stands."""

    log: str
    lake: str
    jars: Path
    said: Path


class Part(NamedTuple):
    """What one engine folded."""

    engine: str
    events: int
    first: int
    last: int


class Course:
    """One run.

    Args:
        console: is told what happens.
        live: the orders, here.
        place: where everything stands.
    """

    def __init__(self, console: Console, live: Live, place: Place) -> None:
        self._console = console
        self._live = live
        self._place = place
        self._table = live.table(Orders)
        self.parts: list[Part] = []
        self.refused = 0

    def run(self, orders: int) -> None:
        """All of it.

        Raises:
            DemoFailed: Spark could not go on, or the kill came at another moment than it was meant for.
        """
        todo = commands(orders, SEED)
        half, killed, back = (len(todo) * eighths // 8 for eighths in (4, 5, 6))
        each = len(todo) // PUBLICATIONS + 1
        for number, accepted in enumerate(self._shown(run(self._live, todo), len(todo)), 1):
            self.refused += not accepted
            if number == half:
                self._give_to_spark()
            elif number == killed:
                self._die()
            elif number == back:
                self._take_back()
            elif number % each == 0 and not half < number < back:
                self._live.catch_up()
        self._live.catch_up()
        self._note("embedded")

    def differences(self) -> list[str]:
        """What is wrong now, and what the table answers wrongly about a moment at which Spark kept it."""
        events = everything(self._live.store.feed())
        spark = next(part for part in self.parts if part.engine == "spark")
        moment = spark.last - spark.events // 2
        then = self._table.at(position=moment).rows()
        past = differences(plain_fold(events[:moment]), then)
        return [*prove(self._live, events), *(f"at position {moment:,}: {line}" for line in past)]

    def _shown(self, done: Iterator[bool], number: int) -> Iterator[bool]:
        yield from track(done, "requests", number, console=Console(stderr=True))

    def _give_to_spark(self) -> None:
        self._live.catch_up()
        self._note("embedded")
        done = self._table.take_over(engine="spark")
        self._tell(f"The table is given to Spark, from version {done.version:,} on; nothing is folded anew.")

    def _die(self) -> None:
        """A job takes its first batch, and is killed between the two commits."""
        before, waiting = self._newest(), self._lag()
        most = max(1, waiting // 2)
        words = ["-m", "examples.orders.onspark.driver", self._place.log, self._place.lake]
        code = self._called([sys.executable, *words, str(self._place.jars), str(most)])
        if code != -signal.SIGKILL:
            raise DemoFailed(f"The job on Spark was to die and ended with {code}: {self._said()}")
        after = self._newest()
        offsets, commits = (self._numbers(kind) for kind in ("offsets", "commits"))
        if (offsets, commits) != ([0], []) or self._position(after) != self._position(before) + most:
            raise DemoFailed(f"The job died at another moment: offsets {offsets}, commits {commits}.")
        self._tell(
            f"A job on Spark was killed (kill -9) when {most:,} of {waiting:,} events stood in the Delta table, as"
            f" version {after.number:,}, and Spark had not noted it."
        )

    def _take_back(self) -> None:
        program = str(Path(sys.executable).with_name("eventfold"))
        words = ["-a", "examples.orders.app:order_book", "-s", self._place.log, "--lake", self._place.lake]
        command = [*words, "--json", "spark", "run", "orders", "--jars", str(self._place.jars)]
        self._console.print(f"[dim]$ eventfold {' '.join(command)}[/]", soft_wrap=True)
        waiting = self._lag()
        code = self._called([program, *command])
        if code:
            raise DemoFailed(f"The job on Spark ended with {code}: {self._said()}")
        (ran,) = json.loads(self._place.said.read_text("utf-8").splitlines()[-1])["tables"]
        if (ran["events"], self._lag()) != (waiting, 0):
            raise DemoFailed(f"Spark took {ran['events']:,} events where {waiting:,} waited.")
        self._note("spark")
        done = self._table.take_over()
        self._tell(
            f"The next one took {ran['events']:,} events, each once, in {ran['seconds']:.1f} s. The table is taken over"
            f" from {done.engine} with {done.rows:,} rows, as version {done.version:,}."
        )

    def _called(self, command: list[str]) -> int:
        """The exit code of a program in a group of its own."""
        with self._place.said.open("w", encoding="utf-8") as said:
            running = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, process_group=0)
            try:
                return running.wait()
            except BaseException:
                os.killpg(running.pid, signal.SIGKILL)
                raise

    def _said(self) -> str:
        return self._place.said.read_text("utf-8", errors="replace")[-2000:]

    def _note(self, engine: str) -> None:
        first = self.parts[-1].last if self.parts else 0
        last = self._position(self._newest())
        self.parts.append(Part(engine, last - first, first + 1, last))

    def _newest(self) -> Version:
        publication = self._table.publication
        assert publication is not None
        found = publication.head()
        assert found is not None
        return found

    def _position(self, version: Version) -> int:
        return max((mark.position for mark in version.stamp.cursor.marks.values()), default=0)

    def _lag(self) -> int:
        return self._live.store.feed().lag(self._newest().stamp.cursor) or 0

    def _numbers(self, kind: str) -> list[int]:
        """Of the batches that Spark has noted as begun (offsets) or done (commits)."""
        place = Path(checkpoints_of(self._place.lake, None)) / "orders"
        return sorted(int(path.name) for path in place.glob(f"*/*/{kind}/*") if path.name.isdecimal())

    def _tell(self, sentence: str) -> None:
        self._console.print(sentence, highlight=False, soft_wrap=True)
