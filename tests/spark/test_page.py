"""The page from the laptop to Databricks does what it says, those of its blocks too that need Spark."""

import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import DOCS, Reader, blocks
from tests.doors.calling import eventfold

NEEDED = "it needs Spark"


class Here(Reader):
    """Does it in this process, which has a session."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._space: dict[str, Any] = {}

    def _shell(self, command: str) -> tuple[int, str]:
        told = eventfold(*shlex.split(command)[1:])
        return told.code, told.err + told.out

    def _run_python(self, text: str) -> None:
        exec(compile(text, "the page", "exec"), self._space)


@pytest.mark.usefixtures("session")
def test_each_step_but_the_last_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    files = [b for b in blocks((DOCS / "howto" / "index.md").read_text("utf-8")) if b.mark == "file"]
    page = [
        b._replace(mark="") if b.value.startswith(NEEDED) else b
        for b in blocks((DOCS / "howto" / "spark.md").read_text("utf-8"))
    ]
    try:
        with Here(tmp_path) as reader:
            assert reader.follow([*files, *page]) == len(files) + len(page) - 1
    finally:
        sys.modules.pop("shop", None)
