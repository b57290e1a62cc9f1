"""From an address to the handler, and from its result to a full answer."""

import uuid
from collections.abc import Callable

from eventfold.testing.aisearch.answering import aliases, documents, indexes, searching
from eventfold.testing.aisearch.answering.work import Work
from eventfold.testing.aisearch.wire import Refused, unknown
from eventfold.testing.door.wire import Answer

HANDLERS: dict[tuple[str, str], Callable[[Work], Answer]] = {
    ("indexes", "create"): indexes.create,
    ("indexes", "put"): indexes.put,
    ("indexes", "get"): indexes.get,
    ("indexes", "list"): indexes.list_all,
    ("indexes", "delete"): indexes.delete,
    ("indexes", "stats"): indexes.stats,
    ("indexes", "analyze"): indexes.analyze,
    ("aliases", "create"): aliases.create,
    ("aliases", "put"): aliases.put,
    ("aliases", "get"): aliases.get,
    ("aliases", "list"): aliases.list_all,
    ("aliases", "delete"): aliases.delete,
    ("docs", "index"): documents.index,
    ("docs", "search"): searching.search,
    ("docs", "lookup"): documents.lookup,
    ("docs", "count"): documents.count,
}
_LONGEST_URL = 8192


def answered(work: Work) -> Answer:
    """The answer to a request that may pass."""
    try:
        if len(work.endpoint) + len(work.request.path) > _LONGEST_URL:
            raise Refused(414, "The request URI is too long.")
        if not work.parameter("api-version"):
            raise Refused(400, "The request URI must have a query parameter 'api-version'.")
        handler = HANDLERS.get((work.address.kind, work.address.operation))
        if handler is None:
            raise unknown(f"{work.request.method} {work.request.path.partition('?')[0]}")
        answer = handler(work)
    except Refused as refused:
        answer = refused.answer()
    return finished(work, answer)


def finished(work: Work, answer: Answer) -> Answer:
    """An answer with the headers that every answer has."""
    answer.headers["request-id"] = work.request.header("x-ms-client-request-id") or str(uuid.uuid4())
    answer.headers["x-eventfold-stand-in"] = "Azure AI Search"
    return answer
