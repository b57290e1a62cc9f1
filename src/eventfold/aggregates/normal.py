"""The normal form of code: its syntax tree as text, equal in every Python that runs the code.

Comments, formatting, quotes and docstrings are not in it. `ast.dump` and `ast.unparse` are no such form: fields come
and go, tuples get other parentheses, and text that one release can print another escapes.
"""

import ast
from collections.abc import Iterator

Piece = ast.AST | list[object] | str
_UNSAID = {"ctx", "kind", "type_comment"}


def normal(node: ast.AST) -> str:
    """The text of a node; without recursion, since expressions may be deeper than the stack."""
    found: list[str] = []
    left: list[Piece] = [node]
    while left:
        one = left.pop()
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, list):
            left += ["]", *map(_piece, reversed(one)), "["]
        else:
            fields = list(_fields(one))
            left.append(")")
            for name, value in reversed(fields):
                left += [_piece(value), f"{name}="]
            left.append(f"{type(one).__name__}(")
    return " ".join(found)


def _piece(value: object) -> Piece:
    # ascii, because which characters repr prints as they are differs with the release's Unicode tables
    return value if isinstance(value, ast.AST | list) else ascii(value)


def _fields(node: ast.AST) -> Iterator[tuple[str, object]]:
    """What a node says; a field that a later release adds is empty in older code, and left out."""
    for name, value in ast.iter_fields(node):
        said = value
        if name == "body" and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            said = value[1:] if _is_docstring(value[0]) else value
        elif isinstance(node, ast.JoinedStr):
            said = _joined(value)
        elif isinstance(value, ast.JoinedStr) and name == "format_spec" and not _joined(value.values):
            continue
        if name not in _UNSAID and said is not None and said != []:
            yield name, said


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _joined(values: list[ast.expr]) -> list[object]:
    """The parts of an f-string, its text in one piece between two values: releases cut it in different places."""
    found: list[object] = []
    for value in values:
        if not isinstance(value, ast.Constant):
            found += _joined(value.values) if isinstance(value, ast.JoinedStr) else [value]
        elif found and isinstance(found[-1], str):
            found[-1] += str(value.value)
        elif value.value:
            found.append(str(value.value))
    return found
