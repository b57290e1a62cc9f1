"""No SQL and no predicate is built from data: text with values in it stands only where its parts are our own."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGE, plant, read

RUNS = {"execute", "executemany", "sql", "fetch", "query", "query_items", "delete", "update", "merge"}
TEXT_ARGUMENTS = {"predicate", "query", "where", "filter"}
DECLARED = {
    "engines/duckdb/partials.py": "names of a validated definition and numbers of chunks",
    "readmodels/delta/table.py": "names of a validated definition",
    "readmodels/asking/query.py": "names of a validated definition",
    "imports/files/ocel/ocelsqlite.py": "the name of a table of the imported file, quoted; it is opened read-only",
    "imports/files/ocel/ocelplaces.py": "names of tables and columns that the imported file has, quoted; as above",
    "testing/contract/answers.py": "names of tables of the suite",
    "testing/contract/keeping.py": "names of tables of the suite",
    "testing/contract/tables.py": "names of tables of the suite",
    "sqlite/connect.py": "constants of ours; a pragma takes no bindings",
}
LOADS = {
    "bus/open.py": "a fixed table of adapters",
    "store/open.py": "a fixed table of adapters",
    "readmodels/open.py": "a fixed table of adapters",
    "engines/open.py": "a fixed table of engines",
    "doors/cli/commands/__init__.py": "a fixed table of commands",
    "doors/cli/settings.py": "the app that the person who types names: their own program",
}


def is_built(node: ast.expr) -> bool:
    """Whether a text has values in it."""
    match node:
        case ast.JoinedStr(values=parts):
            return any(isinstance(part, ast.FormattedValue) for part in parts)
        case ast.BinOp(op=ast.Add() | ast.Mod(), left=left, right=right):
            return not (isinstance(left, ast.Constant) and isinstance(right, ast.Constant))
        case ast.Call(func=ast.Attribute(attr="format" | "join" | "replace")):
            return True
        case _:
            return False


def built(package: Path) -> Iterator[str]:
    """Calls that run text with values in it, outside the declared places."""
    for module in read(package).values():
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
            texts = [*(node.args[:2] if name in RUNS else [])]
            texts += [keyword.value for keyword in node.keywords if keyword.arg in TEXT_ARGUMENTS]
            if any(map(is_built, texts)) and module.place not in DECLARED:
                yield f"{module.place}:{node.lineno} {name}"


def loads(package: Path) -> Iterator[str]:
    """Imports of a module whose name is not written there, outside the declared places."""
    for module in read(package).values():
        for node in ast.walk(module.tree):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func).endswith(("import_module", "__import__"))
                and not (node.args and isinstance(node.args[0], ast.Constant))
                and module.place not in LOADS
            ):
                yield f"{module.place}:{node.lineno}"


def test_no_text_with_values_in_it_is_run() -> None:
    assert list(built(PACKAGE)) == []


def test_no_module_is_imported_by_a_stored_name() -> None:
    assert list(loads(PACKAGE)) == []


@pytest.mark.parametrize("place", [*DECLARED, *LOADS])
def test_what_is_declared_is_still_needed(place: str) -> None:
    text = (PACKAGE / place).read_text("utf-8")
    assert "import_module(" in text if place in LOADS else "{" in text


@pytest.mark.parametrize(
    "text",
    [
        "db.execute(f\"UPDATE orders SET x = '{name}'\")",
        "db.execute('SELECT * FROM ' + table)",
        "db.execute('SELECT %s' % column)",
        "table.delete(f\"id = '{key}'\")",
        "table.update(predicate='id = {}'.format(key))",
        "container.query_items(query=f'SELECT {x}')",
        "fetch(connection, ' '.join(parts))",
    ],
)
def test_a_built_text_is_seen(tmp_path: Path, text: str) -> None:
    assert len(list(built(plant(tmp_path / "eventfold", {"store/x.py": text})))) == 1


def test_a_module_imported_by_a_variable_is_seen(tmp_path: Path) -> None:
    text = "from importlib import import_module\nimport_module(event.type)\nimport_module('json')"
    assert list(loads(plant(tmp_path / "eventfold", {"events/x.py": text}))) == ["events/x.py:2"]


def test_bound_values_are_allowed(tmp_path: Path) -> None:
    text = "db.execute('SELECT ? FROM x', (f'{a}',))\ndb.execute(SQL['read'], (1,))"
    found = list(built(plant(tmp_path / "eventfold", {"store/x.py": text})))
    assert found == []
