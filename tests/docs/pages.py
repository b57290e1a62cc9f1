"""The blocks of a page, and a reader who does what they say: saves files, runs Python, types commands, in order.

What may stand before a block, as a comment that nobody sees:

    <!-- file: NAME -->      it is saved under this name
    <!-- exit: NUMBER -->    its last command ends with this exit code
    <!-- not run: REASON --> it is left alone

A block of `text` after a block of Python is what that one prints. Lines after a command are what it answers; times and
ids may differ, and `...` stands for anything.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from tests.docs.forking import INTERPRETER, forking

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_MARK = re.compile(r"^<!-- (file|exit|not run): (.*?) -->$")
_VARIES = [
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?"), "TIME"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "ID"),
    (re.compile("[─-╿]+"), "-"),
    (re.compile(r"\s+"), " "),
]
_DRIVER = """
import json, os, sys, traceback
space = {"__name__": "__main__"}
for line in sys.stdin:
    try:
        exec(compile(json.loads(line), "<the page>", "exec"), space)
        how = b"done"
    except BaseException:
        traceback.print_exc()
        how = b"failed"
    sys.stdout.flush()
    os.write(1, b"\\0" + how + b"\\n")  # at once: threads of the page may write meanwhile
"""
_QUOTED = re.compile(r"""'[^']*'|"[^"$`\\]*"|\\\n""")
_SHELLS = re.compile(r"[|&;<>$`*?~#\\\n(){}\[\]!'\"]")
"""What a shell may make something else of where it is not quoted; such commands are given to one."""
_PATIENCE = 20.0
"""Seconds for which a page's program may go on when the page has ended."""


class Block(NamedTuple):
    """One block of a page."""

    kind: str
    text: str
    mark: str
    value: str
    line: int


def blocks(source: str) -> list[Block]:
    """Every block of a page, in order; directives such as a table of contents are none."""
    found: list[Block] = []
    opened, before = None, ""
    for number, line in enumerate(source.splitlines(), 1):
        if opened is None and line.startswith("```"):
            mark = _MARK.match(before)
            opened = Block(line[3:].strip(), "", mark[1] if mark else "", mark[2] if mark else "", number)
        elif opened is not None and line == "```":
            if not opened.kind.startswith("{"):
                found.append(opened)
            opened = None
        elif opened is not None:
            opened = opened._replace(text=f"{opened.text}{line}\n")
        before = line
    assert opened is None, f"the block that begins in line {opened.line} does not end"
    return found


def sources() -> Iterator[Path]:
    """Every page."""
    yield from sorted(DOCS.rglob("*.md"))


class Reader:
    """Does what a page says, in a folder; raises AssertionError where the page says something else than happens."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.here = folder
        self._python: subprocess.Popen[str] | None = None
        self._printed = ""
        self._said = folder.with_name(f"{folder.name}.said")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("EVENTFOLD_")}
        bin_ = str(Path(sys.executable).parent)
        self._environment = {
            **kept,
            "PATH": f"{bin_}:{kept.get('PATH', '')}",
            "LOGNAME": "ada",
            **INTERPRETER,
            "COLUMNS": "120",
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_python()

    def follow(self, page: list[Block]) -> int:
        """Does every block of a page; how many were run."""
        run = 0
        for block in page:
            try:
                run += self._one(block)
            except AssertionError as error:
                raise AssertionError(f"line {block.line}: {error}") from None
        return run

    def _one(self, block: Block) -> bool:
        match block:
            case Block(mark="not run"):
                return False
            case Block(mark="file"):
                self._end_python()  # a module that was imported would stay as it was
                file = self.here / block.value
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(block.text, "utf-8")
            case Block(kind="python"):
                self._run_python(block.text)
            case Block(kind="text"):
                assert matches(block.text, self._printed), f"printed was:\n{self._printed}"
            case Block(kind="console"):
                self._type(block)
            case _:
                raise AssertionError(f"a block of {block.kind or 'nothing'} is neither run nor saved")
        return True

    def _run_python(self, text: str) -> None:
        if self._python is None:
            self._python = subprocess.Popen(
                [sys.executable, "-c", _DRIVER],
                cwd=self.here,
                env={**self._environment, "PYTHONPATH": "."},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        assert self._python.stdin is not None
        assert self._python.stdout is not None
        self._python.stdin.write(json.dumps(text) + "\n")
        self._python.stdin.flush()
        told: list[str] = []
        while (line := self._python.stdout.readline()) and "\0" not in line:
            told.append(line)
        before, _, how = line.partition("\0")
        self._printed = "".join([*told, before])
        assert how == "done\n", f"{how!r}, after\n{self._printed}"

    def _type(self, block: Block) -> None:
        steps = typed(block.text)
        assert steps, "no line begins with '$ '"
        for n, (command, answer) in enumerate(steps, 1):
            if command.startswith("cd "):
                self.here = (self.here / command[3:].strip()).resolve()
                self._end_python()
                continue
            code, said = self._shell(command)
            expected = int(block.value) if block.mark == "exit" and n == len(steps) else 0
            assert code == expected, f"{command}\nended with {code}:\n{said}"
            if answer:
                assert matches(answer, said), f"{command}\nanswered:\n{said}"

    def _shell(self, command: str) -> tuple[int, str]:
        if command.startswith("eventfold ") and not _SHELLS.search(_QUOTED.sub("", command)):
            arguments = shlex.split(command.replace("\\\n", " "))[1:]
            return forking().run(arguments, self.here, self._environment, self._said)
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.here,
            # plugins of pytest that happen to be installed here may warn; a reader's pytest is none of ours
            env=self._environment | ({"PYTHONWARNINGS": "default"} if "pytest" in command else {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def _end_python(self) -> None:
        if self._python is not None:
            try:
                self._python.communicate(timeout=_PATIENCE)
            except subprocess.TimeoutExpired:  # a block that failed has left its threads behind
                self._python.kill()
                self._python.communicate()
            self._python = None


def typed(text: str) -> list[tuple[str, str]]:
    """Commands and what they answer."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        if found and not found[-1][1] and found[-1][0].endswith("\\"):
            found[-1] = (f"{found[-1][0]}\n{line}", "")
        elif line.startswith("$ "):
            found.append((line[2:], ""))
        elif found:
            found[-1] = (found[-1][0], f"{found[-1][1]}{line}\n")
    return found


def matches(expected: str, found: str) -> bool:
    """Whether an answer is the one that a page shows."""
    pattern = ".*".join(re.escape(part.strip()) for part in _plain(expected).split("..."))
    return re.fullmatch(pattern, _plain(found), re.DOTALL) is not None


def _plain(text: str) -> str:
    for varies, same in _VARIES:
        text = varies.sub(same, text)
    return text.strip()
