"""The stand-in as tests use it: start, stop, faults, lag, the record of calls.

It is Azure AI Search in what clients see of it: shapes, errors, limits, and which documents a search finds. It is no
search service: scores are a model, and what it does not know it refuses.
"""

import secrets
import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self

from eventfold.testing.aisearch.address import address_of
from eventfold.testing.aisearch.answering.routes import answered, finished
from eventfold.testing.aisearch.answering.work import Work
from eventfold.testing.aisearch.door.calls import Call, Calls
from eventfold.testing.aisearch.door.faults import DocumentFaults, Fault
from eventfold.testing.aisearch.door.rights import Doorkeeper
from eventfold.testing.aisearch.storage.service import Service
from eventfold.testing.aisearch.wire import Refused
from eventfold.testing.door.faults import Faults, struck
from eventfold.testing.door.server import Reply, Server
from eventfold.testing.door.wire import Answer, Request


class StandIn:
    """A search service on this machine, in memory, from its making until `close` or the end of the with-block.

    Args:
        key: the admin key; None makes one.
        query_key: the key that only reads; None makes one.
        entra: bearer tokens that are accepted beside the keys, and the rights of each among "service" (indexes and
            aliases), "write" (documents) and "read".
        port: 0 for a free one.

    Attributes:
        calls: what was asked.
        faults: what goes wrong with requests.
        document_faults: what goes wrong with single documents inside a batch.
    """

    def __init__(
        self,
        *,
        key: str | None = None,
        query_key: str | None = None,
        entra: Mapping[str, Iterable[str]] | None = None,
        port: int = 0,
    ) -> None:
        self.key = key or secrets.token_urlsafe(39)
        self.query_key = query_key or secrets.token_urlsafe(39)
        self.calls = Calls()
        self.faults: Faults[Fault] = Faults()
        self.document_faults = DocumentFaults()
        self._service = Service()
        self._door = Doorkeeper(self.key, self.query_key, entra or {})
        self._server = Server(port, self._serve)
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._server.start()

    def close(self) -> None:
        """Ends the server and its connections."""
        self._server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def lag(self, *batches: int) -> None:
        """Lets what is written be seen late: reads do not see the newest so many batches of each index.

        What was seen once stays seen. `lag(0)` ends it. With several numbers there are as many replicas, which answer
        in turn, each with its own lag: `lag(0, 3)` shows and hides the same documents by turns.
        """
        self._service.lags = batches or (0,)

    def lag_aliases(self, requests: int) -> None:
        """Lets an alias be late: changed from now on, it sends so many more requests for documents where it led before.

        An index that is not there any more gets none of them.
        """
        self._service.alias_lag = requests

    def _serve(self, request: Request) -> Reply:
        begin = time.perf_counter()
        address = address_of(request.method, request.path)
        work = Work(self._service, self.endpoint, request, address, self.document_faults)
        is_document = address.kind == "docs"
        fault = self.faults.strike(
            address.operation if is_document else f"{address.kind}.{address.operation}"
        )
        reply = struck(
            fault, lambda: self._answered(work), lambda fault, status: _failed(work, fault, status)
        )
        self.calls.add(
            Call(
                method=request.method,
                kind=address.kind,
                operation=address.operation,
                operations=work.operations,
                status=reply.answer.status if reply.sent == "whole" else 0,
                request_bytes=len(request.body),
                answer_bytes=len(reply.answer.body),
                seconds=time.perf_counter() - begin,
                path=request.path,
                index=address.name,
            )
        )
        return reply

    def _answered(self, work: Work) -> Answer:
        try:
            self._door.check(work.request, work.address)
        except Refused as refused:
            return finished(work, refused.answer())
        try:
            return answered(work)
        except Exception as error:  # noqa: BLE001 - a bug here must not look like a dropped connection
            return finished(work, Refused(500, f"The stand-in failed: {error!r}").answer())


def _failed(work: Work, fault: Fault, status: int) -> Answer:
    headers = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
    return finished(work, Refused(status, "A fault on demand.", headers=headers).answer())
