"""From a query and documents to rows. Which documents, and how rows are cut into pages, is the caller's.

A row is a place and a value. The place is the document's number, after which a continuation goes on; rows of sorted,
grouped or distinct queries have none, because they exist only as a whole.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from eventfold.testing.cosmos.sql.evaluating import Evaluator
from eventfold.testing.cosmos.sql.tree import (
    AGGREGATES,
    ArrayOf,
    Call,
    Expression,
    NotUnderstood,
    ObjectOf,
    Query,
    aggregates_in,
)
from eventfold.testing.cosmos.sql.values import UNDEFINED, compare, rank, sort_key

Placed = tuple[int, dict[str, Any]]
_NUMBER = 3


def streams(query: Query) -> bool:
    """Whether rows come out one by one as documents go in."""
    return not (
        query.order or query.groups or query.aggregates or query.distinct or query.offset or query.top
    )


def rows(
    query: Query, parameters: Mapping[str, Any], documents: Iterable[Placed]
) -> Iterator[tuple[int, Any]]:
    """The rows of a query over documents.

    Raises:
        NotUnderstood: something in the query is not known.
    """
    runner = Evaluator(parameters)
    kept = (
        placed for placed in documents if query.where is None or runner.value(query.where, placed[1]) is True
    )
    if query.groups or query.aggregates:
        found = _grouped(query, runner, [document for _, document in kept])
    else:
        found = _plain(query, runner, kept)
    if query.distinct:
        found = _distinct(found)
    yield from _cut(query, runner, found)


def _plain(query: Query, runner: Evaluator, kept: Iterator[Placed]) -> Iterator[tuple[int, Any]]:
    source: Iterable[Placed] = kept
    if query.order:
        held = list(kept)
        for ordered in reversed(query.order):  # stable: the last criterion first
            held.sort(
                key=lambda placed, by=ordered: sort_key(runner.value(by.expression, placed[1])),  # type: ignore[misc] # binds
                reverse=ordered.descending,
            )
        source = held
    for number, document in source:
        row = _projected(query, runner, document)
        if row is not UNDEFINED:
            yield number, row


def _projected(query: Query, runner: Evaluator, document: dict[str, Any]) -> Any:
    if not query.items:
        return document
    if query.value:
        return runner.value(query.items[0].expression, document)
    values = {item.name: runner.value(item.expression, document) for item in query.items}
    return {name: value for name, value in values.items() if value is not UNDEFINED}


def _distinct(found: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    seen: set[Any] = set()
    for number, row in found:
        key = _hashable(row)
        if key not in seen:
            seen.add(key)
            yield number, row


def _hashable(value: Any) -> Any:
    if isinstance(value, list):
        return (5, tuple(map(_hashable, value)))
    if isinstance(value, dict):
        return (6, frozenset((name, _hashable(item)) for name, item in value.items()))
    return (rank(value), value)


def _cut(query: Query, runner: Evaluator, found: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    skipped = runner.count(query.offset, "OFFSET") or 0
    counts = [runner.count(query.top, "TOP"), runner.count(query.limit, "LIMIT")]
    left = min((count for count in counts if count is not None), default=None)
    for number, row in found:
        if skipped:
            skipped -= 1
            continue
        if left is not None:
            if left == 0:
                return
            left -= 1
        yield number, row


def _grouped(query: Query, runner: Evaluator, documents: list[dict[str, Any]]) -> Iterator[tuple[int, Any]]:
    if query.order and query.groups:  # one row alone is in order
        raise NotUnderstood("ORDER BY together with GROUP BY is not known to the stand-in.")
    if not query.items:
        raise NotUnderstood("GROUP BY needs a list of what is selected.")
    groups: dict[Any, list[dict[str, Any]]] = {} if query.groups else {(): documents}
    for document in documents if query.groups else []:
        key = tuple(_hashable(runner.value(group, document)) for group in query.groups)
        groups.setdefault(key, []).append(document)
    for members in groups.values():
        values = {item.name: _over(item.expression, query, runner, members) for item in query.items}
        if query.value:
            (row,) = values.values()
            if row is not UNDEFINED:
                yield 0, row
        else:
            yield 0, {name: value for name, value in values.items() if value is not UNDEFINED}


def _over(expression: Expression, query: Query, runner: Evaluator, members: list[dict[str, Any]]) -> Any:
    match expression:
        case Call(name, arguments) if name in AGGREGATES:
            if len(arguments) != 1:
                raise NotUnderstood(f"{name} takes one argument.")
            return _aggregated(name, [runner.value(arguments[0], member) for member in members])
        case ArrayOf(items):
            inner = [_over(item, query, runner, members) for item in items]
            return [value for value in inner if value is not UNDEFINED]
        case ObjectOf(pairs):
            values = {name: _over(item, query, runner, members) for name, item in pairs}
            return {name: value for name, value in values.items() if value is not UNDEFINED}
    if aggregates_in(expression):
        raise NotUnderstood("Calculating with aggregates is not known to the stand-in.")
    if expression not in query.groups:
        raise NotUnderstood("What is selected beside aggregates must stand in GROUP BY.")
    return runner.value(expression, members[0])


def _aggregated(name: str, values: list[Any]) -> Any:
    defined = [value for value in values if value is not UNDEFINED]
    if name == "COUNT":
        return len(defined)
    if name in ("SUM", "AVG"):
        if any(rank(value) != _NUMBER for value in defined):
            return UNDEFINED
        if name == "SUM":
            return sum(defined) if defined else UNDEFINED
        return sum(defined) / len(defined) if defined else UNDEFINED
    best: Any = UNDEFINED
    for value in defined:
        order = compare(value, best)
        if best is UNDEFINED or (order < 0 if name == "MIN" else order > 0):
            best = value
    return best
