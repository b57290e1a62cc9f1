"""No module imports itself by a detour: not in functions, not for types."""

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path, PurePosixPath

import pytest

from tests.architecture.tree import PACKAGE, imports, plant, read


def cycle(package: Path) -> list[str]:
    """One import cycle as dotted names, the first of them again at the end; empty if there is none."""
    known = read(package)
    graph = {
        name: {
            target
            for found in imports(module, known)
            if not found.by_text  # an adapter, opened at run time
            for target in executed(name, found.target)
            if target in known
        }
        for name, module in known.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        names: list[str] = error.args[1]
        return names
    return []


def executed(source: str, target: str) -> Iterator[str]:
    """A module and the packages around it, which Python runs first; not those that hold the importer anyway."""
    parts = target.split(".")
    around = [".".join(parts[:length]) for length in range(1, len(parts))]
    yield from (package for package in around if not f"{source}.".startswith(f"{package}."))
    yield target


def circle(package: Path) -> list[str]:
    """A circle of rooms that stand side by side in one room, what stands in the room itself left out; empty if none."""
    known = read(package)
    graph: dict[str, set[str]] = {}
    for module in known.values():
        here = PurePosixPath(module.place).parts[:-1]
        for found in imports(module, known):
            target = known.get(found.target)
            if target is None or found.by_text:
                continue
            there = PurePosixPath(target.place).parts[:-1]
            common = next(
                (n for n, pair in enumerate(zip(here, there, strict=False)) if pair[0] != pair[1]), None
            )
            if common:
                graph.setdefault("/".join(here[: common + 1]), set()).add("/".join(there[: common + 1]))
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        rooms: list[str] = error.args[1]
        return rooms
    return []


def test_rooms_side_by_side_import_one_way() -> None:
    assert circle(PACKAGE) == []


def test_a_circle_of_rooms_is_seen(tmp_path: Path) -> None:
    files = {
        "store/a/x.py": "from eventfold.store.b.y import Y",
        "store/b/y.py": "",
        "store/b/z.py": "from eventfold.store.a import w",
        "store/a/w.py": "",
        "store/port.py": "from eventfold.store.a.w import W",
    }
    assert set(circle(plant(tmp_path / "eventfold", files))) == {"store/a", "store/b"}


def test_no_module_imports_itself_by_a_detour() -> None:
    assert cycle(PACKAGE) == []


@pytest.mark.parametrize(
    "back",
    [
        "from eventfold.a import x",
        "from .a import x",
        "from eventfold import a",
        "def f():\n    import eventfold.a",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from eventfold.a import x",
    ],
)
def test_a_detour_of_three_modules_is_seen(tmp_path: Path, back: str) -> None:
    files = {"a.py": "import eventfold.b", "b.py": "from eventfold import c", "c.py": back}
    found = cycle(plant(tmp_path / "eventfold", files))
    assert set(found) == {"eventfold.a", "eventfold.b", "eventfold.c"}


def test_a_detour_by_the_init_of_another_room_is_seen(tmp_path: Path) -> None:
    files = {
        "feed/__init__.py": "from eventfold.store.b import B",
        "feed/port.py": "",
        "store/b.py": "from eventfold.feed.port import Feed",
    }
    assert set(cycle(plant(tmp_path / "eventfold", files))) == {"eventfold.feed", "eventfold.store.b"}


def test_a_room_that_shows_its_own_modules_is_no_detour(tmp_path: Path) -> None:
    files = {"feed/__init__.py": "from .a import A", "feed/a.py": "from .b import B", "feed/b.py": ""}
    assert cycle(plant(tmp_path / "eventfold", files)) == []
