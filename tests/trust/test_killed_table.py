"""A worker that is killed at any system call that writes leaves the fold of a prefix, and goes on from it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from eventfold import ANY, open_store
from eventfold.readmodels.folding.arrowform import EVENT_COLUMNS
from eventfold.readmodels.folding.history import ReferenceEngine
from eventfold.readmodels.folding.projector import Projector
from eventfold.readmodels.port import Scope
from eventfold.testing.making import make
from tests.readmodels.folding.test_crashes import LAYOUT, REGISTRY, found, fresh_state, wanted
from tests.trust.figures import record
from tests.trust.system import python, strace

WORKER = """
import sys
from tests.readmodels.folding.test_crashes import *
from tests.trust.history import CHECKPOINT_PAGES
store = open_store(sys.argv[1])
state = fresh_state(store, sys.argv[2])
state._writing._connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
projector = Projector(state, store.feed(), REGISTRY)
caught_up = False
while not caught_up:
    page = projector.step(2)
    caught_up = page.caught_up
    print(page.cursor.marks["0"].position, flush=True)
print("done", flush=True)
"""


def killed(folder: Path, call: str, numbers: range) -> Iterator[str]:
    """What is wrong with the state that each kill leaves, until one no longer comes."""
    log = f"sqlite:///{folder}/log.db"
    store = open_store(log)
    for n in range(40):
        store.append(f"box-{n % 5}", [make(data={"n": "poison" if n == 20 else n})], expected=ANY)
    feed = store.feed()
    for number in numbers:
        state_url = f"sqlite:///{folder}/state-{call}-{number}.db"
        inject = ("-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}")
        lines = python(WORKER, log, state_url, under=strace(folder, *inject)).stdout.splitlines()
        if lines[-1:] == ["done"]:
            break
        promised = int(lines[-1]) if lines else 0
        state = fresh_state(store, state_url)
        cursor = state.head().cursor
        events = feed.arrow(feed.start(), cursor, EVENT_COLUMNS)
        prefix = ReferenceEngine().fold(events, LAYOUT, REGISTRY, scope=Scope())
        if cursor.marks["0"].position < promised:
            yield "lost"
        elif found(state) != prefix.rows.sort_by("id").to_pylist():
            yield "torn"
        else:
            projector = Projector(state, feed, REGISTRY)
            while not projector.step(7).caught_up:
                pass
            yield "" if found(state) == wanted(store) else "wrong after going on"
    store.close()


@pytest.mark.slow
def test_a_worker_killed_at_a_system_call_leaves_the_fold_of_a_prefix(tmp_path: Path) -> None:
    assert list(killed(tmp_path, "pwrite64", range(20, 110, 30))) == [""] * 3


@pytest.mark.nightly
@pytest.mark.parametrize("call", ["fdatasync", "pwrite64"])
def test_a_worker_killed_at_fifty_system_calls_leaves_the_fold_of_a_prefix(tmp_path: Path, call: str) -> None:
    step = 1 if call == "fdatasync" else 3
    verdicts = list(killed(tmp_path, call, range(1, 1 + 50 * step, step)))
    record("kill-of-table", call, points=len(verdicts), wrong=len([one for one in verdicts if one]))
    assert len(verdicts) >= 25
    assert set(verdicts) == {""}
