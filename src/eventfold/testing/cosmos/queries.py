"""Handlers of queries: which documents a request means, its pages, its plan. The language itself stands in `sql`.

A request means one logical partition, a part of the ring, or everything. Over several physical partitions only what
can be put together page after page is answered; for the rest the client is sent to the plan, as by the service.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from eventfold.testing.cosmos import charges, keys
from eventfold.testing.cosmos.container import Container
from eventfold.testing.cosmos.documents import Document, Range
from eventfold.testing.cosmos.indexing import unsortable
from eventfold.testing.cosmos.resources import listed
from eventfold.testing.cosmos.sql.evaluating import Evaluator
from eventfold.testing.cosmos.sql.parser import parse
from eventfold.testing.cosmos.sql.planning import planned
from eventfold.testing.cosmos.sql.running import Placed, rows, streams
from eventfold.testing.cosmos.sql.tree import (
    Binary,
    Expression,
    Literal,
    NotUnderstood,
    Parameter,
    Query,
    path_of,
)
from eventfold.testing.cosmos.wire import Answer, bad, dumps, gone
from eventfold.testing.cosmos.work import Work

_PAGE = 1000
_LARGEST = 4 * 1024 * 1024
_EVERYTHING = {"query": "SELECT * FROM c"}


@dataclass(slots=True)
class Asked:
    """A query with its parameters, and what tells its continuations from others'."""

    query: Query
    parameters: dict[str, Any]
    mark: str


@dataclass(slots=True)
class Scope:
    """What a request means: a part of the ring, or one logical partition in it."""

    low: str
    high: str
    key: str | None = None


def plan(work: Work) -> Answer:
    """POST .../docs with the header of a plan."""
    asked = _asked(work, work.request.json())
    container = work.container()
    try:
        _check_order(container, asked)
        found = planned(asked.query, asked.parameters)
    except NotUnderstood as error:
        raise bad(str(error)) from error
    values = _filtered_key(container, asked)
    if values is not None:
        place = keys.place(values, hierarchical=container.hierarchical)
        found["queryRanges"] = [{"min": place, "max": place, "isMinInclusive": True, "isMaxInclusive": True}]
    return work.answer(200, found)


def read_all(work: Work) -> Answer:
    """GET .../docs: every document."""
    return _answered(work, _EVERYTHING, across=True)


def query(work: Work) -> Answer:
    """POST .../docs with a query."""
    return _answered(
        work, work.request.json(), across=work.request.says("x-ms-documentdb-query-enablecrosspartition")
    )


def _answered(work: Work, body: Any, *, across: bool) -> Answer:
    container = work.container()
    asked = _asked(work, body)
    try:
        with container.lock:
            _check_order(container, asked)
            scope = _scope(work, container, asked, across=across)
            return _paged(work, container, asked, scope)
    except NotUnderstood as error:
        raise bad(str(error)) from error


def _asked(work: Work, body: Any) -> Asked:
    if isinstance(body, str):
        body = {"query": body}
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise bad("The request body is no query.")
    try:
        parsed = parse(body["query"])
    except NotUnderstood as error:
        raise bad(str(error)) from error
    parameters = {each["name"]: each.get("value") for each in body.get("parameters") or []}
    mark = hashlib.sha256(
        dumps([body["query"], parameters, work.request.header("x-ms-documentdb-partitionkey")])
    )
    return Asked(parsed, parameters, mark.hexdigest()[:16])


def _check_order(container: Container, asked: Asked) -> None:
    reason = unsortable(container.definition["indexingPolicy"], asked.query)
    if reason:
        raise NotUnderstood(reason)


def _scope(work: Work, container: Container, asked: Asked, *, across: bool) -> Scope:
    values = work.key(container)
    if values is not None:
        if len(values) == len(container.paths):
            place = keys.place(values, hierarchical=container.hierarchical)
            return Scope(place, f"{place}0", keys.key_text(values))
        low = keys.place(values, hierarchical=True)
        return Scope(low, f"{low}FF")
    range_id = work.request.header("x-ms-documentdb-partitionkeyrangeid")
    if range_id:
        one = container.range_of_id(range_id)
        low = work.request.header("x-ms-start-epk") or one.low
        high = work.request.header("x-ms-end-epk") or one.high
        if low < one.low or high > one.high:
            raise gone(range_id)
        return Scope(low, high)
    if work.request.header("x-ms-start-epk") or work.request.header("x-ms-end-epk"):
        return _gathered(
            container,
            asked,
            work.request.header("x-ms-start-epk"),
            work.request.header("x-ms-end-epk") or keys.HIGHEST,
        )
    filtered = _filtered_key(container, asked)
    if filtered is not None:
        place = keys.place(filtered, hierarchical=container.hierarchical)
        return Scope(place, f"{place}0", keys.key_text(filtered))
    if not across:
        raise bad(
            "Cross partition query is required but disabled. Please set x-ms-documentdb-query-enablecrosspartition "
            "to true, specify x-ms-documentdb-partitionkey, or revise your query to avoid this exception."
        )
    return _gathered(container, asked, keys.LOWEST, keys.HIGHEST)


def _gathered(container: Container, asked: Asked, low: str, high: str) -> Scope:
    if len(container.overlapping(low, high)) > 1 and not streams(asked.query):
        raise bad("The provided cross partition query can not be directly served by the gateway.", 1004)
    return Scope(low, high)


def _filtered_key(container: Container, asked: Asked) -> list[Any] | None:
    """The partition key, if the condition of the query names one value for every part of it."""
    found: dict[tuple[str, ...], Any] = {}
    runner = Evaluator(asked.parameters)

    def look(expression: Expression | None) -> None:
        if not isinstance(expression, Binary):
            return
        if expression.operator == "AND":
            look(expression.left)
            look(expression.right)
        elif expression.operator == "=":
            for one, other in ((expression.left, expression.right), (expression.right, expression.left)):
                path = path_of(one)
                if path and isinstance(other, Literal | Parameter):
                    found.setdefault(path, runner.value(other, None))

    look(asked.query.where)
    values = [found.get(tuple(path), keys.UNDEFINED) for path in container.paths]
    return None if any(isinstance(value, dict | list) for value in values) else values


def _paged(work: Work, container: Container, asked: Asked, scope: Scope) -> Answer:
    size = int(work.request.header("x-ms-max-item-count") or _PAGE)
    size = size if size > 0 else _PAGE
    start = _continued(work, asked)
    looked_at = 0

    def documents(low: str, high: str, after: int) -> Iterator[Placed]:
        nonlocal looked_at
        for document, horizon in _documents(work, container, scope, low, high, after):
            version = document.at(horizon)
            if version is not None and version.body is not None:
                looked_at += 1
                yield document.sequence, version.body

    page: list[bytes] = []
    weight = 0
    more: dict[str, Any] | None = None
    if streams(asked.query):
        low, high, after = start.get("low", ""), start.get("high", ""), start.get("after", 0)
        while more is None and (low := max(low, scope.low)) < scope.high:
            if not high:
                high = min(container.covering(low).high, scope.high)
            for number, row in rows(asked.query, asked.parameters, documents(low, high, after)):
                if len(page) >= size or weight > _LARGEST:
                    more = {"low": low, "high": high, "after": after}
                    break
                page.append(dumps(row))
                weight += len(page[-1])
                after = number
            else:
                low, high, after = high, "", 0
    else:
        done = start.get("done", 0)
        everything = [
            row for _, row in rows(asked.query, asked.parameters, documents(scope.low, scope.high, 0))
        ]
        for row in everything[done:]:
            if len(page) >= size or weight > _LARGEST:
                more = {"done": done + len(page)}
                break
            page.append(dumps(row))
            weight += len(page[-1])
    if work.range is None:
        work.horizon(container.covering(scope.low))
    work.charge = charges.query(looked_at, weight)
    body = b'{"_rid":"%b","Documents":[%b],"_count":%d}' % (
        container.rid.encode(),
        b",".join(page),
        len(page),
    )
    headers = {} if more is None else {"x-ms-continuation": _token(asked, more)}
    if work.request.says("x-ms-documentdb-populatequerymetrics"):
        headers["x-ms-documentdb-query-metrics"] = (
            f"retrievedDocumentCount={looked_at};outputDocumentCount={len(page)}"
        )
    return work.answer(200, body, x_ms_item_count=str(len(page)), **headers)


def _documents(
    work: Work, container: Container, scope: Scope, low: str, high: str, after: int
) -> Iterator[tuple[Document, int]]:
    if scope.key is not None:
        one = container.covering(scope.low)
        horizon = work.horizon(one)
        logical = one.logicals.get(scope.key)
        for document in list(logical.documents.values()) if logical is not None else []:
            if document.sequence > after:
                yield document, horizon
        return
    parts: list[tuple[Range, int]] = [(one, work.horizon(one)) for one in container.overlapping(low, high)]
    found = [
        (document, horizon)
        for one, horizon in parts
        for document in one.listed(after)
        if low <= document.logical.place < high
    ]
    if len(parts) > 1:
        found.sort(key=lambda pair: pair[0].sequence)
    yield from found


def _continued(work: Work, asked: Asked) -> dict[str, Any]:
    header = work.request.header("x-ms-continuation")
    if not header:
        return {}
    try:
        token = json.loads(base64.b64decode(header, validate=True))
        if token["mark"] == asked.mark:
            return dict(token["at"])
    except (ValueError, KeyError, TypeError) as error:
        raise bad("Invalid continuation token.") from error
    raise bad("Invalid continuation token: it belongs to another query.")


def _token(asked: Asked, at: dict[str, Any]) -> str:
    return base64.b64encode(dumps({"mark": asked.mark, "at": at})).decode()


def listing(work: Work) -> Answer:
    """Queries over databases or containers: filters of one id or none."""
    body = work.request.json()
    if work.address.kind == "dbs":
        name, rid = "Databases", ""
        found = [each.properties() for each in list(work.account.databases.values())]
    else:
        home = work.account.database(work.address.names[0])
        name, rid = "DocumentCollections", home.rid
        found = [each.definition for each in list(home.containers.values())]
    asked = _asked(work, body)
    try:
        kept = [row for _, row in rows(asked.query, asked.parameters, enumerate(found))]
    except NotUnderstood as error:
        raise bad(str(error)) from error
    return listed(work, name, rid, kept)
