"""Handlers of offers: the throughput of databases and containers, read and replaced. Manual throughput only.

Where the account counts partitions by throughput, a larger offer splits a container, at once. Nothing is merged.
"""

import math
from typing import Any

from eventfold.testing.cosmos.answering.resources import PER_PARTITION, listed
from eventfold.testing.cosmos.answering.scopes import asked
from eventfold.testing.cosmos.answering.work import Work
from eventfold.testing.cosmos.sql.running import rows
from eventfold.testing.cosmos.sql.tree import NotUnderstood
from eventfold.testing.cosmos.storage.account import Database
from eventfold.testing.cosmos.storage.container import Container
from eventfold.testing.cosmos.wire import bad, missing
from eventfold.testing.door.wire import Answer

_LEAST = 400
_STEP = 100


def query(work: Work) -> Answer:
    """POST /offers."""
    wanted = asked(work.request.json())
    try:
        found = rows(wanted.query, wanted.parameters, enumerate(_offer(each) for each in _owners(work)))
        return listed(work, "Offers", "", [row for _, row in found])
    except NotUnderstood as error:
        raise bad(str(error)) from error


def listing(work: Work) -> Answer:
    """GET /offers."""
    return listed(work, "Offers", "", [_offer(each) for each in _owners(work)])


def read(work: Work) -> Answer:
    """GET /offers/{offer}."""
    return work.answer(200, _offer(_owner(work)))


def replace(work: Work) -> Answer:
    """PUT /offers/{offer}."""
    owner = _owner(work)
    content = work.request.json().get("content", {})
    wanted = content.get("offerThroughput")
    if not isinstance(wanted, int) or wanted < _LEAST or wanted % _STEP:
        raise bad("The offer should have a throughput of 400 or more, in steps of 100.")
    owner.throughput = wanted
    if isinstance(owner, Container) and work.account.partitions is None:
        with owner.lock:
            while len(owner.ranges) < math.ceil(wanted / PER_PARTITION):
                owner.split(min(owner.ranges, key=lambda one: (one.generation, one.low)).id)
    return work.answer(200, _offer(owner))


def _owners(work: Work) -> list[Database | Container]:
    databases = list(work.account.databases.values())
    containers = [each for database in databases for each in list(database.containers.values())]
    owners: list[Database | Container] = [*databases, *containers]
    return [each for each in owners if each.throughput is not None]


def _owner(work: Work) -> Database | Container:
    for each in _owners(work):
        if each.rid == work.address.names[0]:
            return each
    raise missing(f"offer '{work.address.names[0]}'")


def _offer(owner: Database | Container) -> dict[str, Any]:
    link = f"dbs/{owner.rid}/" if isinstance(owner, Database) else f"dbs/{owner.database}/colls/{owner.rid}/"
    return {
        "id": owner.rid,
        "_rid": owner.rid,
        "_self": f"offers/{owner.rid}/",
        "_etag": f'"{owner.throughput}"',
        "_ts": 0,
        "resource": link,
        "offerResourceId": owner.rid,
        "offerType": "Invalid",
        "offerVersion": "V2",
        "content": {"offerThroughput": owner.throughput, "offerIsRUPerMinuteThroughputEnabled": False},
    }
