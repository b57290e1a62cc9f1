"""No folder holds more than a dozen modules or so, but lists of equals: one file a command, one a contract."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tests.architecture.tree import PACKAGE, plant, read

MOST = 13
EQUALS = {"doors/cli/commands": "a file for each command", "testing/contract": "a file for each contract"}


def overfull(package: Path) -> Iterator[str]:
    places = [PurePosixPath(module.place) for module in read(package).values()]
    counts = Counter(str(place.parent) for place in places if place.name != "__init__.py")
    yield from (
        f"{room} has {count}" for room, count in counts.items() if count > MOST and room not in EQUALS
    )


def test_no_room_is_overfull() -> None:
    assert list(overfull(PACKAGE)) == []


def test_the_lists_of_equals_are_there() -> None:
    assert all((PACKAGE / room).is_dir() for room in EQUALS)


def test_an_overfull_room_is_seen(tmp_path: Path) -> None:
    package = plant(tmp_path / "eventfold", {f"store/m{n}.py": "" for n in range(MOST + 1)})
    assert list(overfull(package)) == [f"store has {MOST + 1}"]
