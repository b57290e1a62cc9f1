"""A writer of an index that is killed again and again, at each of its steps or after some time, and what it leaves.

A process of its own runs this, in which the library was never used: it forks for each try, and for each look.
"""

import itertools
import os
import random
import shutil
import signal
import sys
import threading
import time
import traceback
from ast import literal_eval
from collections.abc import Callable
from pathlib import Path
from typing import Any

from eventfold.readmodels.declaring.layout import Row
from eventfold.readmodels.search.request import Request
from eventfold.readmodels.tantivy.folder import Folder
from eventfold.readmodels.tantivy.index import TantivyIndex
from eventfold.readmodels.tantivy.opened import Writing
from tests.readmodels.tantivy.shelf import LAYOUT, index, reader, row, stamp

COUNT = [slot.name for _, slot in LAYOUT.shown].index("count")
OVERWRITTEN = 4
"""Every so many commits everything is written anew."""


def changed(change: int) -> tuple[list[Row], list[str]]:
    """The rows that a commit changes, and the keys that it removes."""
    keys = [f"box-{(change * 7 + n) % 23}" for n in range(5)]
    return [row(key, note=f"blue mug {change}", count=change) for key in keys[1:]], keys[:1]


def wanted(change: int) -> dict[str, int]:
    """The rows after a commit, by key the number of the one that changed them."""
    found: dict[str, int] = {}
    for at in range(1, change + 1):
        rows, deleted = changed(at)
        found |= {str(one[0]): at for one in rows}
        for key in deleted:
            found.pop(key, None)
    return found


def write(folder: Path, upto: int) -> None:
    """Goes on where the index stands."""
    place = index(folder)
    head = place.head()
    for change in range((head.stamp.change if head else 0) + 1, upto + 1):
        if head is None or change % OVERWRITTEN == 0:
            everything = [row(key, note=f"blue mug {at}", count=at) for key, at in wanted(change).items()]
            head = place.overwrite(head, reader(everything), stamp(change))
        else:
            rows, deleted = changed(change)
            head = place.merge(head, reader(rows), deleted, stamp(change))


def look(folder: Path) -> tuple[int, str]:
    """At which commit an index stands, and what is wrong with it."""
    place = index(folder)
    head = place.head()
    if head is None:
        return 0, ""
    found = place.find(Request(size=1_000))
    rows = {str(one.cells[0]): one.cells[COUNT] for one in found.rows}
    expected = wanted(head.stamp.change)
    wrong = "" if rows == expected and head.intact and found.total == len(expected) else f"{rows} at {head}"
    return head.stamp.change, wrong


def step_by_step(at: int) -> None:
    """From here on this process is killed at its step of that number."""
    steps = itertools.count(1)

    def watched(honest: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            if next(steps) == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return honest(*given, **named)

        return call

    for owner, name in [
        *((Writing, name) for name in ("__init__", "add", "remove", "commit", "end")),
        *((Folder, name) for name in ("fresh", "show")),
        *((os, name) for name in ("fsync",)),
        *((shutil, name) for name in ("rmtree",)),
        *((Path, name) for name in ("replace", "mkdir")),
    ]:
        setattr(owner, name, watched(getattr(owner, name)))


def two_commits() -> None:
    """The control: the stamp in a commit of its own, as a writer would have it that keeps it beside the rows."""
    honest = TantivyIndex._commit

    def commit(self: TantivyIndex, writing: Writing, version: int, rows: int, stamp: Any) -> Any:
        writing.commit()
        return honest(self, writing, version, rows, stamp)

    setattr(TantivyIndex, "_commit", commit)  # noqa: B010 - mypy knows it for a method


def forked(work: Callable[[], object], seconds: float | None = None) -> tuple[int, bytes]:
    """The exit code of some work in a process of its own, killed after some seconds, and what it answered."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.write(writing, repr(work()).encode()[:60_000])
            for thread in threading.enumerate():
                if thread is not threading.current_thread():
                    thread.join()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writing)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reading, "rb") as answers:
        answer = answers.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), answer


def campaign(folder: Path, rounds: int, how: str, *, seed: int = 1) -> str:
    """Kills a writer so many times; answers what is wrong, else how often it was killed and how far it came."""
    chance = random.Random(seed)
    kills = stands = 0
    for at in range(1, rounds + 1):

        def work(at: int = at, upto: int = stands + (OVERWRITTEN + 2 if how != "times" else 500)) -> None:
            if how != "times":
                step_by_step(at)
            write(folder, upto)

        code, _ = forked(work, chance.random() * 0.6 if how == "times" else None)
        kills += code == -signal.SIGKILL
        if code not in {0, -signal.SIGKILL}:
            return f"the writer ended with {code}"
        code, answer = forked(lambda: look(folder))
        if code:
            return f"nobody could read it after kill {kills}"
        came, wrong = literal_eval(answer.decode())
        if wrong:
            return f"after kill {kills}: {wrong}"
        if came < stands:
            return f"it went back from {stands} to {came}"
        stands = came
    left = [path.name for path in folder.iterdir() if path.is_dir()]
    return f"killed {kills} times, came to {stands}, {len(left)} folders"


if __name__ == "__main__":
    if sys.argv[3] == "broken":
        two_commits()
    print(campaign(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
