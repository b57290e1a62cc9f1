"""Whether a cursor that comes from outside belongs to what stands in the container now.

A replica that lags is no proof against a cursor: what it does not show is asked of the write region, which answers a
batch, even one that only reads, and tells in its session token how far the partition has come.
"""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from azure.cosmos import ContainerProxy
from azure.cosmos.exceptions import CosmosBatchOperationError

from eventfold.errors import CheckpointBeyondHead, ForeignCursor
from eventfold.store.cosmos.feeding.spans import Span, place_of, spans_of, steadily
from eventfold.store.cosmos.reading import session_of
from eventfold.store.cosmos.requests.calls import Calls, headers_of
from eventfold.store.cosmos.requests.statements import SQL


class Witness:
    """Asks the container about the claims of a mark.

    Args:
        container: of events.
        calls: makes the requests.
    """

    def __init__(self, container: ContainerProxy, calls: Calls) -> None:
        self._container = container
        self._calls = calls

    def rid(self) -> str:
        """The id of the container that has the name now."""
        return str(self._calls.read("reading the container", self._container.read)["_rid"])

    def reached(self, span: Span, position: int, end: Callable[[], int]) -> None:
        """Verifies that the range has come as far as a mark says.

        Args:
            span: the range.
            position: of the mark.
            end: how far it has come, as some replica has it.

        Raises:
            CheckpointBeyondHead: it has not.
        """
        if end() >= position:
            return
        head = max(map(_lsn, self._sessions(span)))
        if head < position:
            raise CheckpointBeyondHead(
                f"The cursor stands at {position} of the range {span.name}, which ends at {head}: the log was"
                " restored from an older copy. Restore the newer one, or rebuild what follows it: `eventfold rebuild`.",
                position=position,
                head=head,
            )

    def stands(self, span: Span, event: str) -> None:
        """Verifies that an event (hex; empty = none was read) is in the range.

        Raises:
            ForeignCursor: it is not.
        """
        if not event:
            return
        dashed = "-".join((event[:8], event[8:12], event[12:16], event[16:20], event[20:]))
        if any(self._count(span, dashed)):
            return
        # a partition that splits meanwhile may hide it, and a replica that lags
        if not any(steadily(self._container, self._calls, span, lambda part: self._certain(part, dashed))):
            raise ForeignCursor(
                f"The event {dashed} at which this cursor stands is not in the range {span.name}: the log was restored,"
                " cut or swapped since. Rebuild what follows it, `eventfold rebuild`, or open the right log, --store"
                " URL.",
                partition=span.name,
            )

    def _certain(self, span: Span, event: str) -> list[int]:
        return [n for session in self._sessions(span) for n in self._count(span, event, session)]

    def _count(self, span: Span, event: str, session: str | None = None) -> list[int]:
        return self._calls.read(
            "checking a cursor",
            lambda: list[Any](
                self._container.query_items(
                    SQL["has_event"],
                    [{"name": "@id", "value": event}],
                    feed_range=span.feed_range,
                    session_token=session,
                    response_hook=self._calls.hook,
                )
            ),
        )

    def _sessions(self, span: Span) -> Iterator[str]:
        """The session token of each physical partition of a range, as its write region has it."""
        for part in span.divided(spans_of(self._container, self._calls)):
            yield self._session(
                next(key for key in map("$place-{}".format, count()) if self._lies(key, part))
            )

    def _session(self, nobody: str) -> str:
        """That of the partition of a key under which nothing is stored."""
        try:
            found = self._calls.read(
                "checking a cursor",
                lambda: self._container.execute_item_batch(
                    [("read", (nobody,))], nobody, response_hook=self._calls.hook
                ),
            )
        except CosmosBatchOperationError as error:
            return session_of(error.headers)
        return session_of(headers_of(found))

    def _lies(self, key: str, span: Span) -> bool:
        return span.low <= place_of(self._container, key) < span.high


def _lsn(session: str) -> int:
    """How far a partition has come: `<partition>:<version>#<lsn>`, and more after another `#`."""
    return int(session.split("#")[1])
