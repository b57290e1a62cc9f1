"""From an address and an operation to the handler, and from its result to a full answer."""

import uuid
from collections.abc import Callable

from eventfold.testing.cosmos.answering import batches, charges, feeds, items, offers, queries, resources
from eventfold.testing.cosmos.answering.work import Work
from eventfold.testing.cosmos.wire import Refused, bad
from eventfold.testing.door.wire import Answer, NotJson

HANDLERS: dict[tuple[str, str], Callable[[Work], Answer]] = {
    ("account", "read"): resources.account,
    ("dbs", "create"): resources.create_database,
    ("dbs", "read"): resources.read_database,
    ("dbs", "delete"): resources.delete_database,
    ("dbs", "list"): resources.list_databases,
    ("dbs", "query"): queries.listing,
    ("colls", "create"): resources.create_container,
    ("colls", "read"): resources.read_container,
    ("colls", "replace"): resources.replace_container,
    ("colls", "delete"): resources.delete_container,
    ("colls", "list"): resources.list_containers,
    ("colls", "query"): queries.listing,
    ("pkranges", "list"): resources.list_ranges,
    ("docs", "create"): items.create,
    ("docs", "upsert"): items.upsert,
    ("docs", "read"): items.read,
    ("docs", "replace"): items.replace,
    ("docs", "patch"): items.patch,
    ("docs", "delete"): items.delete,
    ("docs", "list"): queries.read_all,
    ("docs", "query"): queries.query,
    ("docs", "plan"): queries.plan,
    ("docs", "batch"): batches.batch,
    ("docs", "feed"): feeds.feed,
    ("offers", "query"): offers.query,
    ("offers", "list"): offers.listing,
    ("offers", "read"): offers.read,
    ("offers", "replace"): offers.replace,
    ("conflicts", "query"): resources.no_conflicts,
    ("conflicts", "list"): resources.no_conflicts,
    ("conflicts", "read"): resources.no_conflict,
    ("conflicts", "delete"): resources.no_conflict,
    ("partitionkeydelete", "create"): items.delete_partition,
}


def answered(work: Work) -> Answer:
    """The answer to a request that may pass."""
    try:
        handler = HANDLERS.get((work.address.kind, work.operation))
        if handler is None:
            raise bad(f"The stand-in does not know {work.operation} of {work.address.kind or 'the account'}.")
        answer = handler(work)
        if work.range is not None:
            charges.spend(work.range, work.charge)
    except Refused as refused:
        answer = refused.answer()
    except NotJson as error:
        answer = bad(str(error)).answer()
    return finished(work, answer)


def finished(work: Work, answer: Answer) -> Answer:
    """An answer with the headers that every answer has."""
    headers = answer.headers
    headers.setdefault("x-ms-request-charge", str(work.charge))
    headers["x-ms-activity-id"] = work.request.header("x-ms-activity-id") or str(uuid.uuid4())
    headers["x-ms-version"] = "2020-07-15"
    names = work.address.names
    if len(names) > 1 or (names and work.address.kind == "colls"):
        headers["x-ms-alt-content-path"] = f"dbs/{names[0]}" + (
            f"/colls/{names[1]}" if work.address.kind != "colls" and len(names) > 1 else ""
        )
    if work.range is not None:
        headers["x-ms-session-token"] = f"{work.range.id}:-1#{work.seen}"
        headers["x-ms-documentdb-partitionkeyrangeid"] = work.range.id
        headers["lsn"] = str(work.seen)
    return answer
