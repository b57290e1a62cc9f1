"""Space runs out: the append says so, reads go on, and when there is space again nothing is missing or double."""

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from eventfold import ANY, open_store
from eventfold.errors import EventfoldError, StorageFailed, StorageFull, StoreFenced
from eventfold.readmodels.folding.projector import Projector
from eventfold.store.sqlite.store import SqliteStore, open_url
from eventfold.testing.making import make, read_all
from tests.doors.calling import Told, eventfold
from tests.readmodels.folding.test_crashes import REGISTRY, filled, found, fresh_state, wanted
from tests.trust.history import History, generated, opened, verdict
from tests.trust.system import python

APPENDS = 200


def append_until_full(store: SqliteStore, history: History) -> tuple[int, EventfoldError]:
    """How many appends of a history were acknowledged, and what the next one was told."""
    for number in range(len(history.appends)):
        try:
            store.append_all(history.writes(number))
        except EventfoldError as error:
            return number, error
    raise AssertionError("the disk was never full")


def test_a_file_that_may_not_grow_refuses_appends_serves_reads_and_goes_on_when_it_may(
    tmp_path: Path,
) -> None:
    url, history = f"sqlite:///{tmp_path}/log.db", generated(APPENDS, 1)
    store = opened(url)
    writer = store._writer._connection
    writer.execute("PRAGMA max_page_count=60")
    acknowledged, error = append_until_full(store, history)
    assert type(error) is StorageFull
    assert (error.code, error.status, error.outcome) == ("storage-full", 507, "not_applied")
    before = [event.id for event in read_all(store.feed())]
    with pytest.raises(StorageFull):
        store.append_all(history.writes(acknowledged))
    assert [event.id for event in read_all(store.feed())] == before
    writer.execute("PRAGMA max_page_count=100000")
    for number in range(acknowledged, APPENDS):
        store.append_all(history.writes(number))
    store.close()
    assert verdict(tmp_path / "log.db", history, APPENDS) == ""


LIMITED = f"""
import resource, sys
from eventfold.errors import EventfoldError, StoreFenced
from tests.trust.history import generated, opened
from tests.trust.test_disk_full import append_until_full
from eventfold.testing.making import read_all

history = generated({APPENDS}, 2)
store = opened(sys.argv[1])
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, hard))
acknowledged, error = append_until_full(store, history)
print(acknowledged, error.code, error.outcome, len(read_all(store.feed())), flush=True)
try:
    store.append_all(history.writes(acknowledged))
except StoreFenced:
    print("fenced", flush=True)
store.close()
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
store = opened(sys.argv[1])
for number in range(acknowledged, {APPENDS}):
    store.append_all(history.writes(number))
store.close()
print("done", flush=True)
"""


def test_a_limit_on_file_sizes_fences_the_writer_and_a_repeat_settles_it(tmp_path: Path) -> None:
    done = python(LIMITED, f"sqlite:///{tmp_path}/log.db")
    assert done.stderr == ""
    first, fenced, last = done.stdout.splitlines()
    acknowledged, code, outcome, read = first.split()
    assert (code, outcome) == ("outcome-unknown", "unknown")
    assert int(acknowledged) > 5
    assert int(read) >= int(acknowledged)
    assert (fenced, last) == ("fenced", "done")
    assert verdict(tmp_path / "log.db", generated(APPENDS, 2), APPENDS) == ""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = os.geteuid() == 0 and mount("-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place))
    if not mounted:
        pytest.skip("needs to mount a tmpfs: sudo ./dev test tests/trust/test_disk_full.py")
    yield place
    unmount(place)


def mount(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], check=False, capture_output=True).returncode == 0


def unmount(place: Path) -> None:
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_is_told_reads_go_on_and_space_lets_appends_go_on(small_disk: Path) -> None:
    url, history = f"sqlite:///{small_disk}/log.db", generated(1000, 3)
    store = opened(url)
    acknowledged, error = append_until_full(store, history)
    assert (error.outcome, error.facts["cause"]) == ("unknown", "storage-full")
    assert len(read_all(store.feed())) >= acknowledged
    with pytest.raises(StoreFenced):
        store.append_all(history.writes(acknowledged))
    store.close()
    assert mount("-o", "remount,size=32m", str(small_disk))
    store = opened(url)
    for number in range(acknowledged, 1000):
        store.append_all(history.writes(number))
    store.close()
    assert verdict(small_disk / "log.db", history, 1000) == ""


def fill(path: Path) -> None:
    """Takes all space that is left."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT)
    with pytest.raises(OSError, match="space"):
        while os.write(handle, bytes(4096)):
            pass
    os.close(handle)


def test_a_table_whose_disk_is_full_keeps_its_rows_and_goes_on_from_its_cursor(small_disk: Path) -> None:
    log = filled()
    filler = small_disk / "filler"
    state = fresh_state(log, f"sqlite:///{small_disk}/state.db")
    projector = Projector(state, log.feed(), REGISTRY)
    projector.step(5)
    before = found(state)
    fill(filler)
    with pytest.raises(EventfoldError):
        for _ in range(500):
            log.append("box-1", [make(data={"n": 1})], expected=ANY)
            projector.step(1)
    cursor = state.head().cursor
    assert len(found(state)) >= len(before) > 0
    filler.unlink()
    projector = Projector(fresh_state(log, f"sqlite:///{small_disk}/state.db"), log.feed(), REGISTRY)
    assert projector.begin().cursor == cursor
    while not projector.step(50).caught_up:
        pass
    assert found(projector.state) == wanted(log)
    log.close()


def test_a_file_system_that_may_only_be_read_refuses_by_a_sentence_and_stays_as_it_is(
    small_disk: Path,
) -> None:
    url = f"sqlite:///{small_disk}/log.db"
    store = open_store(url)
    store.append("order-1", [make(1)], expected=0)
    store.close()
    stored = (small_disk / "log.db").read_bytes()
    assert mount("-o", "remount,ro", str(small_disk))
    store = open_url(url)
    with pytest.raises(StorageFailed, match=r"log\.db may not be written while appending"):
        store.append("order-1", [make(2)], expected=1)
    assert (small_disk / "log.db").read_bytes() == stored
    assert [event.version for event in store.read("order-1")] == [1]
    assert len(read_all(store.feed())) == 1
    store.close()
    with pytest.raises(StorageFailed, match=r"other\.db cannot be opened"):
        open_url(f"sqlite:///{small_disk}/other.db")


BANK = """
from decimal import Decimal
import eventfold as ef

class Paid(ef.Event):
    amount: Decimal
    by: str

class Accounts(ef.Table, category="account"):
    account_id = ef.key()
    total = ef.sum(Paid.amount, "decimal(18,2)")
    by = ef.collect(Paid.by)

bank = ef.App("bank", tables=[Accounts], events=[Paid])
"""


def command(folder: Path, lake: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of a bank whose log is in a folder of its own."""
    settings = ("-a", "bank:bank", "-s", f"sqlite:///{folder}/log.db", "--lake", str(lake))
    program = (sys.executable, "-c", "from eventfold.doors.cli import main; main()", *settings, *words)
    found = dict(os.environ, PYTHONPATH=str(folder), RUST_BACKTRACE="1")
    return subprocess.run(program, cwd=folder, env=found, capture_output=True, text=True, check=False)


def told(folder: Path, lake: Path, *words: str) -> Told:
    """What the same command answers in this process, where nothing native speaks past Python."""
    return eventfold("-a", "bank:bank", "-s", f"sqlite:///{folder}/log.db", "--lake", str(lake), *words)


@pytest.fixture
def bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a bank and what 40 accounts have paid, by names that no compression makes small."""
    folder = tmp_path / "bank"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    (folder / "bank.py").write_text(BANK)
    with closing(open_store(f"sqlite:///{folder}/log.db")) as store:
        for number in range(40):
            data = {"amount": "1.00", "by": os.urandom(2000).hex()}
            store.append(f"account-{number}", [make(event_type="Paid", data=data)], expected=0)
    yield folder
    sys.modules.pop("bank", None)


@pytest.mark.slow
@pytest.mark.parametrize("full", ["full", "nearly full"])
def test_a_full_disk_under_the_lake_is_told_in_one_sentence_and_space_lets_it_go_on(
    small_disk: Path, bank: Path, full: str
) -> None:
    fill(small_disk / "filler")
    if full == "nearly full":
        os.truncate(small_disk / "filler", (small_disk / "filler").stat().st_size - 64 * 1024)
    done = command(bank, small_disk / "lake", "run", "--once")
    assert done.returncode == StorageFull.exit_code
    told = [line for line in done.stderr.splitlines() if line]
    assert told[-1].startswith("error storage-full: No space was left")
    assert f"{small_disk}/lake/accounts" in told[-1]
    assert not [
        word for word in ("panicked", "\x1b", "backtrace", "Traceback", "rust") if word in done.stderr
    ]
    (small_disk / "filler").unlink()
    assert command(bank, small_disk / "lake", "run", "--once").returncode == 0
    assert command(bank, small_disk / "lake", "verify").returncode == 0


def test_a_log_and_its_tables_on_a_file_system_that_may_only_be_read_are_read(
    small_disk: Path, bank: Path, tmp_path: Path
) -> None:
    assert told(bank, bank / "lake", "run", "--once").code == 0
    shutil.copytree(bank, small_disk / "bank")
    assert mount("-o", "remount,ro", str(small_disk))
    place = small_disk / "bank"
    for words in (
        ("streams",),
        ("read", "account-1"),
        ("export", str(tmp_path / "copy.jsonl")),
        ("status",),
        ("query", "SELECT sum(total) FROM accounts"),
        ("at", "accounts", "--position", "10"),
        ("diff", "accounts", "10", "now"),
        ("why", "accounts", "account-1"),
        ("parked", "list"),
        ("doctor",),
    ):
        done = told(place, place / "lake", *words)
        assert done.code == 0, (words, done.err)
    for lake, published in ((place / "lake", 0), (tmp_path / "none", None)):
        done = told(place, lake, "--json", "verify")
        (audit,) = [json.loads(line) for line in done.out.splitlines()]
        assert (done.code, audit["ok"], audit["recorded"]) == (0, True, 40)
        assert [(t["rows"], t["published"]) for t in audit["tables"]] == [(40, published)]
        assert [note for note in audit["notes"] if "log.db.state may not be written" in note]
    for words in (("run", "--once"), ("rebuild", "accounts")):
        assert told(place, place / "lake", *words).code == StorageFailed.exit_code, words
    refused = told(place, place / "lake", "append", "account-1", "Paid", '{"amount":"1.00","by":"me"}')
    assert refused.code == StorageFailed.exit_code
    assert f"{place}/log.db may not be written" in refused.err


@pytest.mark.parametrize("kept", ["nothing", "no table", "no ledger"])
def test_a_state_that_cannot_be_made_or_completed_is_told_with_the_way_out(
    small_disk: Path, bank: Path, kept: str
) -> None:
    """A log was copied without its state; an app has a new table; a state was opened, and never followed."""
    lake = bank / "lake"
    if kept != "nothing":
        assert told(bank, lake, "status").code == 0
        with closing(apsw.Connection(f"{bank}/log.db.state")) as state:
            tables = "DELETE FROM _ledger" if kept == "no ledger" else "DELETE FROM tables"
            state.execute(tables)
    shutil.copytree(bank, small_disk / "bank")
    assert mount("-o", "remount,ro", str(small_disk))
    place = small_disk / "bank"
    if kept == "no ledger":
        for words in (("status",), ("query", "SELECT count(*) FROM accounts"), ("verify",)):
            done = told(place, lake, *words)
            assert done.code == 0, (words, done.err)
        assert "the ledger cannot be begun" in done.err
        return
    refused = told(place, lake, "query", "SELECT count(*) FROM accounts")
    assert refused.code == StorageFailed.exit_code
    assert f"{place}/log.db.state" in refused.err
    assert "--state sqlite://" in refused.err
    elsewhere = ("--state", "sqlite://", "at", "accounts", "--position", "10")
    assert told(place, lake, *elsewhere).code == 0


def test_changes_that_only_stand_beside_a_log_that_may_only_be_read_are_never_passed_over(
    small_disk: Path,
) -> None:
    url = f"sqlite:///{small_disk}/log.db"
    python(
        "import os, sys\nfrom eventfold import open_store\nfrom eventfold.testing.making import make\n"
        "open_store(sys.argv[1]).append('order-1', [make(1)], expected=0)\nos._exit(9)",
        url,
    )
    assert (small_disk / "log.db-wal").stat().st_size > 0
    assert mount("-o", "remount,ro", str(small_disk))
    with closing(open_store(url)) as store:
        assert store.head("order-1") == 1
    assert mount("-o", "remount,rw", str(small_disk))
    (small_disk / "log.db-shm").unlink()
    assert mount("-o", "remount,ro", str(small_disk))
    with pytest.raises(StorageFailed, match=r"log\.db-wal beside it has changes"):
        open_store(url)


def test_what_another_writes_to_a_log_that_is_read_as_it_is_is_seen(small_disk: Path, tmp_path: Path) -> None:
    """The file system may be written by others: a folder that is mounted a second time, to be read only."""
    with closing(open_store(f"sqlite:///{small_disk}/log.db")) as store:
        store.append("order-1", [make(1)], expected=0)
    view = tmp_path / "view"
    view.mkdir()
    assert mount("--bind", str(small_disk), str(view))
    try:
        assert mount("-o", "remount,ro,bind", str(view))
        with closing(open_store(f"sqlite:///{view}/log.db")) as reader:
            assert reader.head("order-1") == 1
            with closing(open_store(f"sqlite:///{small_disk}/log.db")) as store:
                store.append("order-1", [make(2)], expected=1)
                assert reader.head("order-1") == 2
                store.append("order-1", [make(3)], expected=2)
                assert reader.head("order-1") == 3
            assert reader.head("order-1") == 3
    finally:
        subprocess.run(["umount", "-l", str(view)], check=True)


def test_a_log_that_may_be_written_is_never_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever keeps SQLite from opening the files beside it, as where too many files are open."""
    url = f"sqlite:///{tmp_path}/log.db"
    open_store(url).close()

    def fail(*_: object) -> None:
        raise apsw.CantOpenError("unable to open database file")

    monkeypatch.setattr("eventfold.sqlite.connect._connect", fail)
    with pytest.raises(StorageFailed, match=r"log\.db cannot be opened"):
        open_store(url)


def test_control_without_a_limit_nothing_is_refused(tmp_path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    store = opened(f"sqlite:///{tmp_path}/log.db")
    with pytest.raises(AssertionError, match="never full"):
        append_until_full(store, generated(60, 1))
    store.close()
