"""Data is never run as code, and no time is naive."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGE, imports, plant, read

MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve"}
BUILTINS = {"eval", "exec"}
ATTRIBUTES = {"utcnow", "utcfromtimestamp"}
DOTTED = {"yaml.load", "yaml.unsafe_load", "builtins.eval", "builtins.exec"}


def dangers(package: Path) -> Iterator[str]:
    known = read(package)
    for module in known.values():
        for found in imports(module, known):
            if found.target.split(".")[0] in MODULES:
                yield f"{module.place}:{found.line} imports {found.target}"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ImportFrom):
                for name in {f"{node.module}.{alias.name}" for alias in node.names} & DOTTED:
                    yield f"{module.place}:{node.lineno} imports {name}"
            elif isinstance(node, ast.Name) and node.id in BUILTINS:
                yield f"{module.place}:{node.lineno} uses {node.id}"
            elif isinstance(node, ast.Attribute) and (node.attr in ATTRIBUTES or ast.unparse(node) in DOTTED):
                yield f"{module.place}:{node.lineno} uses {ast.unparse(node)}"


def test_nothing_dangerous_is_called() -> None:
    assert list(dangers(PACKAGE)) == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "def f():\n    from marshal import loads",
        "eval('1')",
        "run = exec",
        "import yaml\nyaml.load('x')",
        "from yaml import load",
        "from builtins import eval as run",
        "from datetime import datetime\ndatetime.utcnow()",
        "import datetime\nclock = datetime.datetime.utcnow",
    ],
)
def test_a_dangerous_call_is_seen(tmp_path: Path, text: str) -> None:
    assert len(list(dangers(plant(tmp_path / "eventfold", {"events/x.py": text})))) == 1


def test_harmless_namesakes_are_allowed(tmp_path: Path) -> None:
    text = "cursor.execute('x')\nyaml.safe_load('x')\nexecutor.exec_all()"
    assert list(dangers(plant(tmp_path / "eventfold", {"events/x.py": text}))) == []
