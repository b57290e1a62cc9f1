"""Handlers of the account, databases, containers and the list of physical partitions. No documents."""

import math
from typing import Any

from eventfold.testing.cosmos.answering.work import Work
from eventfold.testing.cosmos.storage.container import Container
from eventfold.testing.cosmos.storage.lifetimes import check_ttl
from eventfold.testing.cosmos.storage.weighing import statistics
from eventfold.testing.cosmos.wire import Refused, bad, missing
from eventfold.testing.door.wire import Answer

PER_PARTITION = 10_000
_MOST_PATHS = 3
_LONGEST_NAME = 255
_BEYOND = ("computedProperties", "vectorEmbeddingPolicy", "fullTextPolicy")


def account(work: Work) -> Answer:
    """The account itself."""
    work.charge = 0
    return work.answer(200, work.account.properties(work.endpoint))


def create_database(work: Work) -> Answer:
    """POST /dbs."""
    made = work.account.create_database(_named(work.request.json()))
    made.throughput = _offered(work)
    return work.answer(201, made.properties(), etag=made.properties()["_etag"])


def read_database(work: Work) -> Answer:
    """GET /dbs/{database}."""
    found = work.account.database(work.address.names[0]).properties()
    return work.answer(200, found, etag=found["_etag"])


def delete_database(work: Work) -> Answer:
    """DELETE /dbs/{database}."""
    work.account.drop_database(work.address.names[0])
    return work.answer(204)


def list_databases(work: Work) -> Answer:
    """GET /dbs."""
    return listed(
        work, "Databases", "", [each.properties() for each in list(work.account.databases.values())]
    )


def create_container(work: Work) -> Answer:
    """POST /dbs/{database}/colls."""
    definition = work.request.json()
    _named(definition)
    _check_definition(definition)
    made = work.account.create_container(work.address.names[0], definition, _partitions(work))
    made.throughput = _offered(work)
    return work.answer(201, made.definition, etag=made.definition["_etag"])


def read_container(work: Work) -> Answer:
    """GET /dbs/{database}/colls/{container}."""
    found = work.account.container(*work.address.names[:2])
    _conditions(work, found.definition)
    headers = {"etag": found.definition["_etag"]}
    if work.request.says("x-ms-documentdb-populatequotainfo"):
        with found.lock:
            stored = sum(len(each.documents) for one in found.ranges for each in one.logicals.values())
        headers["x-ms-resource-usage"] = f"documentsCount={stored};collectionSize=0"
        headers["x-ms-resource-quota"] = "collectionSize=20971520"
        headers["x-ms-documentdb-collection-index-transformation-progress"] = "100"
    told = {}
    if work.request.says("x-ms-documentdb-populatepartitionstatistics"):
        told["statistics"] = statistics(found)
    return work.answer(200, found.definition | told, **headers)


def replace_container(work: Work) -> Answer:
    """PUT /dbs/{database}/colls/{container}: what is not about the key may change."""
    found = work.account.container(*work.address.names[:2])
    _conditions(work, found.definition)
    wanted = work.request.json()
    if _named(wanted) != found.id:
        raise bad("Replacing the id of a container is not allowed.")
    for name in ("partitionKey", "uniqueKeyPolicy"):
        if wanted.get(name) and name in found.definition and wanted[name] != found.definition[name]:
            raise bad(f"Replacing the {name} of a container is not allowed.")
    kept = {n: found.definition[n] for n in ("partitionKey", "uniqueKeyPolicy") if n in found.definition}
    _check_definition(found.definition | wanted)
    sent = {name: value for name, value in wanted.items() if not name.startswith("_")}
    found.define(sent | kept)
    found.notes.note({"do": "define", "rid": found.rid, "definition": sent | kept})
    return work.answer(200, found.definition, etag=found.definition["_etag"])


def delete_container(work: Work) -> Answer:
    """DELETE /dbs/{database}/colls/{container}."""
    with work.account.lock:
        found = work.account.container(*work.address.names[:2])
        _conditions(work, found.definition)
        work.account.drop_container(*work.address.names[:2])
    return work.answer(204)


def list_containers(work: Work) -> Answer:
    """GET /dbs/{database}/colls."""
    home = work.account.database(work.address.names[0])
    return listed(
        work, "DocumentCollections", home.rid, [each.definition for each in list(home.containers.values())]
    )


def list_ranges(work: Work) -> Answer:
    """GET .../pkranges: those that came since the etag of the request, 304 when there are none."""
    container = work.container()
    with container.lock:
        etag = f'"{container.generation}"'
        known = work.request.header("if-none-match").strip('"')
        since = int(known) if known.isdecimal() else -1
        if since >= container.generation:
            return work.answer(304, etag=etag)
        ranges = [_range(container, at) for at in range(len(container.ranges))]
        ranges = [each for each, one in zip(ranges, container.ranges, strict=True) if one.generation > since]
    body = {"_rid": container.rid, "PartitionKeyRanges": ranges, "_count": len(ranges)}
    return work.answer(200, body, etag=etag)


def no_conflicts(work: Work) -> Answer:
    """Conflicts: with one write region there are none."""
    across = work.request.says("x-ms-documentdb-query-enablecrosspartition")
    if work.operation == "query" and not across and not work.request.header("x-ms-documentdb-partitionkey"):
        raise bad("Cross partition query is required but disabled.")
    return listed(work, "Conflicts", work.container().rid, [])


def no_conflict(work: Work) -> Answer:
    """A conflict: with one write region there is none."""
    work.container()
    raise missing("conflict")


def listed(work: Work, name: str, rid: str, found: list[dict[str, Any]]) -> Answer:
    """A list of resources in pages, by offset."""
    size = int(work.request.header("x-ms-max-item-count") or 100)
    size = len(found) or 1 if size < 0 else size
    start = work.request.header("x-ms-continuation")
    first = int(start) if start.isdecimal() else 0
    page = found[first : first + size]
    more = {"x-ms-continuation": str(first + size)} if first + size < len(found) else {}
    return work.answer(200, {"_rid": rid, name: page, "_count": len(page)}, **more)


def _range(container: Container, at: int) -> dict[str, Any]:
    one = container.ranges[at]
    return {
        "_rid": container.rid,
        "id": one.id,
        "_etag": container.definition["_etag"],
        "minInclusive": one.low,
        "maxExclusive": one.high,
        "ridPrefix": at,
        "_self": f"dbs/{container.database}/colls/{container.rid}/pkranges/{one.id}/",
        "throughputFraction": 1 / len(container.ranges),
        "status": "online",
        "parents": list(one.parents),
        "_ts": container.definition["_ts"],
        "lsn": one.lsn,
    }


def _named(body: Any) -> str:
    name = body.get("id") if isinstance(body, dict) else None
    if not isinstance(name, str) or not name or any(character in name for character in "/\\?#"):
        raise bad("The input name is invalid: a string without / \\ ? # is needed.")
    if len(name) > _LONGEST_NAME:
        raise bad(
            "The input name is invalid. Ensure to provide a unique non-empty string less than '255' characters."
        )
    return name


def _check_definition(definition: dict[str, Any]) -> None:
    key = definition.get("partitionKey")
    if not isinstance(key, dict) or not key.get("paths"):
        raise bad("A container needs a partitionKey with paths.")
    if key.get("version", 1) != 2:
        raise bad("The stand-in knows partition keys of version 2 only.")
    if len(key["paths"]) > (_MOST_PATHS if key.get("kind") == "MultiHash" else 1):
        raise bad("Too many partition key paths.")
    if definition.get("defaultTtl") is not None:
        check_ttl(definition, "defaultTtl")
    for name in _BEYOND:
        if definition.get(name):
            raise bad(f"The stand-in does not know {name}.")


def _partitions(work: Work) -> int:
    if work.account.partitions is not None:
        return work.account.partitions
    return max(1, math.ceil((_offered(work) or 0) / PER_PARTITION))


def _offered(work: Work) -> int | None:
    offered = work.request.header("x-ms-offer-throughput")
    return int(offered) if offered.isdecimal() else None


def _conditions(work: Work, definition: dict[str, Any]) -> None:
    wanted = work.request.header("if-match")
    if wanted and wanted not in ("*", definition["_etag"]):
        raise Refused(412, "One of the specified pre-condition is not met.")
    if work.request.header("if-none-match") == definition["_etag"]:
        raise Refused(304, "", headers={"etag": definition["_etag"]})
