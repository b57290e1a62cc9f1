"""What gives events their meaning for an aggregate: `apply`, and what it reaches in the class and its bases."""

import ast
import inspect
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from types import CellType, FunctionType
from typing import NamedTuple, Protocol

import msgspec

from eventfold.aggregates.normal import normal
from eventfold.aggregates.source import Function, Sources, functions_in, own_functions
from eventfold.events.event import Event

_OWN_KEYWORDS = frozenset({"category", "snapshot_every", "snapshot_version"})


class Rules(NamedTuple):
    """Code in its normal form.

    Attributes:
        texts: of every statement that counts.
        unseen: what counts and has no source, for people.
    """

    texts: list[str]
    unseen: list[str]


def bases_of(cls: type, base: type) -> list[type]:
    """The classes that an aggregate consists of, itself first, without those of `base`."""
    return [one for one in cls.__mro__ if one not in base.__mro__ and one is not Protocol]


def rules_of(cls: type, base: type, declared: Collection[str], sources: Sources) -> Rules:
    """The code behind `apply`.

    What runs when the class is made counts always: it may give the class anything. Of methods, properties and nested
    classes those count that are reached: a name that code which counts mentions after a dot is reached where the class
    or a base binds it, rather too much than too little. Where `self` goes elsewhere whole (`getattr(self, name)`,
    `helper(self)`, `self.__dict__`), all counts.

    Args:
        cls: a subclass of `base`.
        base: `Aggregate`.
        declared: the names of its state, which counts by type and value instead.
        sources: where it is looked up.
    """
    statements: list[_Statement] = []
    unseen: list[str] = []
    for one in bases_of(cls, base):
        nodes = sources.classes(one)
        if not nodes:
            unseen.append(one.__qualname__)
        for node in nodes:
            statements += _of_the_class_line(node)
            statements += [_statement(s) for s in node.body if not _says_nothing(s, declared)]
            statements += _given(one, node, sources)
    return Rules([normal(s.node) for s in _reached(statements)], unseen)


def upcasters_of(events: Iterable[type[Event]], sources: Sources) -> Rules:
    """The code that turns stored data into the events that `apply` gets: upcasters, and methods of the events."""
    texts: list[str] = []
    unseen: list[str] = []
    for event in sorted(events, key=lambda event: event.stored_name):
        for version in range(1, event.schema_version):
            found = list(_code(event.upcasters.get(version), sources, set()))
            if None in found:
                unseen.append(f"the upcaster of {event.stored_name} version {version}")
            texts += [f"{event.stored_name} {version}", *filter(None, found)]
        for one in event.__mro__[: event.__mro__.index(Event)]:
            texts += [normal(node) for f in own_functions(one) for node in sources.functions(f)]
    return Rules(texts, unseen)


def _code(value: object, sources: Sources, seen: set[int]) -> Iterator[str | None]:
    """The code of a function, and what it was made with (`renamed("a", "b")`); None for what cannot be read."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, FunctionType):
        function = inspect.unwrap(value)
        yield from map(normal, sources.functions(function)) if sources.functions(function) else (None,)
        for _, cell in sorted(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)):
            yield from _code(_content(cell), sources, seen)
    elif isinstance(value, partial):
        for part in (value.func, list(value.args), value.keywords):
            yield from _code(part, sources, seen)
    elif isinstance(value, type):
        yield value.__qualname__
    else:
        try:
            yield msgspec.json.encode(value, order="deterministic").decode()
        except (TypeError, ValueError, RecursionError):
            yield None


def _content(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # empty as yet
        return None


class _Statement(NamedTuple):
    """A statement of a class body.

    Attributes:
        node: itself.
        binds: the names that it gives to the class.
        mentions: names that may be of the class.
        joins: names to whose meaning it adds, as `@total.setter` does.
        whole: it may reach anything.
        always: it counts whether it is reached or not.
    """

    node: ast.AST
    binds: frozenset[str]
    mentions: frozenset[str]
    joins: frozenset[str] = frozenset()
    whole: bool = False
    always: bool = False


def _statement(node: ast.AST) -> _Statement:
    inside = list(ast.walk(node))
    dotted = {n.attr for n in inside if isinstance(n, ast.Attribute)}
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        beside = _names(node.decorator_list)
        around = beside | _names([*node.args.defaults, *node.args.kw_defaults])
        names = frozenset({node.name}), frozenset(dotted | around), frozenset(beside)
        return _Statement(node, *names, _gives_self_away(node))
    nested = isinstance(node, ast.ClassDef)
    methods = ast.Lambda if nested else ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef
    whole = any(_gives_self_away(n) for n in inside if isinstance(n, methods))
    named = {n.id for n in inside if isinstance(n, ast.Name)}
    made = {n.name for n in inside if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    bound = made | {n.id for n in inside if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    always = isinstance(node, ast.stmt) and not nested
    return _Statement(node, frozenset(bound), frozenset(dotted | named), whole=whole, always=always)


def _of_the_class_line(node: ast.ClassDef) -> Iterator[_Statement]:
    """Decorators and keywords of a class may do anything to it; those of `Aggregate` itself count by their values."""
    if node.decorator_list:
        yield _statement(ast.Expr(ast.Tuple(list(node.decorator_list))))
    if keywords := [word for word in node.keywords if word.arg not in _OWN_KEYWORDS]:
        yield _statement(ast.Expr(ast.Call(ast.Name("class", ast.Load()), [], keywords)))


def _given(cls: type, node: ast.ClassDef, sources: Sources) -> Iterator[_Statement]:
    """Functions written elsewhere that a class has under a name of its body: `apply = shared_apply`."""
    for statement in node.body:
        for name in _statement(statement).binds if isinstance(statement, ast.Assign | ast.AnnAssign) else ():
            for function in functions_in(vars(cls).get(name)):
                for found in sources.functions(function):
                    if not (isinstance(found, ast.Lambda) and node.lineno <= found.lineno <= _end(node)):
                        yield _statement(found)._replace(binds=frozenset({name}))


def _reached(statements: Sequence[_Statement]) -> Iterator[_Statement]:
    """What counts, in the order of the text: all that is reached from `apply`, and from what Python calls by itself."""
    names = {"apply"} | {n for s in statements for n in s.binds if _is_special(n)}
    everything = frozenset(name for s in statements for name in s.binds)
    while True:
        inside = [s for s in statements if s.always or names & (s.binds | s.joins)]
        more = {
            name for s in inside for name in (everything if s.whole else s.mentions | s.binds)
        } & everything
        if more <= names:
            return iter(inside)
        names |= more


def _gives_self_away(function: Function) -> bool:
    """Whether the first argument of a method is used for more than its attributes of ordinary names."""
    parameters = [*function.args.posonlyargs, *function.args.args]
    decorators = [] if isinstance(function, ast.Lambda) else function.decorator_list
    if not parameters or "staticmethod" in _names(decorators):
        return False
    inside = [node for part in _bodies(function) for node in ast.walk(part)]
    used = [n for n in inside if isinstance(n, ast.Name) and n.id in {parameters[0].arg, "__class__"}]
    dotted = [n.value for n in inside if isinstance(n, ast.Attribute) and not _is_special(n.attr)]
    return any(all(n is not value for value in dotted) for n in used)


def _bodies(function: Function) -> Sequence[ast.AST]:
    return [function.body] if isinstance(function, ast.Lambda) else function.body


def _says_nothing(node: ast.stmt, declared: Collection[str]) -> bool:
    """Whether a statement is no code, or declares an attribute of the state and does nothing else."""
    if isinstance(node, ast.AnnAssign):
        state = isinstance(node.target, ast.Name) and node.target.id in declared
        return node.value is None or (state and not any(isinstance(n, ast.NamedExpr) for n in ast.walk(node)))
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _names(nodes: Iterable[ast.AST | None]) -> set[str]:
    return {n.id for node in nodes if node is not None for n in ast.walk(node) if isinstance(n, ast.Name)}


def _end(node: ast.ClassDef) -> int:
    return node.end_lineno or node.lineno
