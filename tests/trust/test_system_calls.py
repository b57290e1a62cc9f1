"""A process that is killed, or told that the disk fails, at any system call that writes or syncs."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.trust.figures import record
from tests.trust.history import generated, verdict
from tests.trust.system import python, strace

APPENDS, SEED = 25, 11
CALLS = ("fdatasync", "pwrite64", "ftruncate")

WRITER = f"""
import sys
from tests.trust.history import generated, perform
perform(generated({APPENDS}, {SEED}), sys.argv[1], lambda: print("told", flush=True))
print("done", flush=True)
"""


def killed(folder: Path, call: str, number: int) -> tuple[int, bool]:
    """How many appends were acknowledged before the kill, and whether it came at all."""
    inject = ("-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}")
    done = python(WRITER, f"sqlite:///{folder}/log.db", under=strace(folder, *inject))
    lines = done.stdout.splitlines()
    assert done.stderr == "" or "SIGKILL" in done.stderr, done.stderr
    return lines.count("told"), "done" not in lines


def kill_points(folder: Path, call: str, numbers: range) -> Iterator[str]:
    """The verdict on the log that each kill leaves, until one no longer comes."""
    for number in numbers:
        place = folder / f"{call}-{number}"
        place.mkdir()
        promised, came = killed(place, call, number)
        if not came:
            assert promised == APPENDS
            return
        yield verdict(place / "log.db", generated(APPENDS, SEED), promised)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("call", "numbers"), [("fdatasync", range(5, 20, 5)), ("pwrite64", range(8, 60, 17))]
)
def test_a_kill_at_a_system_call_loses_and_tears_nothing(tmp_path: Path, call: str, numbers: range) -> None:
    assert list(kill_points(tmp_path, call, numbers)) == [""] * len(numbers)


@pytest.mark.nightly
@pytest.mark.parametrize(("call", "points"), [("fdatasync", 50), ("pwrite64", 50), ("ftruncate", 1)])
def test_a_kill_at_every_one_of_fifty_system_calls_loses_nothing(
    tmp_path: Path, call: str, points: int
) -> None:
    found = list(kill_points(tmp_path, call, range(1, 51)))
    record("kill-at-system-call", call, points=len(found), wrong=len([one for one in found if one]))
    assert len(found) >= points
    assert set(found) == {""}


def test_control_a_promise_before_the_write_is_found_broken(tmp_path: Path) -> None:
    """The writer says "told" before it appends, so a kill finds it out."""
    code = WRITER.replace("from tests", 'print("told", flush=True)\nfrom tests')
    inject = ("-e", "trace=pwrite64", "-e", "inject=pwrite64:signal=SIGKILL:when=25")
    done = python(code, f"sqlite:///{tmp_path}/log.db", under=strace(tmp_path, *inject))
    promised = done.stdout.splitlines().count("told")
    assert verdict(tmp_path / "log.db", generated(APPENDS, SEED), promised).startswith("lost")


STUBBORN = f"""
import sys
from eventfold.errors import EventfoldError, StoreFenced
from tests.trust.history import generated, opened

history, store, failures = generated({APPENDS}, {SEED}), None, 0
for number in range({APPENDS}):
    repeated, refused = False, ""
    while True:
        try:
            store = store or opened(sys.argv[1])
            answers = store.append_all(history.writes(number))
        except EventfoldError as error:
            failures += 1
            if failures > 3:
                print("gave up", flush=True)
                sys.exit()
            print("failed", error.code, error.outcome, flush=True)
            if store is not None and error.outcome == "unknown":
                try:
                    store.append_all(history.writes(number))
                    print("not fenced", flush=True)
                except StoreFenced:
                    print("fenced", flush=True)
            if store is not None:
                store.close()
            store, repeated, refused = None, True, error.outcome
            continue
        if refused == "not_applied" and any(a.deduplicated for a in answers):
            print("it was applied after all", flush=True)
        print("told", flush=True)
        break
print("done", flush=True)
"""


def failing(folder: Path, call: str, error: str, when: str) -> list[str]:
    """What a writer that repeats its appends by id says while a system call fails."""
    inject = ("-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={when}")
    done = python(STUBBORN, f"sqlite:///{folder}/log.db", under=strace(folder, *inject))
    assert done.stderr == "", done.stderr
    return done.stdout.splitlines()


def judge(lines: list[str], path: Path) -> set[str]:
    """Which errors were met; raises where one of them was a lie or an append is missing, half or double."""
    assert "not fenced" not in lines
    assert "it was applied after all" not in lines
    met = {line.removeprefix("failed ") for line in lines if line.startswith("failed")}
    assert lines.count("fenced") == len([line for line in lines if line.endswith(" unknown")])
    assert met <= {"outcome-unknown unknown", "storage-failed not_applied", "storage-full not_applied"}
    assert verdict(path, generated(APPENDS, SEED), lines.count("told")) == ""
    return met


POINTS = [("fdatasync", "EIO", 7), ("pwrite64", "EIO", 30), ("pwrite64", "ENOSPC", 31)]


@pytest.mark.parametrize(("call", "error", "number"), POINTS)
def test_an_error_of_the_disk_is_told_and_settled_by_a_repeat(
    tmp_path: Path, call: str, error: str, number: int
) -> None:
    lines = failing(tmp_path, call, error, str(number))
    assert judge(lines, tmp_path / "log.db")
    assert lines.count("told") == APPENDS


@pytest.mark.parametrize(("call", "error", "number"), POINTS)
def test_a_disk_that_goes_on_failing_takes_nothing_that_was_acknowledged(
    tmp_path: Path, call: str, error: str, number: int
) -> None:
    lines = failing(tmp_path, call, error, f"{number}+")
    assert judge(lines, tmp_path / "log.db")
    assert lines[-1] == "gave up"


@pytest.mark.nightly
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_an_error_at_every_one_of_fifty_system_calls_is_told_and_settled(
    tmp_path: Path, call: str, error: str
) -> None:
    points, met = 0, set[str]()
    for number in range(1, 51):
        place = tmp_path / f"{number}"
        place.mkdir()
        lines = failing(place, call, error, str(number))
        assert lines.count("told") == APPENDS
        found = judge(lines, place / "log.db")
        points += bool(found)
        met |= found
    record("disk-errors", f"{call} {error}", points=points, lost=0, doubled=0, met=", ".join(sorted(met)))
    assert points > 0 or call == "ftruncate"


SINGLE = """
import sys
from eventfold import ANY, open_store
from eventfold.testing.making import make
store = open_store(sys.argv[1])
for n in range(int(sys.argv[2])):
    store.append("order-1", [make(n)], expected=ANY)
store.close()
"""


def syncs(folder: Path, options: str, acknowledged: int) -> int:
    under = strace(folder, "-c", "-e", "trace=fdatasync,fsync")
    done = python(SINGLE, f"sqlite:///{folder}/log.db{options}", str(acknowledged), under=under)
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) .*sync$", (folder / "trace").read_text(), re.MULTILINE)
    return sum(map(int, rows))


def test_every_acknowledged_append_was_synced(tmp_path: Path) -> None:
    count = syncs(tmp_path, "", 20)
    record("syncs", "full", appends=20, syncs=count)
    assert count >= 20


def test_control_relaxed_durability_syncs_less(tmp_path: Path) -> None:
    count = syncs(tmp_path, "?synchronous=normal", 20)
    record("syncs-relaxed", "normal", appends=20, syncs=count)
    assert count < 20
