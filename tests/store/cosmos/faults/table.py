"""Prints the fault table: `python -m tests.store.cosmos.faults.table [RUNS [WORD ...]]`, RUNS seeds for each fault."""

import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from eventfold.store.cosmos.requests.settings import KEY
from tests.store.cosmos.faults import following, reading, writing
from tests.store.cosmos.faults.stage import Play, Verdict, play

ACCOUNT = "c3RhbmQtaW4="  # of no account in the world
PLAYS: list[Play] = [*writing.PLAYS, *reading.PLAYS, *following.PLAYS]
_HEAD = "| fault | runs | struck | lost | doubled | skipped | outcome told wrongly |"


def rows(plays: Iterable[Play], seeds: range) -> Iterable[str]:
    """The table, a line as soon as its fault was played."""
    yield _HEAD
    yield "|" + " --- |" * (_HEAD.count("|") - 1)
    for one in plays:
        found = Verdict()
        for seed in seeds:
            with tempfile.TemporaryDirectory() as folder:
                found += play(one, seed, Path(folder), ACCOUNT)
        counts = (len(seeds), found.strikes, found.lost, found.doubled, found.skipped, found.misreported)
        yield f"| {one.name} | {' | '.join(map(str, counts))} |"


def main() -> None:
    os.environ[KEY] = ACCOUNT
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    words = sys.argv[2:]
    wanted = [one for one in PLAYS if not words or any(word in one.name for word in words)]
    for line in rows(wanted, range(runs)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
