"""The normal form of code is equal in every Python: what one release of Python kept, another believes.

The hashes were made once. They hold in each Python that runs these tests.
"""

import ast
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from eventfold.aggregates.normal import normal
from tests.aggregates.written import imported

FOLDER = Path(__file__).parent
WANTED = {
    "f_strings": "558d832929427667",
    "texts": "05596f8e4054260f",
    "numbers": "b8139787b7c3caf3",
    "matched": "8a30935cdf5583fd",
    "walrus": "5f349862fe99c53f",
    "lambdas": "efa69a1b3bd3f217",
    "stars": "877911c583864787",
    "yields": "74e1e89c6166483f",
    "decorated": "e5743e70341f23ea",
    "contexts": "99810611dee9032a",
    "asynchronous": "9bc6656a97e208e5",
    "tries": "88430733a76f1e41",
    "operators": "73fc124fbf980472",
    "comprehensions": "8a95defa3be3c19e",
    "flow": "79cff39ab5b673c0",
    "nothing": "954266ed98ce3e5b",
    "a_name": "ee0cb7fc15c662ba",
}
WANTED_312 = {
    "generic": "149cc77d263f00a6",
    "quotes": "e1d7be43f32b924f",
    "same_quotes": "444fe8058e1bf9a5",
}
BILL = "4d3e1f288cbd1188b2f3b6d766665b605afc1724583110133e3bc27f28a4235d"


def corpus(name: str) -> Iterator[ast.stmt]:
    yield from ast.parse((FOLDER / name).read_text("utf-8")).body


def hashes(name: str) -> dict[str, str]:
    return {
        getattr(node, "name", "?"): sha256(normal(node).encode("ascii")).hexdigest()[:16]
        for node in corpus(name)
    }


def form(text: str) -> str:
    return normal(ast.parse(text))


def test_the_corpus_has_the_form_that_every_python_gives_it() -> None:
    assert hashes("corpus.txt") == WANTED


@pytest.mark.skipif(sys.version_info < (3, 12), reason="written in what Python 3.12 brought")
def test_newer_code_has_one_form_too() -> None:
    assert hashes("corpus312.txt") == WANTED_312


def test_an_aggregate_has_the_fingerprint_that_every_python_gives_it(tmp_path: Path) -> None:
    assert imported(tmp_path).Bill.definition.fingerprint == BILL


def test_the_corpus_has_every_construct() -> None:
    found = {type(node) for statement in corpus("corpus.txt") for node in ast.walk(statement)}
    abstract = {
        ast.mod,
        ast.expr,
        ast.stmt,
        ast.expr_context,
        ast.boolop,
        ast.operator,
        ast.unaryop,
        ast.cmpop,
    }
    abstract |= {ast.excepthandler, ast.pattern, ast.type_ignore, ast.slice}
    named = {getattr(ast, name) for name in NODES.split()}
    assert named - found - abstract == set()


NODES = """
And Or Add Sub Mult MatMult Div Mod Pow LShift RShift BitOr BitXor BitAnd FloorDiv Invert Not UAdd
USub Eq NotEq Lt LtE Gt Is IsNot In NotIn BoolOp NamedExpr BinOp UnaryOp Lambda IfExp Dict Set
ListComp SetComp DictComp GeneratorExp Await Yield YieldFrom Compare Call FormattedValue JoinedStr
Constant Attribute Subscript Starred Name List Tuple Slice FunctionDef AsyncFunctionDef ClassDef
Return Delete Assign AugAssign AnnAssign For AsyncFor While If With AsyncWith Match Raise Try
TryStar Assert Import ImportFrom Global Nonlocal Expr Pass Break Continue MatchValue MatchSingleton
MatchSequence MatchMapping MatchClass MatchStar MatchAs MatchOr
"""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 'a'", 'x = "a"  # said'),
        ("x = f'a{1}b'", 'x = "a" f"{1}" "b"'),
        ("x = f'{a:}'", "x = f'{a}'"),
        ("def f():\n 'doc'\n return 1", 'def f():\n  """Other."""\n\n  return (1)'),
        ("with (a as b, c): pass", "with a as b, c: pass"),
        ("x = 1_000", "x = 0x3e8"),
        ("return_ = (1, 2)", "return_ = 1, 2"),
    ],
)
def test_what_means_the_same_has_one_form(one: str, other: str) -> None:
    assert form(one) == form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 'a'", "x = b'a'"),
        ("x = 1", "x = True"),
        ("x = 1", "x = 1.0"),
        ("x = None", "x = 'None'"),
        ("x = 'y'", "x = y"),
        ("x = f'{a}'", "x = f'{a!r}'"),
        ("x = f'{a}{b}'", "x = f'{a} {b}'"),
        ("x = f'a'", "x = f'{a}'"),
        ("return_ = a - (b - c)", "return_ = a - b - c"),
        ("if a: b\nelse: c", "if a: b\nc"),
        ("f(a, *b)", "f(a, b)"),
        ("f(a=1)", "f(b=1)"),
        ("x = {**a}", "x = {None: a}"),
        ("x: int", "x: int = None"),
        ("def f(a, /): pass", "def f(a): pass"),
        ("def f(a=1): pass", "def f(a, *, b=1): pass"),
        ("x = ['a', 'b']", "x = ['a b']"),
        ("x = [], 1", "x = [1]"),
    ],
)
def test_what_differs_in_meaning_differs_in_form(one: str, other: str) -> None:
    assert form(one) != form(other)


def test_an_expression_deeper_than_the_stack_has_a_form() -> None:
    assert form("x = " + " + ".join(["a"] * 1_200)).count("BinOp") == 1_199
