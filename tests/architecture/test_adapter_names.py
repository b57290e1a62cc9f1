"""An adapter is named, as text that importlib could open, only by the table that opens it."""

import ast
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tests.architecture.rooms import ADAPTERS, OPENERS
from tests.architecture.tree import PACKAGE, inside, plant, read


def adapter_in(text: str, package: str) -> str | None:
    """The adapter whose module a text names."""
    place = text.removeprefix(f"{package}.").replace(".", "/") if text.startswith(f"{package}.") else ""
    return next((each for each in ADAPTERS if inside(f"{place}.py", each)), None)


def namings(package: Path) -> Iterator[str]:
    for module in read(package).values():
        if PurePosixPath(module.place).name in OPENERS:
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                adapter = adapter_in(node.value, package.name)
                if adapter and not inside(module.place, adapter):
                    yield f"{module.place}:{node.lineno} names {node.value}"


def test_an_adapter_is_named_only_by_the_table_that_opens_it() -> None:
    assert list(namings(PACKAGE)) == []


def test_an_adapter_that_is_named_elsewhere_is_seen(tmp_path: Path) -> None:
    line = 'ADAPTER = "eventfold.store.sqlite.store"'
    files = {"store/open.py": line, "store/sqlite/statements.py": line, "doors/cli.py": line}
    (found,) = namings(plant(tmp_path / "eventfold", files))
    assert found == "doors/cli.py:1 names eventfold.store.sqlite.store"


def test_a_port_or_a_room_may_be_named(tmp_path: Path) -> None:
    line = 'NAMES = ["eventfold.store.port", "eventfold.store", "eventfold.sqlite", "store.sqlite"]'
    assert list(namings(plant(tmp_path / "eventfold", {"doors/cli.py": line}))) == []
