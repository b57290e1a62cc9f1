"""Handlers of queries: their pages and their plans. The language itself stands in `sql`, what is meant in `scopes`.

Over several physical partitions only what can be put together page after page is answered, one partition in a page;
for the rest the client is sent to the plan, as by the service.
"""

from collections.abc import Iterator
from typing import Any

from eventfold.testing.cosmos.answering import charges
from eventfold.testing.cosmos.answering.resources import listed
from eventfold.testing.cosmos.answering.scopes import Asked, Scope, asked, filtered_key, scope
from eventfold.testing.cosmos.answering.work import Work
from eventfold.testing.cosmos.sql.planning import planned
from eventfold.testing.cosmos.sql.running import Placed, rows, streams
from eventfold.testing.cosmos.sql.tree import Call, Literal, NotUnderstood, Query
from eventfold.testing.cosmos.storage import keys
from eventfold.testing.cosmos.storage.container import Container
from eventfold.testing.cosmos.storage.indexing import unsortable
from eventfold.testing.cosmos.wire import bad
from eventfold.testing.door.wire import Answer, dumps

_PAGE = 1000
_LARGEST = 4 * 1024 * 1024
_EVERYTHING = {"query": "SELECT * FROM c"}
_METRICS = "x-ms-documentdb-query-metrics"


def query(work: Work) -> Answer:
    """POST .../docs with a query."""
    across = work.request.says("x-ms-documentdb-query-enablecrosspartition")
    return _answered(work, work.request.json(), across=across)


def read_all(work: Work) -> Answer:
    """GET .../docs: every document."""
    return _answered(work, _EVERYTHING, across=True)


def plan(work: Work) -> Answer:
    """POST .../docs with the header of a plan."""
    wanted = asked(work.request.json())
    container = work.container()
    try:
        _check_order(container, wanted)
        found = planned(wanted.query, wanted.parameters)
        values = filtered_key(container, wanted)
    except NotUnderstood as error:
        raise bad(str(error)) from error
    if values is not None:
        place = keys.place(values, hierarchical=container.hierarchical)
        found["queryRanges"] = [{"min": place, "max": place, "isMinInclusive": True, "isMaxInclusive": True}]
    return work.answer(200, found)


def listing(work: Work) -> Answer:
    """Queries over databases or containers."""
    if work.address.kind == "dbs":
        name, rid = "Databases", ""
        found = [each.properties() for each in list(work.account.databases.values())]
    else:
        home = work.account.database(work.address.names[0])
        name, rid = "DocumentCollections", home.rid
        found = [each.definition for each in list(home.containers.values())]
    wanted = asked(work.request.json())
    try:
        kept = [row for _, row in rows(wanted.query, wanted.parameters, enumerate(found))]
    except NotUnderstood as error:
        raise bad(str(error)) from error
    return listed(work, name, rid, kept)


def _answered(work: Work, body: Any, *, across: bool) -> Answer:
    container = work.container()
    wanted = asked(body)
    try:
        with container.lock:
            _check_order(container, wanted)
            return _paged(work, container, wanted, scope(work, container, wanted, across=across))
    except NotUnderstood as error:
        raise bad(str(error)) from error


def _check_order(container: Container, wanted: Asked) -> None:
    reason = unsortable(container.definition["indexingPolicy"], wanted.query)
    if reason:
        raise NotUnderstood(reason)


class _Page:
    """Rows of one answer, until it is full."""

    def __init__(self, work: Work) -> None:
        size = int(work.request.header("x-ms-max-item-count") or _PAGE)
        self._size = size if size > 0 else _PAGE
        self.rows: list[bytes] = []
        self.weight = 0
        self.looked_at = 0

    def takes(self, row: Any) -> bool:
        """Takes a row if there is room."""
        if len(self.rows) >= self._size or self.weight > _LARGEST:
            return False
        self.rows.append(dumps(row))
        self.weight += len(self.rows[-1])
        return True


def _paged(work: Work, container: Container, wanted: Asked, meant: Scope) -> Answer:
    start = wanted.place(work.request.header("x-ms-continuation"))
    page = _Page(work)

    def documents(low: str, high: str, after: int) -> Iterator[Placed]:
        for document, horizon in meant.documents(work, container, low, high, after):
            version = document.at(horizon)
            if version is not None and version.body is not None:
                page.looked_at += 1
                yield document.sequence, version.body

    if streams(wanted.query):
        # after a split both children are asked on with the parent's continuation: each takes its own part
        low = max(start.get("low", ""), meant.low)
        high = min(start.get("high") or container.covering(low).high, meant.high)
        after = start.get("after", 0)
        more: dict[str, Any] | None = {"low": high} if high < meant.high else None
        for number, row in rows(wanted.query, wanted.parameters, documents(low, high, after)):
            if not page.takes(row):
                more = {"low": low, "high": high, "after": after}
                break
            after = number
    else:
        done = start.get("done", 0)
        found = rows(wanted.query, wanted.parameters, documents(meant.low, meant.high, 0))
        more = None
        for at, (_, row) in enumerate(found):
            if at >= done and not page.takes(row):
                more = {"done": at}
                break
    return _sent(work, container, wanted, page, more, meant)


def _sent(
    work: Work, container: Container, wanted: Asked, page: _Page, more: dict[str, Any] | None, meant: Scope
) -> Answer:
    if work.range is None:
        work.horizon(container.covering(meant.low))
    looked_at = 0 if _only_counts(wanted.query) else page.looked_at
    work.charge = charges.query(looked_at, page.weight)
    headers = {} if more is None else {"x-ms-continuation": wanted.token(more)}
    if work.request.says("x-ms-documentdb-populatequerymetrics"):
        headers[_METRICS] = (
            f"retrievedDocumentCount={looked_at};retrievedDocumentSize={page.weight if looked_at else 0};"
            f"outputDocumentCount={len(page.rows)};outputDocumentSize={page.weight};indexUtilizationRatio=1.00"
        )
    count = len(page.rows)
    body = b'{"_rid":"%b","Documents":[%b],"_count":%d}' % (
        container.rid.encode(),
        b",".join(page.rows),
        count,
    )
    return work.answer(200, body, x_ms_item_count=str(count), **headers)


def _only_counts(wanted: Query) -> bool:
    """Whether a query counts everything, which the index alone answers."""
    calls = [item.expression for item in wanted.items]
    return wanted.where is None and calls == [Call("COUNT", (Literal(1),))]
