"""What a sentence tells a person to type is there: every command and flag, and one wherever there is one to name.

The command line's own parser is the judge.
"""

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import click
import pytest

from eventfold import errors
from eventfold.doors.cli.main import cli
from eventfold.readmodels.telling import rebuilding
from tests.architecture.tree import PACKAGE, read

COMMAND = re.compile(r"`eventfold ([^`]+)`")
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
ERRORS = {name for name, found in vars(errors).items() if isinstance(found, type)}
SAID = {"rebuilding": rebuilding}
"""Functions that make a part of a sentence."""

CURES = {
    r"\b[Rr]ebuild (it|what|the table)\b": "`eventfold rebuild",
    r"is not parked\b": "`eventfold parked",
    r"^Skip version": "`eventfold parked skip",
    r"\bhas stopped\b": "`eventfold parked skip",
    r"^The stream \S+ has no events": "`eventfold streams",
    r"\bmay be replaced\b": "--overwrite",
    r"did not reach the append": "`eventfold run",
    r"no time zone: say": "--timezone",
    r"which column names the stream": "--stream",
    r"which column names the type": "--type",
    r"is no known format|does not say (what it is|the form)": "--format",
    r"another state\b": "--state",
    r"another lake\b|^The lake": "--lake",
    r"right log\b": "--store",
    r"as another event": "--source",
}
"""Where one thing would cure it: what such a sentence says, and what it then has to name."""


class Sentence(NamedTuple):
    """A text of the program, `x` where it has a value."""

    place: str
    text: str
    is_error: bool


def rendered(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(map(rendered, parts))
        case ast.FormattedValue(value=ast.Call(func=ast.Name(id=name))) if name in SAID:
            return SAID[name]("x")
        case ast.FormattedValue():
            return "x"
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return rendered(left) + rendered(right)
    return "x"


def sentences() -> Iterator[Sentence]:
    for module in read(PACKAGE).values():
        inner: set[ast.AST] = set()
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                inner.add(node.value)  # a docstring: tests of the help and the docs read those
            if isinstance(node, ast.JoinedStr | ast.FormattedValue):
                inner.update(ast.walk(node))
                inner.discard(node)
            if isinstance(node, ast.Call) and node.args:
                name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
                if name in ERRORS:
                    yield Sentence(f"{module.place}:{node.lineno}", rendered(node.args[0]), is_error=True)
                    inner.update(ast.walk(node.args[0]))
            if node not in inner and isinstance(node, ast.Constant | ast.JoinedStr):
                yield Sentence(f"{module.place}:{node.lineno}", rendered(node), is_error=False)


@cache
def every() -> list[Sentence]:
    """All of them; found when a test asks, since each worker would else look for them while it collects."""
    return list(sentences())


def options(command: click.Command) -> set[str]:
    return {name for p in command.params for name in (*p.opts, *p.secondary_opts)} | {"--help"}


def everywhere(command: click.Command) -> set[str]:
    found = options(command)
    if isinstance(command, click.Group):
        found |= {name for inner in command.commands.values() for name in everywhere(inner)}
    return found


KNOWN = everywhere(cli)


def wrong(line: str) -> str:
    """What of a command line does not exist; empty = nothing."""
    command: click.Command = cli
    known = options(cli)
    for word in shlex.split(line):
        if word.startswith("-") and word != "-":
            if word.partition("=")[0] not in known:
                return word
        elif isinstance(command, click.Group) and word != "x":
            if word not in command.commands:
                return word
            command = command.commands[word]
            known = known | options(command)
    return ""


def test_every_command_that_a_sentence_names_is_one() -> None:
    named = [(s.place, line) for s in every() for line in COMMAND.findall(s.text)]
    assert len(named) > 30
    assert [(place, line, what) for place, line in named if (what := wrong(line))] == []


def test_every_flag_that_an_error_names_is_one() -> None:
    named = [(s.place, flag) for s in every() if s.is_error for flag in FLAG.findall(s.text)]
    assert len(named) > 30
    assert [one for one in named if one[1] not in KNOWN] == []


@pytest.mark.parametrize(("said", "cure"), CURES.items())
def test_an_error_that_one_thing_cures_names_it(said: str, cure: str) -> None:
    found = [s for s in every() if s.is_error and re.search(said, s.text)]
    assert found
    assert [(s.place, s.text) for s in found if cure not in s.text] == []


@pytest.mark.parametrize(
    "line", ["rebuid orders", "parked retri orders order-1", "export --overwite log.jsonl"]
)
def test_a_command_that_does_not_exist_is_seen(line: str) -> None:
    """The control."""
    assert wrong(line)
