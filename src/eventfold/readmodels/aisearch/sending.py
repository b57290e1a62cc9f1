"""Documents sent to the service: in requests of the size that it takes, each key in one request at a time.

The SDK's own repeats are off: it does not look at single documents of an answer, and its buffered sender loses track
of them. What was refused is sent again by its key. Of a request whose answer was lost nothing is known, but that it is
over after some time: until then none of its keys is sent again, so that what is older never comes last.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec
from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError
from azure.search.documents import IndexDocumentsBatch, SearchClient
from azure.search.documents.models import IndexingResult

from eventfold.errors import StorageBusy, StorageFailed
from eventfold.readmodels.aisearch.documents import Document
from eventfold.readmodels.aisearch.errors import BUSY, translate
from eventfold.readmodels.aisearch.fields import ID

DOCUMENTS = 1_000
"""Of one request, by the limits of the service."""
BYTES = 15_000_000
"""Of one request: the service takes 16 MB."""
ANSWER_SECONDS = 60.0
"""How long an answer is waited for."""
IN_FLIGHT_SECONDS = 120.0
"""After which no request is under way any more whose sender has given it up or ended."""
BUDGET_SECONDS = 300.0
"""How long one request is repeated."""
_PAUSE = (0.1, 10.0)
_AGAIN = frozenset({409, 422, 429, 503})
"""Of a single document: another one of its key was under way, the index was busy, or the service."""

Action = tuple[str, Document | None]
"""A key with its document; None removes it."""
_encode = msgspec.json.Encoder().encode


class Sender:
    """Sends the documents of one table; used by one thread at a time.

    Args:
        name: of the table, for sentences.
        sleep: waits.
        clock: seconds, for intervals only.
    """

    def __init__(
        self,
        name: str,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._sleep = sleep
        self._clock = clock
        self._quiet = float("-inf")
        """Until when a request may be under way whose answer was lost."""

    @property
    def is_quiet(self) -> bool:
        """Whether no request is under way whose answer was lost."""
        return self._clock() >= self._quiet

    def wait_out(self) -> None:
        """Until no request of another sender that has ended is under way."""
        self._sleep(IN_FLIGHT_SECONDS)

    def send(self, client: SearchClient, actions: Iterable[Action]) -> None:
        """Sends them all, request by request.

        Args:
            client: of the index.
            actions: no key twice.

        Raises:
            StorageBusy: the service takes no more for minutes.
            StorageFailed: it refuses a document, or does not answer.
        """
        for group in _groups(actions):
            self._deliver(client, dict(group))

    def _deliver(self, client: SearchClient, pending: dict[str, Document | None]) -> None:
        until, pause = self._clock() + BUDGET_SECONDS, _PAUSE[0]
        while pending:
            self._sleep(max(0.0, self._quiet - self._clock()))
            try:
                results = client.index_documents(_batch(pending), read_timeout=ANSWER_SECONDS)
            except HttpResponseError as error:
                if error.status_code == 413 and len(pending) > 1:
                    self._in_halves(client, pending)
                    return
                pause = self._after(error, pause, until)
            except ServiceRequestError as error:  # it was never sent
                pause = self._again(error, pause, until)
            except ServiceResponseError as error:
                self._lost(error, until)
            else:
                self._settle(pending, results)
                if pending:
                    pause = self._again(None, pause, until)

    def _in_halves(self, client: SearchClient, pending: Mapping[str, Document | None]) -> None:
        half = len(pending) // 2
        both = list(pending.items())
        for some in (both[:half], both[half:]):
            self._deliver(client, dict(some))

    def _after(self, error: HttpResponseError, pause: float, until: float) -> float:
        status = error.status_code or 0  # none where half an answer came
        if status in BUSY:
            headers: Any = getattr(error.response, "headers", {})
            asked = str(headers.get("retry-after", ""))
            return self._again(error, max(pause, float(asked)) if asked.isdecimal() else pause, until)
        if status < 400 or status == 408 or status >= 500:
            self._lost(error, until)
            return pause
        raise translate(error, "sending documents to", self._name) from error

    def _lost(self, error: HttpResponseError | ServiceResponseError, until: float) -> None:
        self._quiet = self._clock() + IN_FLIGHT_SECONDS
        if self._clock() >= until:
            raise translate(error, "sending documents to", self._name) from error

    def _again(
        self, error: HttpResponseError | ServiceRequestError | None, pause: float, until: float
    ) -> float:
        if self._clock() >= until:
            if error is not None:
                raise translate(error, "sending documents to", self._name) from error
            raise StorageBusy(f"Azure AI Search takes no more documents of {self._name} for minutes.")
        self._sleep(random.uniform(pause / 2, pause))  # noqa: S311 - spreads rivals, guards nothing
        return min(pause * 2, _PAUSE[1])

    def _settle(self, pending: dict[str, Document | None], results: Iterable[IndexingResult]) -> None:
        """Takes out what the service has; an answer of 207 says it of each document alone."""
        for one in results:
            if one.succeeded:
                pending.pop(one.key, None)
            elif one.status_code not in _AGAIN:
                raise StorageFailed(
                    f"Azure AI Search refuses a row of {self._name} (status {one.status_code},"
                    f" {str(one.error_message)[:200]}): `eventfold doctor` compares the index with the table.",
                    table=self._name,
                    document=one.key,
                )


def _batch(pending: Mapping[str, Document | None]) -> IndexDocumentsBatch:
    """A fresh one: a batch that was sent keeps its actions."""
    batch = IndexDocumentsBatch()
    uploads = [document for document in pending.values() if document is not None]
    if uploads:
        batch.add_upload_actions(uploads)
    if gone := [{ID: key} for key, document in pending.items() if document is None]:
        batch.add_delete_actions(gone)
    return batch


def _groups(actions: Iterable[Action]) -> Iterator[list[Action]]:
    group: list[Action] = []
    size = 0
    for key, document in actions:
        weight = 100 + (len(key) if document is None else len(_encode(document)))
        if group and (len(group) == DOCUMENTS or size + weight > BYTES):
            yield group
            group, size = [], 0
        group.append((key, document))
        size += weight
    if group:
        yield group
