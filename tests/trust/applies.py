"""Applies and rollbacks that are killed at any moment: what is live afterwards is one definition's rows, and whole.

A program of its own, which has no thread when it forks: the folder is made, changed and looked at in children.

    python -m tests.trust.applies KILLS SEED [apart]

With `apart` generations are swapped in two transactions, as they must not be.
"""

import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import eventfold as ef
from eventfold.app.live import Live
from eventfold.readmodels.sqlite import keeping
from eventfold.readmodels.sqlite.state import SqliteState
from eventfold.readmodels.sqlite.statements import SQL, drop_view
from tests.readmodels.planning.changing import First, Second, opened, place

ORDERS, LONGEST = 30, 1.2
"""Orders of the log, and seconds until a child is killed, at most."""
BY_NAME: dict[str, type[ef.Table]] = {"first": First, "second": Second}


def made(folder: Path) -> None:
    with opened(folder, First) as live:
        for n in range(ORDERS):
            place(live, n, paid=n % 4 == 0)
        live.catch_up()


def changing(folder: Path) -> None:
    """Forth and back, until somebody ends it; the log grows meanwhile."""
    for n in range(1_000):
        with opened(folder, Second) as live:
            live.apply()
            place(live, n)
            live.catch_up()
        with opened(folder, First) as live:
            if n % 2:
                live.apply()
            else:
                live.table(First).rollback()
            live.catch_up()


def looked_at(folder: Path) -> None:
    """Prints which rows are live; raises where they are not those of a definition, or the way forth is barred."""
    with opened(folder) as live:
        there = {one.fingerprint: one for one in live._state.generations() if not one.kept_us}
    (now,) = there
    which = "first" if now == fingerprint(folder, First) else "second"
    with opened(folder, BY_NAME[which]) as live:
        whole(live, "live rows")
        publication: Any = live.table("orders").publication
        stamp = publication.head().stamp
    which_published = "first" if stamp.fingerprint == fingerprint(folder, First) else "second"
    with opened(folder, BY_NAME[which_published]) as live:
        table: Any = live.table("orders")
        version = table.publication.head()
        rows = table.publication.rows(version.number).select([s.name for _, s in table.layout.shown])
        expected = table.at(cursor=version.stamp.cursor).rows()
        assert rows.sort_by("order").to_pylist() == expected, "published rows"
    with opened(folder, Second) as live:
        live.apply()
        live.catch_up()
        whole(live, "rows after going on")
        assert live.verify().ok, "verify"
        assert live.plan().empty, "plan"
    print(which if which == which_published else f"{which}, not published yet")


def whole(live: Live, what: str) -> None:
    table = live.table("orders")
    assert table.rows() == table.at(cursor=table.live().head().cursor).rows(), what


def fingerprint(folder: Path, table: type[ef.Table]) -> str:
    with opened(folder, table) as live:
        return live.table("orders").layout.fingerprint


def apart(self: SqliteState, fresh: Any, *, live: int | None, over: Any = None, keep: bool = False) -> None:
    """A swap in two transactions: the old generation goes, and then the new one comes."""
    name = fresh.layout.spec.name
    with self._writing.transaction("retiring") as connection:
        old: Any = connection.execute(SQL["live"], (name,)).fetchone()
        keeping.drop_kept(connection, name)
        if old is not None:
            keeping.put_away(connection, name, old[0], keep=True)
    time.sleep(0.05)
    with self._writing.transaction("promoting") as connection:
        connection.execute(drop_view(name))
        connection.execute(SQL["promote"], (name, fresh.generation))
        connection.execute(fresh.statements.view)


def child(work: Callable[[Path], None], folder: Path, out: int = 1) -> int:
    """Forks; the child works, tells `out`, and ends."""
    sys.stdout.flush()
    if pid := os.fork():
        return pid
    code = 1
    try:
        os.dup2(out, 1)
        work(folder)
        code = 0
    except BaseException as error:
        print(f"wrong: {type(error).__name__}: {str(error)[:200]}")
    finally:
        sys.stdout.flush()
        os._exit(code)


def answer(work: Callable[[Path], None], folder: Path) -> str:
    """What a child tells."""
    read, write = os.pipe()
    pid = child(work, folder, write)
    os.close(write)
    with os.fdopen(read) as told:
        found = told.read().strip()
    os.waitpid(pid, 0)
    return found


def main(kills: int, seed: int, *, wrongly: bool) -> None:
    chance, verdicts = random.Random(seed), Counter[str]()
    with (
        tempfile.TemporaryDirectory() as base,
        patch.object(SqliteState, "swap", apart if wrongly else SqliteState.swap),
    ):
        first = Path(base) / "first"
        first.mkdir()
        assert os.waitpid(child(made, first), 0)[1] == 0
        for number in range(kills):
            folder = Path(base) / str(number)
            shutil.copytree(first, folder)
            pid = child(changing, folder)
            time.sleep(chance.uniform(0.05, LONGEST))
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            verdicts[answer(looked_at, folder)] += 1
            shutil.rmtree(folder)
    print(json.dumps(verdicts))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), wrongly=sys.argv[3:] == ["apart"])
