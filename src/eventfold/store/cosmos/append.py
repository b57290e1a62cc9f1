"""One append: a transactional batch that proves the expected version and creates the events, or says why not.

The batch reads the document of the expected version before it creates the next ones: where that read fails, the service
rolls everything back. Creating is what conflicts, by id (the version) or by the unique key (the event id). An etag on
the read would be ignored by the service, so there is none.
"""

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from azure.cosmos import ContainerProxy
from azure.cosmos.exceptions import CosmosBatchOperationError

from eventfold import limits
from eventfold.errors import OutcomeUnknown, StorageBusy, StorageError, StoreFenced, TimeInvalid
from eventfold.events.envelope import NewEvent
from eventfold.feed.cursor import Token
from eventfold.store.checks import check_recorded
from eventfold.store.cosmos.heads import Head, Heads
from eventfold.store.cosmos.reading import Reading, session_of
from eventfold.store.cosmos.requests.calls import Calls, headers_of, translate
from eventfold.store.cosmos.requests.documents import document_id, of_container, time_us, to_documents
from eventfold.store.port import ANY, EXISTS, Appended, Expected
from eventfold.store.repeats import Known, repeated, wrong_version

ATTEMPTS = 30
"""How often an append that expects no version is tried against rivals."""
Clock = Callable[[], int]


class Appender:
    """Appends to the streams of one container.

    Args:
        container: of events.
        log_id: stands in the tokens.
        rid: of the container; a batch that lands elsewhere is noticed by it.
        reading: answers what a conflict was.
        calls: makes the requests.
        heads: what is known of streams.
        clock: microseconds since 1970.
    """

    def __init__(
        self,
        container: ContainerProxy,
        log_id: str,
        rid: str,
        reading: Reading,
        calls: Calls,
        heads: Heads,
        clock: Clock,
    ) -> None:
        self._container = container
        self._log_id = log_id
        self._rid = rid
        self._reading = reading
        self._calls = calls
        self._heads = heads
        self._clock = clock
        self._fenced = ""

    def append(self, stream: str, events: Sequence[NewEvent], expected: Expected) -> Appended:
        """As `Store.append`, for input that was checked."""
        if self._fenced:
            raise StoreFenced(f"The store refuses appends ({self._fenced}): close it and open it again.")
        pause = 0.002
        for _ in range(ATTEMPTS):
            head, session = self._head(stream, expected)
            if head is not None:
                answer = self._batch(stream, events, head)
                if isinstance(answer, Appended):
                    return answer
                session = answer
            try:
                known = self._known(stream, events, session)
                actual = self._reading.head(stream, session).version if not known else 0
            except StorageError as error:
                # whether an earlier attempt has stored them is what was asked
                raise OutcomeUnknown(
                    f"An append to {stream} was refused, and why could not be read; repeat it with the same event ids:"
                    f" {error.message}",
                    cause=error.code,
                ) from error
            version = repeated(stream, events, known)
            if version is not None:
                return Appended(version, self.token(stream, session), deduplicated=True)
            self._refuse(stream, expected, actual)
            time.sleep(random.uniform(0, pause))  # noqa: S311 - spreads rivals, guards nothing
            pause = min(pause * 2, 0.5)
        raise StorageBusy(
            f"Others were quicker at {stream} {ATTEMPTS} times; nothing was written, repeat it."
        )

    def token(self, stream: str, session: str | None = None) -> Token:
        """What a feed needs to stand at or beyond the end of a stream as this process knows it."""
        return Token(self._log_id, {}, {stream: session or self._heads.session(stream) or ""})

    def _known(self, stream: str, events: Sequence[NewEvent], session: str) -> dict[bytes, Known]:
        stored = self._reading.find({stream: [event.id for event in events]}, session)
        return {e.id_bytes: Known(e.stream, e.version, e.type, e.schema_version, e.data) for e in stored}

    def _refuse(self, stream: str, expected: Expected, actual: int) -> None:
        """Says why an append did not land that is no repeat; returns where it may be tried again."""
        if expected is ANY or (expected is EXISTS and actual):
            return
        if actual == expected:  # neither a repeat nor a conflict explains the refusal
            raise OutcomeUnknown(
                f"Cosmos DB refused an append to {stream} at version {actual} for no visible reason; repeat it."
            )
        raise wrong_version(stream, expected, actual)

    def _head(self, stream: str, expected: Expected) -> tuple[Head | None, str]:
        """The head to append to; None, and the session of that answer, where the stream is not as expected."""
        known = self._heads.get(stream)
        if expected == 0:
            return Head(), ""
        if isinstance(expected, int):
            if known is not None and known.version == expected:
                return known, ""
            # read before the write, so that recorded times never decrease
            return self._at(stream, expected)
        if known is None or not known.version:
            known = self._reading.head(stream)
        if expected is EXISTS and not known.version:
            first, session = self._at(stream, 1)
            return (None, session) if first is None else (self._reading.head(stream, session), "")
        return known, ""

    def _at(self, stream: str, version: int) -> tuple[Head | None, str]:
        """The head that a version would be; a replica that lags is no proof of absence."""
        found, session = self._reading.document(stream, version), ""
        if found is None:
            found, session = self._reading.certain(stream, version)
        return (None if found is None else Head(version, time_us(found["timestamp"]), session)), session

    def _batch(self, stream: str, events: Sequence[NewEvent], head: Head) -> Appended | str:
        """Sends the batch; the session token of the answer where it conflicts."""
        recorded_us = max(self._clock(), head.recorded_us)
        times = [recorded_us if event.recorded_us is None else event.recorded_us for event in events]
        try:
            check_recorded(stream, times, head.recorded_us if head.version else limits.TIME_MIN_US)
        except TimeInvalid:
            if self._known(stream, events, head.session):
                return head.session  # a repeat, or a conflict
            raise
        documents = to_documents(stream, head.version, recorded_us, events)
        operations: list[Any] = [("create", (document,)) for document in documents]
        if head.version:
            operations.insert(0, ("read", (document_id(head.version),)))
        try:
            answer = self._calls.write(
                "appending",
                lambda: self._container.execute_item_batch(
                    operations, stream, response_hook=self._calls.hook
                ),
                stream=stream,
            )
        except CosmosBatchOperationError as error:
            if error.status_code in {404, 409}:
                return session_of(error.headers)
            raise translate(error, "appending", writes=True) from error
        session = session_of(headers_of(answer))
        self._check_place(answer[-1]["resourceBody"])
        version = head.version + len(events)
        self._heads.put(stream, Head(version, times[-1], session))
        return Appended(version, self.token(stream, session))

    def _check_place(self, created: dict[str, Any]) -> None:
        """The SDK follows a container that was made anew under the same name; a log does not.

        Raises:
            StoreFenced: the events landed in another container than the one that was opened.
        """
        if not of_container(created, self._rid):
            self._fenced = "the container was made anew: this is another log now"
            raise StoreFenced(f"The append went astray: {self._fenced}. Close the store and open it again.")
