"""A file can be read in one sitting."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGE, plant

MOST_LINES = 400
KINDS = (".py", ".sql")


def too_long(package: Path) -> Iterator[str]:
    for file in sorted(package.rglob("*")):
        if file.suffix in KINDS:
            lines = len(file.read_text("utf-8").splitlines())
            if lines > MOST_LINES:
                yield f"{file.relative_to(package).as_posix()} has {lines} lines"


def test_no_source_file_is_too_long() -> None:
    assert list(too_long(PACKAGE)) == []


@pytest.mark.parametrize(("lines", "seen"), [(MOST_LINES, 0), (MOST_LINES + 1, 1)])
def test_one_line_too_many_is_seen(tmp_path: Path, lines: int, seen: int) -> None:
    assert len(list(too_long(plant(tmp_path, {"events/long.py": "x = 1\n" * lines})))) == seen
