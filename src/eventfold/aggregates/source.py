"""Where classes and functions are written: their nodes in the syntax trees of their files."""

import ast
import inspect
import linecache
import sys
from collections.abc import Iterator
from functools import cached_property, partial, partialmethod, singledispatchmethod
from types import FunctionType

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Sources:
    """Files as they were when they were first asked for: a file may be replaced while the program that it made runs.

    What has no source (a prompt, a frozen program, compiled code) has no nodes.
    """

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._files: dict[str, _File] = {}

    def take(self, cls: type) -> None:
        """Keeps the text that a class was written in; it is parsed when a node is asked for."""
        file, names = _file_of(cls)
        self._text(file, names)

    def classes(self, cls: type) -> list[ast.ClassDef]:
        """The statement that made a class; several where its name was used again and nothing tells them apart."""
        found = self._file(*_file_of(cls)).classes.get(cls.__qualname__, [])
        lines = {function.__code__.co_firstlineno for function in _written_in(cls)}
        exact = [n for n in found if any(n.lineno <= line <= (n.end_lineno or 0) for line in lines)]
        return exact or found

    def functions(self, function: FunctionType) -> list[Function]:
        """The definition of a function; of a lambda, all that begin on its line."""
        code = function.__code__
        beginning = self._file(code.co_filename, function.__globals__).functions.get(code.co_firstlineno, [])
        return [node for node in beginning if getattr(node, "name", "<lambda>") == code.co_name]

    def _file(self, file: str, names: dict[str, object]) -> "_File":
        if file not in self._files:
            try:
                self._files[file] = _File(ast.parse(self._text(file, names)))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                self._files[file] = _File(ast.Module([], []))
        return self._files[file]

    def _text(self, file: str, names: dict[str, object]) -> str:
        if file not in self._texts:
            linecache.checkcache(file)
            self._texts[file] = "".join(linecache.getlines(file, names))
        return self._texts[file]


def own_functions(cls: type) -> Iterator[FunctionType]:
    """The functions that were written in the body of a class, or given to it there, without what wraps them."""
    for value in vars(cls).values():
        yield from functions_in(value)


def functions_in(value: object) -> Iterator[FunctionType]:
    """The plain functions behind an attribute of a class."""
    inner: list[object]
    match value:
        case property():
            inner = [value.fget, value.fset, value.fdel]
        case cached_property() | partial() | partialmethod() | singledispatchmethod():
            inner = [value.func]
        case _:
            inner = [value]
    for function in inner:
        if callable(function) or isinstance(function, staticmethod | classmethod):
            plain = inspect.unwrap(function)  # type: ignore[arg-type] # unwraps these two as well
            if isinstance(plain, FunctionType):
                yield plain


def _written_in(cls: type) -> Iterator[FunctionType]:
    """Those of its functions that stand in its body."""
    return (f for f in own_functions(cls) if f.__qualname__.startswith(f"{cls.__qualname__}."))


def _file_of(cls: type) -> tuple[str, dict[str, object]]:
    for function in _written_in(cls):
        return function.__code__.co_filename, function.__globals__
    module = sys.modules.get(cls.__module__)
    return getattr(module, "__file__", None) or "", vars(module) if module else {}


class _File:
    """The definitions of a file: classes by qualified name, functions by the line they begin on."""

    def __init__(self, tree: ast.Module) -> None:
        self.classes: dict[str, list[ast.ClassDef]] = {}
        self.functions: dict[int, list[Function]] = {}
        left: list[tuple[str, ast.AST]] = [("", tree)]
        while left:
            path, node = left.pop()
            for child in ast.iter_child_nodes(node):
                inside = path
                if isinstance(child, ast.ClassDef):
                    self.classes.setdefault(path + child.name, []).append(child)
                    inside = f"{path}{child.name}."
                elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                    line = min([child.lineno, *(d.lineno for d in child.decorator_list)])
                    self.functions.setdefault(line, []).append(child)
                    inside = f"{path}{child.name}.<locals>."
                elif isinstance(child, ast.Lambda):
                    self.functions.setdefault(child.lineno, []).append(child)
                left.append((inside, child))
