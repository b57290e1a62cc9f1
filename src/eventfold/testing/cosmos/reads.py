"""What is read of many documents: queries of a partition key or a range, and the change feed of a range."""

from functools import lru_cache
from typing import Any

from eventfold.testing.cosmos.answers import Answer, Refusal
from eventfold.testing.cosmos.container import Container, place_of
from eventfold.testing.cosmos.operations import session_headers
from eventfold.testing.cosmos.partition import Partition
from eventfold.testing.cosmos.request import Request
from eventfold.testing.cosmos.sql_parse import Query, parse
from eventfold.testing.cosmos.sql_run import run

PAGE = 100
_RANGE_ID = "x-ms-documentdb-partitionkeyrangeid"
_parse = lru_cache(maxsize=256)(parse)


def query(container: Container, request: Request, lag: int) -> Answer:
    """A page of a query; a continuation says where the next one begins."""
    asked = request.json()
    parsed: Query = _parse(asked["query"])
    partition, low, high = _scope(container, request)
    parameters = {p["name"]: p["value"] for p in asked.get("parameters") or []}
    upto = partition.visible(request.session, lag)
    rows = run(parsed, partition.documents(low, high, upto), parameters)
    start = int(request.header("x-ms-continuation", "0") or 0)
    size = int(request.header("x-ms-max-item-count", "0") or 0)
    page = rows[start : start + (size if size > 0 else PAGE)]
    headers = session_headers(partition, upto)
    if start + len(page) < len(rows):
        headers["x-ms-continuation"] = str(start + len(page))
    headers["x-ms-item-count"] = str(len(page))
    return Answer(body={"_rid": container.rid, "Documents": page, "_count": len(page)}, headers=headers)


def plan(request: Request) -> Answer:
    """How a query over several ranges is put together; only where nothing has to be merged."""
    parsed = _parse(request.json()["query"])
    if (
        parsed.order
        or parsed.group
        or parsed.top is not None
        or any(n[0] == "aggregate" for _, n in parsed.fields)
    ):
        raise Refusal(
            400, "The stand-in merges no ORDER BY, TOP or aggregate over several ranges: ask each range."
        )
    info: dict[str, Any] = {
        "distinctType": "None",
        "top": None,
        "offset": None,
        "limit": None,
        "orderBy": [],
        "orderByExpressions": [],
        "groupByExpressions": [],
        "groupByAliases": [],
        "aggregates": [],
        "groupByAliasToAggregateType": {},
        "rewrittenQuery": "",
        "hasSelectValue": parsed.value,
        "hasNonStreamingOrderBy": False,
    }
    whole = {"min": "", "max": "FF", "isMinInclusive": True, "isMaxInclusive": False}
    return Answer(body={"partitionedQueryExecutionInfoVersion": 2, "queryInfo": info, "queryRanges": [whole]})


def changes(container: Container, request: Request, lag: int) -> Answer:
    """A page of the change feed, latest versions; 304 with the place where nothing more is there."""
    if request.header("a-im").lower() not in {"incremental feed", ""}:
        raise Refusal(400, "The stand-in serves the incremental feed only.")
    partition, low, high = _scope(container, request)
    upto = partition.visible(request.session, lag)
    tag = request.header("if-none-match")
    if tag == "*":
        return Answer(status=304, headers=_feed_headers(partition, upto))
    after = int(tag.strip('"')) if tag else 0
    size = int(request.header("x-ms-max-item-count", "0") or 0)
    limit = size if size > 0 else PAGE
    page: list[dict[str, Any]] = []
    last = after
    for lsn, document in partition.changes(after, low, high, upto):
        if len(page) >= limit and lsn != last:
            break  # never inside a transaction, whatever was asked for
        page.append({**document, "_lsn": lsn})
        last = lsn
    if not page:
        return Answer(status=304, headers=_feed_headers(partition, max(upto, after)))
    headers = _feed_headers(partition, last)
    headers["x-ms-item-count"] = str(len(page))
    return Answer(body={"_rid": container.rid, "Documents": page, "_count": len(page)}, headers=headers)


def _feed_headers(partition: Partition, lsn: int) -> dict[str, str]:
    return {**session_headers(partition, partition.lsn), "etag": f'"{lsn}"'}


def _scope(container: Container, request: Request) -> tuple[Partition, str, str]:
    """The partition that is asked, and the part of its range."""
    key = request.key
    if key is not None:
        place = place_of(key[0] if key else None)
        return container.partition(place), place, place + "0"
    range_id = request.header(_RANGE_ID)
    if not range_id:
        if len(container.partitions) > 1 or not request.flag("x-ms-documentdb-query-enablecrosspartition"):
            raise Refusal(400, "Cross partition query cannot be directly served by the gateway.", 1004)
        range_id = container.partitions[0].range_id
    partition = container.by_id(range_id.rpartition(",")[2])
    low = max(partition.low, request.header("x-ms-start-epk", partition.low))
    high = min(partition.high, request.header("x-ms-end-epk", partition.high))
    return partition, low, high
