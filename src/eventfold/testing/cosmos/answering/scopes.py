"""What a query asks and of which documents: the query with its parameters, and a part of the ring.

A request means one logical partition, a part of one physical partition, or everything. Pages are cut in `queries`.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from eventfold.testing.cosmos.answering.work import Work
from eventfold.testing.cosmos.sql.evaluating import Evaluator
from eventfold.testing.cosmos.sql.parser import parse
from eventfold.testing.cosmos.sql.running import streams
from eventfold.testing.cosmos.sql.tree import (
    Binary,
    Expression,
    Literal,
    NotUnderstood,
    Parameter,
    Query,
    path_of,
)
from eventfold.testing.cosmos.storage import keys
from eventfold.testing.cosmos.storage.container import Container
from eventfold.testing.cosmos.storage.documents import Document
from eventfold.testing.cosmos.wire import bad, gone
from eventfold.testing.door.wire import dumps

_DISABLED = (
    "Cross partition query is required but disabled. Please set x-ms-documentdb-query-enablecrosspartition to true, "
    "specify x-ms-documentdb-partitionkey, or revise your query to avoid this exception."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A query with its parameters, and the mark that tells its continuations from others'."""

    query: Query
    parameters: dict[str, Any]
    mark: str

    def token(self, at: dict[str, Any]) -> str:
        """The continuation that leads to a place."""
        return base64.b64encode(dumps({"mark": self.mark, "at": at})).decode()

    def place(self, token: str) -> dict[str, Any]:
        """The place that a continuation leads to; nothing for the start.

        Raises:
            Refused: 400, it is none of this query.
        """
        if not token:
            return {}
        try:
            read = json.loads(base64.b64decode(token, validate=True))
            if read["mark"] == self.mark:
                return dict(read["at"])
        except (ValueError, KeyError, TypeError) as error:
            raise bad("Invalid continuation token.") from error
        raise bad("Invalid continuation token: it belongs to another query.")


@dataclass(frozen=True, slots=True)
class Scope:
    """A part of the ring, or one logical partition in it."""

    low: str
    high: str
    key: str | None = None

    def documents(
        self, work: Work, container: Container, low: str, high: str, after: int
    ) -> Iterator[tuple[Document, int]]:
        """The documents with higher numbers, each with the LSN up to which its replica sees."""
        if self.key is not None:
            one = container.covering(self.low)
            horizon = work.horizon(one)
            logical = one.logicals.get(self.key)
            for document in logical.documents.values() if logical is not None else ():
                if document.sequence > after:
                    yield document, horizon
            return
        parts = [(one, work.horizon(one)) for one in container.overlapping(low, high)]
        found = [
            (document, horizon)
            for one, horizon in parts
            for document in one.listed(after)
            if low <= document.logical.place < high
        ]
        if len(parts) > 1:
            found.sort(key=lambda pair: pair[0].sequence)
        yield from found


def asked(body: Any) -> Asked:
    """The query in a request.

    Raises:
        Refused: 400, it is not understood.
    """
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise bad("The request body is no query.")
    try:
        parsed = parse(body["query"])
    except NotUnderstood as error:
        raise bad(str(error)) from error
    parameters = {each["name"]: each.get("value") for each in body.get("parameters") or []}
    mark = hashlib.sha256(dumps([body["query"], parameters]))
    return Asked(parsed, parameters, mark.hexdigest()[:16])


def scope(work: Work, container: Container, query: Asked, *, across: bool) -> Scope:
    """What a request means.

    Raises:
        Refused: 400 where several partitions are meant and may not be, 400/1004 where the client must ask for the
            plan, 410 where a range is gone.
    """
    values = work.key(container)
    if values is not None and len(values) == len(container.paths):
        return _of_key(container, values)
    if values is not None:
        low = keys.place(values, hierarchical=True)
        return Scope(low, f"{low}FF")
    low, high = work.request.header("x-ms-start-epk"), work.request.header("x-ms-end-epk")
    range_id = work.request.header("x-ms-documentdb-partitionkeyrangeid")
    if range_id:
        one = container.range_of_id(range_id)
        low, high = low or one.low, high or one.high
        if low < one.low or high > one.high:
            raise gone(range_id)
        return Scope(low, high)
    if low or high:
        return _gathered(query, low, high or keys.HIGHEST)
    filtered = filtered_key(container, query)
    if filtered is not None and (streams(query.query) or not across):
        return _of_key(container, filtered)
    if not across:
        raise bad(_DISABLED)
    return _gathered(query, keys.LOWEST, keys.HIGHEST)


def filtered_key(container: Container, query: Asked) -> list[Any] | None:
    """The partition key, if the condition of a query names one value for every path of it."""
    found: dict[tuple[str, ...], Any] = {}
    runner = Evaluator(query.parameters)

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

    look(query.query.where)
    values = [found.get(tuple(path), keys.UNDEFINED) for path in container.paths]
    return None if any(isinstance(value, dict | list) for value in values) else values


def _of_key(container: Container, values: list[Any]) -> Scope:
    place = keys.place(values, hierarchical=container.hierarchical)
    return Scope(place, f"{place}0", keys.key_text(values))


def _gathered(query: Asked, low: str, high: str) -> Scope:
    if not streams(query.query):  # with a single physical partition too
        raise bad("The provided cross partition query can not be directly served by the gateway.", 1004)
    return Scope(low, high)
