"""A whole app with its lake in an object store: what works on a folder works there, or says what to do."""

import json
import os
import subprocess
import sysconfig
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from deltalake import DeltaTable

import eventfold as ef
from eventfold.app.live import Live
from eventfold.errors import Conflict, EngineFenced
from eventfold.readmodels.asking import query
from eventfold.readmodels.delta.places import open_place
from eventfold.readmodels.synapse.loading import find
from tests.doors.calling import Told, eventfold
from tests.imports.pm4pymaking import NotInstalled, environment
from tests.readmodels.notebook.test_pandas import PINS

pytestmark = pytest.mark.slow


class Paid(ef.Event):
    amount: Decimal


class Accounts(ef.Table, category="account"):
    account_id = ef.key()
    total = ef.sum(Paid.amount, "decimal(12,2)")


BANK = ef.App("bank", tables=[Accounts], events=[Paid])
SUM = "SELECT sum(total) AS total, count(*) AS n FROM accounts"


def pay(live: Live, *accounts: int) -> None:
    for number in accounts:
        live.store.append(
            f"account-{number}", [BANK.registry.encode(Paid(amount=Decimal(1)))], expected=ef.ANY
        )


class Bank:
    def __init__(self, folder: Path, lake: str) -> None:
        self.folder, self.lake = folder, lake

    def open(self, state: str = "here") -> Live:
        store, state = f"sqlite:///{self.folder}/log.db", f"sqlite:///{self.folder}/{state}.state"
        return BANK.open(store, state=state, lake=self.lake, copy=True)


@pytest.fixture
def bank(tmp_path: Path, address: str) -> Bank:
    bank = Bank(tmp_path, address)
    with bank.open() as live:
        pay(live, 1, 2, 3, 1)
        live.catch_up()
    return bank


@pytest.fixture
def live(bank: Bank) -> Iterator[Live]:
    with bank.open() as live:
        yield live


def answered(live: Live) -> tuple[int, int]:
    (row,) = live.query(SUM).rows()
    return int(row["total"]), row["n"]


def test_tables_and_copy_are_kept_there_and_answer_as_in_a_folder(live: Live) -> None:
    pay(live, 4, 1)
    assert answered(live) == (4, 3)
    live.catch_up()
    assert answered(live) == (6, 4)
    at = live.table(Accounts).at(position=4)
    assert (at.base, len(at.rows()), at.events) == (0, 3, 0)
    assert live.verify().ok
    status = live.status()
    assert status.warnings == []
    assert status.copy is not None
    assert (status.copy.events, status.copy.lag) == (6, 0)
    live.table(Accounts).rebuild(from_copy=True)
    live.catch_up()
    assert answered(live) == (6, 4)
    assert live.verify().ok


def test_a_lost_state_goes_on_from_what_is_published_there(bank: Bank) -> None:
    with bank.open("new") as live:
        assert live.table(Accounts).live().head().change == 1  # loaded, and not folded
        pay(live, 1)
        live.catch_up()
        assert answered(live) == (5, 3)
        assert live.verify().ok


def test_what_another_engine_keeps_is_asked_where_it_is_published_and_comes_back(bank: Bank) -> None:
    with bank.open() as live:
        live.table(Accounts).take_over(engine="spark")
    with bank.open("new") as live:
        assert live.table(Accounts).live().changed(0).rows.num_rows == 0
        assert answered(live) == (4, 3)
        assert live.query("SELECT total FROM accounts WHERE account_id = 'account-1'").rows() == [
            {"total": 2}
        ]
        live.table(Accounts).take_over()
        pay(live, 1)
        live.catch_up()
        assert answered(live) == (5, 3)


def test_files_that_are_gone_are_noticed_and_published_again(bank: Bank, live: Live) -> None:
    place = open_place(bank.lake, "accounts")
    for name in list(place.names("")):
        place.remove(name)
    assert answered(live) == (4, 3)  # from the state
    live.catch_up()
    assert place.table().to_pyarrow_table().num_rows == 3


def test_a_file_that_goes_while_it_is_asked_for_is_no_error(
    live: Live, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = query._read

    def vanishing(source: query.Source) -> object:
        found = read(source)
        place = open_place(bank.lake, "accounts")
        for name in list(place.names("")):
            place.remove(name)
        return found

    monkeypatch.setattr(query, "_read", vanishing)
    assert answered(live) == (4, 3)


def test_readers_of_others_find_the_rows(bank: Bank) -> None:
    place = open_place(bank.lake, "accounts")
    dataset = DeltaTable(place.uri, storage_options=place.options).to_pyarrow_dataset()
    assert dataset.to_table(columns=["total"])["total"].to_pylist().count(Decimal(2)) == 1
    with duckdb.connect() as db:
        db.register("accounts", dataset)
        assert db.execute(SUM).fetchall() == [(4, 3)]


def test_a_moment_is_published_there_once_and_never_over_anything_else(bank: Bank, live: Live) -> None:
    then = datetime.now(UTC)
    assert live.publish(Accounts, time=then, name="then").written
    pay(live, 1)
    assert not live.publish(Accounts, time=then, name="then").written
    found = open_place(bank.lake, "then")
    assert sum(found.table().to_pyarrow_table()["total"].to_pylist()) == 4
    assert found.names("_eventfold/making") == []
    with pytest.raises(Conflict, match="is there already"):
        live.publish(Accounts, time=datetime.now(UTC), name="then")
    open_place(bank.lake, "notes").replace("a.txt", b"x")
    with pytest.raises(Conflict, match="is no published moment"):
        live.publish(Accounts, time=then, name="notes")


POLARS = """
import json, polars, sys
table = json.load(sys.stdin)
frame = polars.scan_delta(table["uri"], storage_options=table["options"]).sort("account_id").collect()
print([str(total) for total in frame["total"].to_list()])
"""


def test_polars_finds_them_too(bank: Bank) -> None:
    try:
        python = environment(PINS)
    except NotInstalled as reason:
        pytest.skip(f"polars is fetched for this: {reason}")
    place = open_place(bank.lake, "accounts")
    program = f"import sys; sys.path += {[sysconfig.get_paths()['purelib']]!r}\n{POLARS}"
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COV", "AZURE_"))}
    known = {"account_name", "account_key", "endpoint", "allow_http"}  # the others have another form there
    options = {name: text for name, text in (place.options or {}).items() if name in known}
    given = json.dumps({"uri": place.uri, "options": options})
    answer = subprocess.run(
        [python, "-c", program], env=variables, input=given, capture_output=True, text=True, check=False
    )
    assert (answer.stdout, answer.stderr) == ("['2.00', '1.00', '1.00']\n", "")


def commands(bank: Bank, *words: str) -> Told:
    settings = ("-a", f"{__name__}:BANK", "-s", f"sqlite:///{bank.folder}/log.db", "--lake", bank.lake)
    return eventfold("--json", *settings, "--state", f"sqlite:///{bank.folder}/here.state", "--copy", *words)


def test_commands_work_on_it(bank: Bank) -> None:
    with ef.open_store(f"sqlite:///{bank.folder}/log.db") as store:
        store.append("account-9", [BANK.registry.encode(Paid(amount=Decimal(1)))], expected=ef.ANY)
    for words in (["run", "--once"], ["status"], ["verify"], ["doctor"], ["rebuild"]):
        done = commands(bank, *words)
        assert (words, done.code, done.err) == (words, 0, "")
    assert {"level": "ok", "what": "lake"}.items() <= json.loads(commands(bank, "doctor").out)[-1].items()
    assert json.loads(commands(bank, "query", SUM).out) == [{"total": "5.00", "n": 4}]
    assert commands(bank, "take-over", "accounts", "--engine", "spark").code == 0
    assert json.loads(commands(bank, "query", SUM).out) == [{"total": "5.00", "n": 4}]
    assert commands(bank, "take-over", "accounts").code == 0


@pytest.mark.parametrize(
    "words",
    [["run", "--once"], ["status"], ["query", SUM], ["take-over", "accounts"], ["doctor"], ["verify"]],
)
def test_commands_that_are_not_let_in_say_how_to_sign_in(
    bank: Bank, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "bm90IHRoZSBrZXkgb2YgdGhpcyBhY2NvdW50")
    done = commands(bank, *words)
    assert "AZURE_STORAGE_ACCOUNT_KEY" in done.out + done.err
    assert "bm90IHRo" not in done.out + done.err
    assert done.code != 0 or words == ["status"]


def test_who_has_lost_a_table_to_another_is_refused_there_too(bank: Bank) -> None:
    with bank.open() as one, bank.open("other") as two:
        two.table(Accounts).take_over()
        pay(two, 1)
        with pytest.raises(EngineFenced):
            one.catch_up()
        two.catch_up()
        assert answered(two) == (5, 3)
        assert two.verify().ok


def test_the_files_of_a_version_are_named_for_a_dedicated_pool(live: Live) -> None:
    table = live.table("accounts")
    assert table.publication is not None
    pay(live, 2)
    live.catch_up()
    found = find(table.layout, table.publication)
    place = open_place(live._lake or "", "accounts")
    assert (found.rows, found.retention) == (3, "interval 1 week")
    assert set(found.files) < {name for name in place.names("") if name.endswith(".parquet")}
