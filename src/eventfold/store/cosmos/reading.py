"""Reading streams: one query in the partition of the stream, page by page; a point read where nothing new is likely."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from azure.cosmos import ContainerProxy
from azure.cosmos.exceptions import CosmosBatchOperationError, CosmosResourceNotFoundError

from eventfold import limits
from eventfold.events.envelope import RecordedEvent
from eventfold.events.ids import check_id
from eventfold.store.checks import check_range
from eventfold.store.cosmos.feeding.spans import EVERYWHERE, Span, steadily
from eventfold.store.cosmos.heads import Head, Heads
from eventfold.store.cosmos.requests.calls import Calls, headers_of
from eventfold.store.cosmos.requests.documents import document_id, time_us, to_event
from eventfold.store.cosmos.requests.statements import SQL
from eventfold.store.names import category_of, checked_streams
from eventfold.store.port import StreamEnd, StreamInfo

PAGE = 1000
IDS = 100


def session_of(headers: Mapping[str, Any]) -> str:
    """The session token of an answer: a read that carries it sees at least as much."""
    return str(headers.get("x-ms-session-token", ""))


class Reading:
    """The questions about streams.

    Args:
        container: of events.
        calls: makes the requests.
        heads: what is known of streams.
    """

    def __init__(self, container: ContainerProxy, calls: Calls, heads: Heads) -> None:
        self._container = container
        self._calls = calls
        self._heads = heads

    def read(
        self, stream: str, after: int, to: int | None, limit: int | None, *, backwards: bool
    ) -> Iterator[RecordedEvent]:
        """As `Store.read`."""
        category_of(stream)
        check_range(after, to, limit)
        if limit == 0 or to == after:
            return iter(())
        return self._events(stream, after, to, limit, backwards=backwards)

    def _events(
        self, stream: str, after: int, to: int | None, limit: int | None, *, backwards: bool
    ) -> Iterator[RecordedEvent]:
        known = self._heads.get(stream)
        if to is None and not backwards and after and known is not None and known.version == after:
            following = self.document(stream, after + 1)
            if following is None:
                return
            yield to_event(following)
            after, limit = after + 1, None if limit is None else limit - 1
            if limit == 0:
                return
        bounds = [
            {"name": "@after", "value": after},
            {"name": "@to", "value": limits.INT_MAX if to is None else to},
        ]
        left = limit
        for page in self._pages(
            stream, SQL["read_backwards"] if backwards else SQL["read_forwards"], bounds, limit
        ):
            for document in self._calls.while_open(page):
                if left is not None and left <= 0:
                    return
                yield to_event(document)
                left = None if left is None else left - 1
            if page and not backwards:
                last = page[-1]
                self._heads.put(stream, Head(last["version"], time_us(last["timestamp"])))

    def document(self, stream: str, version: int) -> dict[str, Any] | None:
        """The document of a version by a point read; None where this session does not see one."""
        try:
            found = self._calls.read(
                "reading an event",
                lambda: self._container.read_item(
                    document_id(version),
                    stream,
                    session_token=self._heads.session(stream),
                    response_hook=self._calls.hook,
                ),
                stream=stream,
            )
        except CosmosResourceNotFoundError:
            return None
        return dict(found)

    def certain(self, stream: str, version: int) -> tuple[dict[str, Any] | None, str]:
        """The document of a version as the write region has it, and the session token of that answer.

        A batch is never answered by a replica that lags, not even one that only reads.
        """
        try:
            found = self._calls.read(
                "reading an event",
                lambda: self._container.execute_item_batch(
                    [("read", (document_id(version),))], stream, response_hook=self._calls.hook
                ),
                stream=stream,
            )
        except CosmosBatchOperationError as error:
            return None, session_of(error.headers)
        return found[0]["resourceBody"], session_of(headers_of(found))

    def head(self, stream: str, session: str | None = None) -> Head:
        """The end of a stream as of now."""
        token = session or self._heads.session(stream)
        for page in self._pages(stream, SQL["head"], [], 1, session=token):
            for found in page:
                head = Head(found["version"], time_us(found["timestamp"]), token or "")
                self._heads.put(stream, head)
                return head
        return Head(session=token or "")

    def version(self, stream: str) -> int:
        """As `Store.head`."""
        category_of(stream)
        return self.head(stream).version

    def find(self, ids: Mapping[str, Iterable[UUID]], session: str | None = None) -> Iterator[RecordedEvent]:
        """As `Store.find`."""
        for stream, wanted in ids.items():
            texts = [str(check_id(event_id)) for event_id in wanted]
            for at in range(0, len(texts), IDS):
                some = [{"name": "@ids", "value": texts[at : at + IDS]}]
                for page in self._pages(stream, SQL["known"], some, None, session=session):
                    yield from map(to_event, self._calls.while_open(page))

    def ends(self, streams: Iterable[str]) -> Iterator[StreamEnd]:
        """As `Store.ends`: one query per physical partition, and a point read of each that is there."""
        wanted = checked_streams(streams)
        for at in range(0, len(wanted), IDS):
            some = wanted[at : at + IDS]
            versions = {name: head.version for name in some if (head := self._heads.get(name)) is not None}
            for row in steadily(self._container, self._calls, EVERYWHERE, partial(self._versions, some)):
                # a replica that lags may not see what this process has written
                name = row["aggregateId"]
                versions[name] = max(row["version"], versions.get(name, 0))
            for name, version in versions.items():
                document = self.document(name, version) if version else None
                if version and document is None:
                    document, _ = self.certain(name, version)
                if document is not None:
                    self._calls.check()
                    yield self._end(document)

    def _end(self, document: dict[str, Any]) -> StreamEnd:
        last = to_event(document)
        self._heads.put(last.stream, Head(last.version, last.recorded_us))
        return StreamEnd(
            last.stream, last.version, last.id, last.recorded_us, last.occurred_or_none_us, last.metadata
        )

    def _versions(self, streams: list[str], span: Span) -> list[dict[str, Any]]:
        return self._calls.read(
            "reading the ends of streams",
            lambda: list(
                self._container.query_items(
                    SQL["versions"],
                    [{"name": "@streams", "value": streams}],
                    feed_range=span.feed_range,
                    response_hook=self._calls.hook,
                )
            ),
        )

    def streams(self, category: str | None) -> Iterator[StreamInfo]:
        """As `Store.streams`: one query per physical partition, put in order here."""
        found: list[StreamInfo] = []
        for row in steadily(self._container, self._calls, EVERYWHERE, self._streams):
            name = row["aggregateId"]
            if not name.startswith("$") and category in {None, name.partition("-")[0]}:
                found.append(StreamInfo(name, name.partition("-")[0], row["version"]))
        return self._calls.while_open(sorted(found))

    def _streams(self, span: Span) -> list[dict[str, Any]]:
        return self._calls.read(
            "listing streams",
            lambda: list(
                self._container.query_items(
                    SQL["streams"], feed_range=span.feed_range, response_hook=self._calls.hook
                )
            ),
        )

    def _pages(
        self,
        stream: str,
        query: str,
        parameters: Sequence[dict[str, Any]],
        limit: int | None,
        *,
        session: str | None = None,
    ) -> Iterator[list[dict[str, Any]]]:
        pages = self._container.query_items(
            query,
            list(parameters),
            partition_key=stream,
            max_item_count=PAGE if limit is None else min(PAGE, limit),
            session_token=session or self._heads.session(stream),
            response_hook=self._calls.hook,
        ).by_page()
        while True:
            page = self._calls.read("reading a stream", lambda: next(pages, None), stream=stream)
            if page is None:
                return
            yield list(page)
