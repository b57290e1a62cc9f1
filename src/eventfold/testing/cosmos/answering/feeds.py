"""The change feed of one physical partition, or of a part of one: newest versions, or all versions and deletes.

Order is by LSN. A transaction is never cut, so a page may be longer than asked for. The etag of an answer is the LSN
up to which it told; a lagging replica tells less, and its etag says so.
"""

from calendar import timegm
from collections.abc import Iterable
from email.utils import parsedate
from typing import Any

from eventfold.testing.cosmos.answering import charges
from eventfold.testing.cosmos.answering.work import Work
from eventfold.testing.cosmos.storage import keys
from eventfold.testing.cosmos.storage.container import Container
from eventfold.testing.cosmos.storage.documents import Range, Version
from eventfold.testing.cosmos.wire import bad, gone
from eventfold.testing.door.wire import Answer, dumps

_PAGE = 1000
_LARGEST = 4 * 1024 * 1024


def feed(work: Work) -> Answer:
    """GET .../docs with A-IM."""
    container = work.container()
    full = work.request.header("a-im").lower().startswith("full")
    with container.lock:
        one, low, high, key = _scope(work, container)
        horizon = work.horizon(one)
        since = _since(work, horizon, full=full)
        after = _moment(work)
        wanted = (
            version
            for version in one.after(since)
            if low <= version.of.logical.place < high
            and (key is None or version.of.logical.key == key)
            and version.moment >= after
        )
        page, told = _page(wanted, since, horizon, _size(work), full=full)
        etag = f'"{max(told, since)}"'
        if not page:
            return work.answer(304, etag=etag)
        sent = b'{"_rid":"%b","Documents":[%b],"_count":%d}' % (
            container.rid.encode(),
            b",".join(page),
            len(page),
        )
    work.charge = charges.feed(len(sent))
    return work.answer(200, sent, etag=etag)


def _scope(work: Work, container: Container) -> tuple[Range, str, str, str | None]:
    values = work.key(container)
    if values is not None and len(values) == len(container.paths):
        one, logical = container.logical(values)
        return one, one.low, one.high, logical.key
    range_id = work.request.header("x-ms-documentdb-partitionkeyrangeid")
    if values is not None:
        low = keys.place(values, hierarchical=True)
        high = f"{low}FF"
        (one, *more) = container.overlapping(low, high)
        if more:
            raise gone(range_id)
        return one, low, high, None
    if not range_id and len(container.ranges) > 1:
        raise bad("A change feed needs a partition key or the id of a partition key range.")
    one = container.range_of_id(range_id) if range_id else container.ranges[0]
    low = work.request.header("x-ms-start-epk") or one.low
    high = work.request.header("x-ms-end-epk") or one.high
    if low < one.low or high > one.high:
        raise gone(range_id)
    return one, low, high, None


def _since(work: Work, horizon: int, *, full: bool) -> int:
    etag = work.request.header("if-none-match").strip('"')
    if etag == "*":
        return horizon
    if not etag:
        if full and not work.request.header("if-modified-since"):
            raise bad("All versions and deletes are read from now or from a continuation only.")
        return 0
    if not etag.isdecimal():
        raise bad(f"The continuation {etag!r} is none of this change feed.")
    return int(etag)


def _moment(work: Work) -> float:
    given = parsedate(work.request.header("if-modified-since"))
    return float(timegm(given)) if given is not None else 0.0


def _size(work: Work) -> int:
    size = int(work.request.header("x-ms-max-item-count") or _PAGE)
    return size if size > 0 else _PAGE


def _page(
    versions: Iterable[Version], since: int, horizon: int, size: int, *, full: bool
) -> tuple[list[bytes], int]:
    page: list[bytes] = []
    told, weight = since, 0
    for version in versions:
        if version.lsn > horizon:
            break
        if (len(page) >= size or weight > _LARGEST) and version.lsn != told:
            return page, told
        if full or version.of.at(horizon) is version:
            page.append(dumps(_full(version) if full else _latest(version)))
            weight += len(page[-1])
            told = version.lsn
    return page, horizon


def _latest(version: Version) -> dict[str, Any]:
    return (version.body or {}) | {"_lsn": version.lsn}


def _full(version: Version) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "operationType": "delete" if version.operation == "expire" else version.operation,
        "lsn": version.lsn,
        "crts": int(version.moment),
    }
    if version.operation == "expire":
        metadata["timeToLiveExpired"] = True
    before = version.previous.body if version.previous is not None else None
    if before is not None:
        metadata["previousImageLSN"] = version.previous.lsn if version.previous is not None else 0
    if version.body is None:
        named = {"id": version.of.id, "partitionKey": version.of.logical.values}
        told: dict[str, Any] = {"current": {}, "metadata": metadata | named}
    else:
        told = {"current": version.body, "metadata": metadata}
    return told | ({"previous": before} if before is not None and version.body is None else {})
