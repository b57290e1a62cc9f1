"""The stand-in as tests use it: start, stop, split, merge, faults, lag, the record of calls.

It is Azure Cosmos DB in what clients see of it: shapes, order, errors, limits. It is not a database: request units are
a model, there is one region, and what it does not know it refuses.
"""

import base64
import secrets
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from eventfold.testing.cosmos.address import address_of, operation_of
from eventfold.testing.cosmos.answering.routes import answered, finished
from eventfold.testing.cosmos.answering.work import Work
from eventfold.testing.cosmos.door.calls import Call, Calls
from eventfold.testing.cosmos.door.faults import Fault
from eventfold.testing.cosmos.door.signature import Doorkeeper
from eventfold.testing.cosmos.storage.account import Account
from eventfold.testing.cosmos.storage.keeping import Journal
from eventfold.testing.cosmos.storage.restoring import restore
from eventfold.testing.cosmos.wire import Refused
from eventfold.testing.door.faults import Faults, struck
from eventfold.testing.door.server import Reply, Server
from eventfold.testing.door.wire import Answer, Request


class StandIn:
    """An account on this machine, from its making until `close` or the end of the with-block.

    Args:
        partitions: how many physical partitions a new container gets; None counts one for every 10,000 request units
            of throughput that it is created with.
        key: the account's key, base64; None makes one.
        port: 0 for a free one.
        folder: where everything is kept; None keeps it in memory.
        entra: a bearer token that is accepted beside the key.
        throughput: request units per second of one physical partition, above which it answers 429; None for no end.
        consistency: the default consistency level that the account tells.
        multiple_writes: whether the account says that it has several write regions.
    """

    def __init__(
        self,
        *,
        partitions: int | None = 4,
        key: str | None = None,
        port: int = 0,
        folder: Path | str | None = None,
        entra: str | None = None,
        throughput: float | None = None,
        consistency: str = "Session",
        multiple_writes: bool = False,
    ) -> None:
        self.key = key or base64.b64encode(secrets.token_bytes(64)).decode()
        self.calls = Calls()
        self.faults: Faults[Fault] = Faults()
        self._journal = Journal(Path(folder)) if folder is not None else None
        self._account = Account(
            partitions=partitions,
            consistency=consistency,
            multiple_writes=multiple_writes,
            throughput=throughput,
            notes=self._journal,
        )
        if self._journal is not None:
            restore(self._account, self._journal.entries())
        self._door = Doorkeeper(self.key, entra)
        self._server = Server(port, self._serve)
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._server.start()

    def close(self) -> None:
        """Ends the server and its connections."""
        self._server.stop()
        if self._journal is not None:
            self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def url(self, database: str) -> str:
        """The URL of a log in a database of it."""
        return f"cosmos://{self.endpoint.removeprefix('http://')}/{database}?tls=off"

    def split(self, database: str, container: str, range_id: str | None = None) -> tuple[str, str]:
        """Splits a physical partition, the first if none is named, in the middle; the ids of the two.

        Their LSNs go on from the parent's.
        """
        return self._account.container(database, container).split(range_id)

    def merge(self, database: str, container: str, one: str, other: str) -> str:
        """Makes one physical partition of two neighbours; its id. LSNs of documents repeat in it."""
        return self._account.container(database, container).merge(one, other)

    def ranges(self, database: str, container: str) -> list[tuple[str, str, str]]:
        """The physical partitions: id, lowest place, the place where it ends."""
        found = self._account.container(database, container)
        with found.lock:
            return [(one.id, one.low, one.high) for one in found.ranges]

    def lag(self, writes: int) -> None:
        """Lets replicas lag: reads see a physical partition without its newest so many transactions.

        A read whose session token covers them sees them. 0 ends it.
        """
        self._account.lag = writes

    def advance(self, seconds: float) -> None:
        """Puts the clock of the account forward, by which documents are dated and expire."""
        self._account.ahead += seconds

    def weigh(self, database: str, container: str, key: str, size: int) -> None:
        """Lets the logical partition of a key weigh so many bytes more than the documents that are in it."""
        found = self._account.container(database, container)
        with found.lock:
            one, logical = found.logical([key])
            one.logicals.setdefault(logical.key, logical).ballast = size

    def recreate(self, database: str, container: str) -> None:
        """Puts an empty container of the same definition, with a new resource id, in the place of another."""
        found = self._account.container(database, container)
        with self._account.lock:
            self._account.drop_container(database, container)
            sent = {name: value for name, value in found.definition.items() if not name.startswith("_")}
            self._account.create_container(database, sent, found.partitions)

    def _serve(self, request: Request) -> Reply:
        begin = time.perf_counter()
        address = address_of(request.path)
        work = Work(self._account, self.endpoint, request, address, operation_of(request, address))
        fault = self.faults.strike(
            work.operation if address.kind == "docs" else f"{address.kind}.{work.operation}"
        )
        reply = struck(
            fault, lambda: self._answered(work), lambda fault, status: self._refused(work, fault, status)
        )
        self.calls.add(
            Call(
                method=request.method,
                kind=address.kind,
                operation=work.operation,
                operations=work.operations,
                status=reply.answer.status if reply.sent == "whole" else 0,
                request_bytes=len(request.body),
                answer_bytes=len(reply.answer.body),
                range_id=work.range.id if work.range is not None else "",
                charge=float(reply.answer.headers.get("x-ms-request-charge", 0)),
                seconds=time.perf_counter() - begin,
                path=request.path,
            )
        )
        return reply

    def _refused(self, work: Work, fault: Fault, status: int) -> Answer:
        headers = {"x-ms-retry-after-ms": str(fault.retry_after_ms)} if status in (429, 449) else {}
        refused = Refused(status, "A fault on demand.", substatus=fault.substatus, headers=headers)
        return finished(work, refused.answer())

    def _answered(self, work: Work) -> Answer:
        try:
            self._door.check(work.request, work.address)
        except Refused as refused:
            return finished(work, refused.answer())
        try:
            return answered(work)
        except Exception as error:  # noqa: BLE001 - a bug here must not look like a dropped connection
            return finished(work, Refused(500, f"The stand-in failed: {error!r}").answer())
