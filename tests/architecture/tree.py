"""How the laws read source: modules of a package and what they import. No law stands here."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "eventfold"


@dataclass(frozen=True)
class Module:
    """One source file; `place` is its path inside the package, like "store/port.py"."""

    name: str
    place: str
    tree: ast.Module


@dataclass(frozen=True)
class Import:
    """One imported module, with the line, whether only a type checker sees it, and whether a text names it."""

    target: str
    line: int
    type_only: bool
    by_text: bool = False


@cache
def read(package: Path) -> dict[str, Module]:
    """Every module of a package by its dotted name; the folder's name is the package's. Each is read once."""
    found = {}
    for file in sorted(package.rglob("*.py")):
        place = file.relative_to(package)
        parts = [package.name, *place.with_suffix("").parts]
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = Module(name, place.as_posix(), ast.parse(file.read_text("utf-8"), str(file)))
    return found


def imports(module: Module, known: Mapping[str, Module]) -> Iterator[Import]:
    """What a module imports, at any depth: in functions, under TYPE_CHECKING, by `import_module("...")`."""
    hidden = {
        id(inner)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, id(node) in hidden)
        elif isinstance(node, ast.ImportFrom):
            base = _base(module, node)
            targets = {
                f"{base}.{alias.name}" if f"{base}.{alias.name}" in known else base for alias in node.names
            }
            for target in sorted(targets):
                yield Import(target, node.lineno, id(node) in hidden)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            for text in node.args[:1]:
                if isinstance(text, ast.Constant):
                    yield Import(str(text.value), node.lineno, type_only=False, by_text=True)


def inside(place: str, folder: str) -> bool:
    """Whether a place is a module of that name or stands in the folder."""
    return place == f"{folder}.py" or place.startswith(f"{folder}/")


def plant(package: Path, files: Mapping[str, str]) -> Path:
    """Writes a fake package, for negative controls."""
    for place, text in files.items():
        file = package / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return package


def _base(module: Module, node: ast.ImportFrom) -> str:
    """The absolute name after `from`; relative dots count from the module's package."""
    if not node.level:
        return node.module or ""
    package = module.name.split(".")
    above = node.level - module.place.endswith("__init__.py")
    kept = package[: len(package) - above]
    return ".".join([*kept, node.module] if node.module else kept)
