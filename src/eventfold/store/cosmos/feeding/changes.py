"""One page of the change feed through the SDK, with what its iterator keeps to itself: place and continuation.

The SDK's pages take their continuation from a field that all threads share, so it is taken from the headers of the
answer itself, which the SDK completes after the hook has seen them.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from azure.cosmos import ContainerProxy

from eventfold.errors import FeedRebased
from eventfold.foreign import said
from eventfold.store.cosmos.feeding.spans import Span
from eventfold.store.cosmos.requests.calls import Calls

_ETAG = "etag"
_CHARGE = "x-ms-request-charge"
_SESSION = "x-ms-session-token"


class Answer(NamedTuple):
    """One answer of the service.

    Attributes:
        source: the id of the physical partition that gave it; empty where it did not say.
        lsn: how far it went.
    """

    source: str
    lsn: int


class Changes(NamedTuple):
    """One page.

    Attributes:
        documents: in order; a transaction is never cut.
        continuation: the SDK's, to go on from.
        answers: every answer that was needed; several where partitions were found empty.
        charge: of all of them, in request units.
    """

    documents: list[dict[str, Any]]
    continuation: str
    answers: list[Answer]
    charge: float


def read_changes(
    container: ContainerProxy,
    calls: Calls,
    span: Span,
    continuation: str,
    limit: int,
    *,
    start: str = "Beginning",
    session: str | None = None,
) -> Changes:
    """The next page of a range; an empty one where nothing more is there.

    Args:
        container: of events.
        calls: makes the requests.
        span: the range, where there is no continuation yet.
        continuation: of the page before.
        limit: documents, at most; the service may exceed it to keep a transaction whole.
        start: "Beginning" or "Now", where there is no continuation yet.
        session: token of what must be seen.

    Raises:
        FeedRebased: the continuation belongs to another container.
        StorageError: it was not answered.
    """
    headers: list[Mapping[str, Any]] = []
    answers: list[Answer] = []

    def hook(answer: Mapping[str, Any], _: object) -> None:
        calls.count(answer)
        headers.append(answer)
        source = str(answer.get(_SESSION, "")).partition(":")[0]
        answers.append(Answer(source, int(str(answer.get(_ETAG, "0")).strip('"'))))

    def read() -> list[dict[str, Any]]:
        headers.clear()
        answers.clear()
        where: dict[str, Any] = (
            {"continuation": continuation}
            if continuation
            else {"feed_range": span.feed_range, "start_time": start}
        )
        if session:
            where["session_token"] = session
        pages = container.query_items_change_feed(max_item_count=limit, response_hook=hook, **where).by_page()
        return list(next(pages, ()))

    try:
        documents = calls.read("reading the change feed", read)
    except ValueError as error:
        raise FeedRebased(
            f"The continuation cannot be used with this container ({said(error)}): it was made anew or restored."
            " Rebuild what follows it: `eventfold rebuild`."
        ) from None
    charge = sum(float(answer.get(_CHARGE, 0) or 0) for answer in headers)
    return Changes(documents, str(headers[-1][_ETAG]), answers, charge)
