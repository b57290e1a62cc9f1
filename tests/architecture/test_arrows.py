"""Imports point one way: back along the path of rooms, to ports, never to a later room or into an adapter."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from tests.architecture.rooms import ADAPTERS, ALSO_PORTS, FRONT_DOOR, GROUND, KITS, PATH, PORTS
from tests.architecture.tree import PACKAGE, Module, imports, inside, plant, read

FAKE = {"__init__.py": "", "errors.py": "", "store/names.py": "", "sqlite/connect.py": ""}


def room_of(place: str) -> str:
    return PurePosixPath(place).parts[0].removesuffix(".py")


def is_port(place: str) -> bool:
    return PurePosixPath(place).name in PORTS or place in ALSO_PORTS


def refusal(source: str, target: str, *, by_text: bool) -> str | None:
    """Why the module at `source` must not import the one at `target`; both are places in the package."""
    here, there = room_of(source), room_of(target)
    for adapter in ADAPTERS:
        if inside(target, adapter) and not inside(source, adapter):
            if by_text:
                return None  # test_adapter_names.py says who may
            return f"{adapter} is an adapter: it is opened by its table, not imported"
    if here == there:
        return None
    if there in KITS:
        home = any(inside(source, user) for user in KITS[there])
        return None if home else f"{there} is a kit for {' and '.join(KITS[there])} only"
    if here in KITS:
        return None if there in GROUND else f"a kit imports {', '.join(GROUND)} only"
    if here not in PATH or there not in PATH:
        return f"{here if here not in PATH else there} has no place on the path of rooms"
    if is_port(target) and here not in GROUND:
        return None
    return None if PATH.index(there) < PATH.index(here) else f"{there} comes after {here} on the path"


def place_of(target: str, known: dict[str, Module], package: str) -> str:
    """The place of an imported module; of one that does not exist, the place it would have."""
    if target in known:
        return known[target].place
    place = FRONT_DOOR if target == package else target.removeprefix(f"{package}.").replace(".", "/")
    return f"{place}.py"


def violations(package: Path) -> Iterator[str]:
    known = read(package)
    for module in known.values():
        for found in imports(module, known):
            if found.target.split(".")[0] == package.name:
                reason = refusal(
                    module.place, place_of(found.target, known, package.name), by_text=found.by_text
                )
                if reason:
                    yield f"{module.place}:{found.line} imports {found.target}: {reason}"


def test_every_import_points_back_along_the_path() -> None:
    assert list(violations(PACKAGE)) == []


def test_every_room_has_a_place_on_the_path() -> None:
    assert {room_of(module.place) for module in read(PACKAGE).values()} <= {*PATH, *KITS}


@pytest.mark.parametrize(
    ("place", "text", "reason"),
    [
        ("store/open.py", "from eventfold.aggregates.base import x", "aggregates comes after store"),
        ("events/codec.py", "def f():\n    import eventfold.store.port", "store comes after events"),
        ("store/open.py", "if TYPE_CHECKING:\n    import eventfold.feed.loop", "feed comes after store"),
        ("app.py", "from eventfold.store.sqlite import open_url", "adapter"),
        ("store/open.py", "from .sqlite.store import S", "adapter"),
        ("store/open.py", "importlib.import_module('eventfold.app')", "app comes after store"),
        ("doors/cli.py", "from eventfold.store.postgres import open_url", "adapter"),
        ("readmodels/sqlite/state.py", "from ...store.sqlite import store", "adapter"),
        ("readmodels/state.py", "from eventfold.sqlite import connect", "kit"),
        ("sqlite/connect.py", "from eventfold.store import names", "kit"),
        ("handlers/notify.py", "import eventfold", "after handlers"),
        ("shed/tools.py", "from eventfold import errors", "no place"),
    ],
)
def test_an_arrow_that_points_the_wrong_way_is_seen(
    tmp_path: Path, place: str, text: str, reason: str
) -> None:
    package = plant(tmp_path / "eventfold", {**FAKE, place: text})
    (found,) = violations(package)
    assert found.startswith(place)
    assert reason in found


def test_an_arrow_to_an_earlier_room_or_a_port_is_allowed(tmp_path: Path) -> None:
    files = {
        **FAKE,
        "feed/port.py": "from eventfold import errors",
        "store/sqlite/store.py": "from eventfold.feed.port import Feed\nfrom eventfold.sqlite import connect",
        "app.py": "from eventfold.store.open import open_store",
    }
    assert list(violations(plant(tmp_path / "eventfold", files))) == []
