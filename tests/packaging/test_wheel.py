"""The wheel holds what it needs, and works in an environment that has no extras."""

import json
import zipfile
from collections.abc import Callable
from email.parser import HeaderParser
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT, Environment

pytestmark = pytest.mark.slow
Make = Callable[[tuple[str, ...]], Environment]

ORDERS = """
import eventfold as ef

class Placed(ef.Event):
    total: int

class Order(ef.Aggregate[Placed]):
    total: int = 0

    def place(self, total: int) -> None:
        self.raise_event(Placed(total=total))

    def apply(self, event: Placed) -> None:
        self.total = event.total

class Orders(ef.Table, category="order"):
    order = ef.key()
    total = ef.sum(Placed.total)

bare = ef.App("bare", aggregates=[Order])
shop = ef.App("shop", aggregates=[Order], tables=[Orders])
"""
EXPLAINED = "try:\n    {}\nexcept ef.EventfoldError as error:\n    print(error.code, error.exit_code, error.message)\n"


def source_files() -> set[str]:
    package = ROOT / "src"
    return {
        file.relative_to(package).as_posix()
        for file in package.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == source_files()
    assert "eventfold/py.typed" in held
    assert sum(name.endswith(".sql") for name in held) >= 40


def test_the_wheel_says_what_it_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        found = HeaderParser().parsestr(archive.read(name).decode())
        assert any(name.endswith("/licenses/LICENSE") for name in archive.namelist())
    needed = [need for need in found.get_all("Requires-Dist", []) if "extra ==" not in need]
    assert sorted(need.split(">")[0] for need in needed) == ["apsw", "msgspec"]
    assert {"lake", "cli", "cosmos", "mining", "all"} <= set(found.get_all("Provides-Extra", []))
    assert found["Requires-Python"] == ">=3.11"
    assert found["License-Expression"] == "Apache-2.0"


def test_importing_it_loads_nothing_heavy(environment: Make) -> None:
    bare = environment(())
    out = bare.python(
        "import sys, json, eventfold\nprint(json.dumps([eventfold.__file__, sorted(sys.modules)]))"
    )
    file, modules = json.loads(out)
    assert Path(file).is_relative_to(bare.folder)
    tops = {name.partition(".")[0] for name in modules}
    assert tops & {"duckdb", "pyarrow", "deltalake", "azure", "click", "rich", "apsw"} == set()
    every = bare.python(
        "import eventfold\nprint(all(hasattr(eventfold, name) for name in eventfold.__all__))"
    )
    assert every == "True\n"


def test_events_aggregates_snapshots_and_logs_need_no_extra(environment: Make) -> None:
    bare = environment(())
    program = ORDERS + (
        "with bare.open('sqlite:///shop.db') as live:\n"
        "    live.repository(Order).execute('order-1', Order.place, 7)\n"
        "with bare.open('sqlite:///shop.db', create=False) as live:\n"
        "    print(live.repository(Order).load('order-1').total, [e.type for e in live.store.read('order-1')])\n"
        "    print(len(live.store.feed().read(live.store.feed().start(), 10).events), live.status().events)\n"
    )
    assert bare.python(program) == "7 ['Placed']\n1 1\n"


@pytest.mark.parametrize(
    ("doing", "extra"),
    [
        ("shop.open('sqlite://')", "lake"),
        ("bare.open('sqlite://').query('SELECT 1')", "lake"),
        (
            "next(iter((s := ef.open_store('sqlite://')).feed().arrow(s.feed().start(), s.feed().end(), ['id'])), 0)",
            "lake",
        ),
        ("ef.open_store('cosmos://shop.documents.azure.com/shop')", "cosmos"),
    ],
)
def test_a_missing_extra_is_answered_with_the_command_that_brings_it(
    environment: Make, doing: str, extra: str
) -> None:
    out = environment(()).python(ORDERS + EXPLAINED.format(doing))
    assert out.startswith("extra-missing 2 ")
    assert f"pip install 'eventfold[{extra}]'" in out


def test_the_command_line_without_its_extra_says_which(environment: Make) -> None:
    done = environment(()).run("eventfold", "--help")
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'eventfold[cli]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_line_works_without_the_other_extras(environment: Make) -> None:
    shell = environment(("click", "rich"))
    (shell.folder / "orders.py").write_text(ORDERS)
    (shell.folder / "log.xes").write_text("<log/>")
    (shell.folder / "log.csv").write_text("order,what\n1,Placed\n")
    (shell.folder / "log.parquet").write_bytes(b"PAR1")
    for app, arguments, code, word in (
        ("bare", ("append", "order-1", "Placed", '{"total":7}', "--create"), 0, ""),
        ("bare", ("read", "order-1"), 0, "Placed"),
        ("bare", ("streams",), 0, "order-1"),
        ("bare", ("state", "order-1"), 0, "7"),
        ("bare", ("history", "order-1"), 0, "Placed"),
        ("bare", ("status",), 0, "1"),
        ("bare", ("doctor",), 0, "durability"),
        ("bare", ("schema", "accept"), 0, "Placed"),
        ("bare", ("export", "log.jsonl"), 2, "pip install 'eventfold[lake]'"),
        ("bare", ("import", "--restore", "log.parquet"), 2, "pip install 'eventfold[lake]'"),
        ("bare", ("import", "log.xes"), 2, "pip install 'eventfold[mining]'"),
        (
            "bare",
            ("import", "log.parquet", "--stream", "order", "--type", "what"),
            2,
            "pip install 'eventfold[lake]'",
        ),
        (
            "bare",
            ("import", "log.csv", "--stream", "order", "--type", "what", "--category", "order"),
            0,
            "1 was written",
        ),
        ("shop", ("at", "orders", "--position", "1"), 2, "pip install 'eventfold[lake]'"),
        ("shop", ("status",), 2, "pip install 'eventfold[lake]'"),
        ("shop", ("query", "SELECT 1"), 2, "pip install 'eventfold[lake]'"),
        ("shop", ("run", "--once"), 2, "pip install 'eventfold[lake]'"),
        (
            "bare",
            ("--store", "cosmos://a.documents.azure.com/b", "streams"),
            2,
            "pip install 'eventfold[cosmos]'",
        ),
    ):
        given = () if "--store" in arguments else ("--store", "sqlite:///log.db")
        done = shell.run("eventfold", "-a", f"orders:{app}", *given, *arguments)
        assert done.returncode == code, (arguments, done.stderr)
        assert word in done.stdout + done.stderr, (arguments, done.stderr)
        assert "Traceback" not in done.stderr
