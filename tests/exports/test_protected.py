"""No output is written over what a log, a state, a lake or the settings consist of, however the place is spelled."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from eventfold import open_store
from eventfold.errors import ConfigInvalid
from eventfold.exports import export_log
from eventfold.exports.placing import placed
from eventfold.exports.protected import Protected, identity, same
from eventfold.testing.making import make
from examples.orders.app import order_book as shop
from examples.orders.domain import Item, Order
from tests.doors.calling import Told, eventfold

MAIN = "from eventfold.doors.cli import main; main()"
SCHEMA = "examples.orders.app:order_book"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project: settings, a log with its state and snapshots, a lake; and the log of somebody else."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    with shop.open("sqlite:///shop.db", lake="lake") as live:
        live.repository(Order).execute("order-1", Order.create, "c", [Item("mug", 1, Decimal("2.50"))])
        live.catch_up()
    (folder / "eventfold.toml").write_text(
        'app = "shopapp:shop"\nstore = "sqlite:///shop.db"\nlake = "lake"\n'
    )
    (folder / "shopapp.py").write_text("from examples.orders.app import shop\n")
    (folder / "schema.json").write_text("{}")
    (folder / "sub").mkdir()
    store = open_store("sqlite:///other.db")
    store.append("order-1", [make(1)], expected=0)
    store.close()
    return folder


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith("-shm")
    }


def export(place: str | Path, *more: str) -> Told:
    return eventfold("export", str(place), "--format", "jsonl", "--overwrite", *more)


PLACES = [
    "shop.db",
    "shop.db-wal",
    "shop.db-shm",
    "shop.db-journal",
    "shop.db-WAL",
    "shop.db.state",
    "shop.db.state-wal",
    "shop.db.snapshots",
    "shop.db.snapshots-wal",
    "other.db",
    "other.db.state",
    "lake/new.jsonl",
    "lake/orders/new.jsonl",
    "lake/orders/_delta_log/00000000000000000000.json",
    "lake/orders/_eventfold/cursor/0.json",
    "lake/orders",
    "eventfold.toml",
    "schema.json",
    "shopapp.py",
]
SPELLINGS: dict[str, Callable[[Path], Path]] = {
    "as it is": lambda place: place,
    "absolute": lambda place: Path.cwd() / place,
    "by way of another folder": lambda place: Path("sub", "..") / place,
    "in a link to the folder": lambda place: _link(Path("alias"), Path.cwd()) / place,
    "a link to it": lambda place: _link(Path("sub/link.jsonl"), Path.cwd() / place),
    "a link to a link to it": lambda place: _link(
        Path("sub/again.jsonl"), _link(Path("sub/link.jsonl"), Path("..") / place)
    ),
}


def _link(at: Path, to: Path) -> Path:
    at.symlink_to(to if to.is_absolute() or to.parts[0] == ".." else to.name)
    return at


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_export_is_written_over_nothing_that_is_kept(home: Path, spelling: str) -> None:
    before = everything(home)
    for place in PLACES:
        for left in ("alias", "sub/link.jsonl", "sub/again.jsonl"):
            Path(left).unlink(missing_ok=True)
        told = export(SPELLINGS[spelling](Path(place)))
        assert (told.code, "config-invalid" in told.err) == (2, True), (place, told)
        links = {"sub/link.jsonl", "sub/again.jsonl"}
        assert {name: data for name, data in everything(home).items() if name not in links} == before


@pytest.mark.parametrize("place", ["shop.db", "shop.db.state", "other.db", "eventfold.toml", "shopapp.py"])
def test_a_second_name_of_a_file_is_known(home: Path, place: str) -> None:
    os.link(home / place, home / "sub" / "out.jsonl")
    before = everything(home)
    assert export("sub/out.jsonl").code == 2
    assert everything(home) == before


def test_an_open_log_is_known_by_its_own_files(home: Path) -> None:
    with closing(open_store("sqlite:///shop.db")) as store:
        store.append("order-2", [make(1)], expected=0)
        os.link("shop.db-wal", "sub/out.jsonl")
        before = everything(home)
        for place in ("shop.db", "sub/out.jsonl", "shop.db-wal", "shop.db-shm"):
            with pytest.raises(ConfigInvalid, match="over which nothing is written"):
                export_log(store, home / place, "jsonl", overwrite=True)
        for path in Path("/proc/self/fd").glob("*"):
            if path.exists() and os.path.realpath(path).startswith(str(home)):
                with pytest.raises(ConfigInvalid, match="database"):
                    export_log(store, path, "jsonl", overwrite=True)
        assert everything(home) == before


def test_the_file_with_the_cursor_is_not_replaced_by_the_export(home: Path) -> None:
    cursor = json.loads(eventfold("export", "one.jsonl", "--json").out)["cursor"]
    Path("cursor.json").write_text(cursor)
    assert "read by this command" in export("./sub/../cursor.json", "--after", "@cursor.json").err
    assert Path("cursor.json").read_text() == cursor


def test_control_what_belongs_to_nobody_is_replaced_links_followed(home: Path) -> None:
    (home / "out.jsonl").write_text("old")
    (home / "out.jsonl").chmod(0o600)
    _link(Path("sub/link.jsonl"), home / "out.jsonl")
    assert export("sub/link.jsonl").code == 0
    assert (home / "sub/link.jsonl").is_symlink()
    assert "OrderCreated" in (home / "out.jsonl").read_text()
    assert (home / "out.jsonl").stat().st_mode & 0o777 == 0o600
    assert export("shopapp.py.jsonl").code == 0
    assert export("eventfold.toml.bak").code == 0


def test_a_lake_that_is_the_folder_of_the_project_protects_its_tables_only(home: Path) -> None:
    whole = ("--lake", str(home))
    assert eventfold(*whole, "export", "out.jsonl").code == 0
    with shop.open("sqlite:///shop.db", lake=".") as live:
        live.catch_up()
    assert eventfold(*whole, "export", "orders/out.jsonl").code == 2
    assert eventfold(*whole, "export", "sub/out.jsonl").code == 0


def test_a_place_that_becomes_a_log_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("old")
    with pytest.raises(ConfigInvalid, match="database"), placed(path, overwrite=True) as file:
        file.write(b"new")
        path.unlink()
        open_store(f"sqlite:///{path}").close()
    open_store(f"sqlite:///{path}", create=False).close()
    assert [p.name for p in tmp_path.iterdir() if "part" in p.name] == []


def test_a_file_that_comes_in_the_last_moment_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, link = tmp_path / "out.jsonl", os.link

    def late(one: Path, other: Path) -> None:
        path.write_text("theirs")
        link(one, other)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(ConfigInvalid, match="there already"), placed(path, overwrite=False) as file:
        file.write(b"mine")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("out.jsonl", "theirs")]


@pytest.mark.parametrize("arguments", [["schema", "accept"], ["schema", "samples"]])
@pytest.mark.parametrize(
    "place", ["shop.db-wal", "lake/schema.json", "lake/orders/x.json", "shop.db.snapshots"]
)
def test_the_file_of_the_schema_is_made_nowhere_inside(home: Path, arguments: list[str], place: str) -> None:
    before = everything(home)
    told = eventfold("-a", SCHEMA, *arguments, "--file", place)
    assert (told.code, "config-invalid" in told.err) == (2, True), told
    assert everything(home) == before


def test_the_file_of_the_schema_is_written_whole_through_its_link(home: Path) -> None:
    Path("schema.json").unlink()
    _link(Path("schema.json"), home / "sub" / "shared.json")
    for _ in range(2):
        assert eventfold("-a", SCHEMA, "schema", "accept").code == 0
    assert Path("schema.json").is_symlink()
    assert json.loads(Path("sub/shared.json").read_text())
    told = eventfold("-a", SCHEMA, "schema", "accept", "--file", "nowhere/x.json")
    assert (told.code, "not-found" in told.err) == (4, True)


@pytest.mark.parametrize("folder", ["lake/app", "lake/orders/app", "shop.db/app", "shop.db", "dangling"])
def test_an_app_is_written_nowhere_inside(home: Path, folder: str) -> None:
    Path("dangling").symlink_to("nowhere")
    before = everything(home)
    told = eventfold("new", "helpdesk", "--folder", folder)
    assert told.code in {2, 7}, told
    assert "Traceback" not in told.err
    assert everything(home) == before


def test_an_app_is_written_into_an_empty_folder_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert eventfold("new", "helpdesk", "--folder", ".").code == 0
    assert Path("eventfold.toml").is_file()


def test_the_stand_in_keeps_nothing_in_a_lake(home: Path) -> None:
    before = everything(home)
    assert eventfold("dev", "cosmos", "--folder", "lake").code == 2
    assert everything(home) == before


def test_a_log_is_not_read_into_itself(home: Path) -> None:
    Path("empty.csv").touch()
    for file in ("empty.csv", "./sub/../empty.csv"):
        told = eventfold("-s", "sqlite:///empty.csv", "import", file, "--stream", "a")
        assert (told.code, "is the log" in told.err) == (2, True)
    assert Path("empty.csv").read_bytes() == b""


def shell(line: str) -> "subprocess.CompletedProcess[str]":
    program = f'{sys.executable} -c "{MAIN}"'
    return subprocess.run(
        ["sh", "-c", line.replace("eventfold ", f"{program} ", 1)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )


@pytest.mark.parametrize("target", ["shop.db", "shop.db.state", "eventfold.toml"])
def test_a_shell_that_points_an_output_at_the_log_is_told(home: Path, target: str) -> None:
    before = everything(home)
    done = shell(f"eventfold export - >> {target}")
    assert done.returncode == 2
    assert "config-invalid" in done.stderr
    assert everything(home) == before


@pytest.mark.slow
def test_a_stream_of_the_system_takes_an_export(home: Path) -> None:
    for place in ("/dev/stdout", "/dev/fd/1"):
        done = shell(f"eventfold export {place} --format jsonl | cat")
        assert (done.returncode, done.stdout.count("OrderCreated")) == (0, 1), done
        assert shell(f"eventfold export {place} --format jsonl > out.jsonl").returncode == 0
        assert Path("out.jsonl").read_text() == done.stdout
    assert shell("eventfold export /dev/null --format jsonl").returncode == 0


@pytest.mark.parametrize(
    ("state", "lake", "key"),
    [
        ("sqlite:///shop.db", None, "state"),
        ("sqlite:///./sub/../shop.db", None, "state"),
        ("sqlite:///sub/link.db", None, "state"),
        ("sqlite:///sub/hard.db", None, "state"),
        ("sqlite:///shop.db-wal", None, "state"),
        ("sqlite:///shop.db.snapshots", None, "state"),
        (None, "shop.db", "lake"),
        (None, "shop.db/lake", "lake"),
        (None, "shop.db-shm", "lake"),
        (None, "shop.db.state", "lake"),
        (None, "eventfold.toml", "lake"),
        ("sqlite:///new/x", "new/x", "lake"),
        ("sqlite:///lake2/orders", "lake2", "lake"),
    ],
)
def test_log_state_and_lake_have_places_of_their_own(
    home: Path, state: str | None, lake: str | None, key: str
) -> None:
    Path("sub/link.db").symlink_to(home / "shop.db")
    os.link("shop.db", "sub/hard.db")
    before = everything(home)
    with pytest.raises(ConfigInvalid) as caught:
        shop.open("sqlite:///shop.db", state=state, lake=lake)
    assert caught.value.facts["key"] == key
    flags = [*(("--state", state) if state else ()), *(("--lake", lake) if lake else ())]
    told = eventfold(*flags, "-a", SCHEMA, "status")
    assert (told.code, "config-invalid" in told.err) == (2, True)
    assert everything(home) == before


def test_a_log_and_its_lake_may_lie_in_one_folder(home: Path) -> None:
    with shop.open("sqlite:///shop.db", lake=".", state="sqlite:///sub/s.db") as live:
        live.catch_up()
    with shop.open("sqlite:///lake/inside.db", lake="lake2") as live:
        live.catch_up()


def test_a_circle_of_links_is_told(home: Path) -> None:
    Path("a.jsonl").symlink_to("b.jsonl")
    Path("b.jsonl").symlink_to("a.jsonl")
    told = export("a.jsonl")
    assert told.code in {2, 7}
    assert "Traceback" not in told.err


def test_two_spellings_of_what_is_not_there_yet_are_one(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    assert same(tmp_path / "new" / "x", tmp_path / "sub" / ".." / "new" / "x")
    assert not same(tmp_path / "new" / "x", tmp_path / "new" / "y")
    assert identity(tmp_path / "new") != identity(tmp_path)
    with pytest.raises(ConfigInvalid, match="the log"):
        Protected({tmp_path / "log.db": "the log"}).check(tmp_path / "log.db-wal")


def test_a_database_of_another_program_is_left_as_it_is(home: Path) -> None:
    with closing(sqlite3.connect("theirs.db")) as theirs:
        theirs.execute("CREATE TABLE t (a)")
        theirs.execute("INSERT INTO t VALUES (1)")
        theirs.commit()
    before = everything(home)
    state = ("-a", SCHEMA, "--state", "sqlite:///theirs.db")
    for command in (
        ("-s", "sqlite:///theirs.db", "streams"),
        ("-s", "sqlite:///theirs.db", "doctor"),
        ("-s", "sqlite:///theirs.db", "export", "out.jsonl"),
        (*state, "status"),
    ):
        assert eventfold(*command).code != 0
    assert everything(home) == before


@pytest.mark.parametrize("name", ["shop.db-wal", "new.db-shm", "NEW.DB-JOURNAL"])
def test_no_log_is_made_where_sqlite_would_take_it_for_its_own(home: Path, name: str) -> None:
    before = everything(home)
    with pytest.raises(ConfigInvalid, match="another name"):
        open_store(f"sqlite:///{name}")
    Path("rows.csv").write_text("case\n1\n")
    told = eventfold(
        "-s",
        f"sqlite:///{name}",
        "import",
        "rows.csv",
        "--stream",
        "case",
        "--category",
        "case",
        "--event-type",
        "Noted",
    )
    assert (told.code, "another name" in told.err) == (2, True), told
    Path("rows.csv").unlink()
    assert everything(home) == before


def test_a_copy_of_a_log_that_is_not_in_wal_mode_opens(home: Path) -> None:
    with closing(sqlite3.connect("shop.db")) as log:
        log.execute("VACUUM INTO 'copy.db'")
    with closing(open_store("sqlite:///copy.db", create=False)) as store:
        assert store.head("order-1") == 1
        store.append("order-2", [make(1)], expected=0)
