"""The stand-in as tests use it: starts on this machine, keeps everything in memory, does what it is told."""

import base64
import os
import signal
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from eventfold.testing.cosmos.account import Account
from eventfold.testing.cosmos.container import Container
from eventfold.testing.cosmos.faults import Faults
from eventfold.testing.cosmos.record import Record
from eventfold.testing.cosmos.server import Server


class StandIn:
    """A stand-in for an account of Azure Cosmos DB.

        with StandIn(partitions=4) as account:
            os.environ["EVENTFOLD_COSMOS_KEY"] = account.key
            store = open_store(account.url("shop"))

    Args:
        partitions: physical partitions of a container that is made.
        key: of the account, base64; default: a random one.
        port: default: a free one.
        regions: how many write regions the account says it has.
        consistency: the default level it says it has.
    """

    def __init__(
        self,
        partitions: int = 1,
        *,
        key: str | None = None,
        port: int = 0,
        regions: int = 1,
        consistency: str = "Session",
    ) -> None:
        self.key = key or base64.b64encode(os.urandom(64)).decode()
        self._account = Account(partitions, regions=regions, consistency=consistency)
        self._server = Server(self._account, self.key, port)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.endpoint = f"http://{self.host}"
        self._account.endpoint = self.endpoint
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        """Starts it."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops it; what it kept is gone."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, database: str) -> str:
        """The URL of a log in a database of it."""
        return f"cosmos://{self.host}/{database}?tls=off"

    @property
    def calls(self) -> Record:
        """The requests so far."""
        return self._server.record

    @property
    def faults(self) -> Faults:
        """What is to go wrong."""
        return self._server.faults

    def lag(self, writes: int) -> None:
        """Replicas lag so many writes behind; a read that carries the session of a write sees it all the same."""
        self._account.lag = writes

    def split(self, database: str, container: str, range_id: str | None = None) -> tuple[str, str]:
        """Splits a physical partition (default: the first) in two; the ids of the new ones."""
        return self._container(database, container).split(range_id)

    def merge(self, database: str, container: str, one: str, other: str) -> str:
        """Makes one physical partition of two neighbours; the id of the new one, which counts anew."""
        return self._container(database, container).merge(one, other)

    def ranges(self, database: str, container: str) -> list[str]:
        """The ids of the physical partitions of now."""
        return [partition.range_id for partition in self._container(database, container).partitions]

    def recreate(self, database: str, container: str) -> None:
        """Drops a container and makes one of the same name and definition: another one, and empty."""
        old = self._container(database, container)
        del self._account.database(database).containers[container]
        plain = {k: v for k, v in old.definition.items() if not k.startswith("_")}
        self._account.make(database, plain)

    def _container(self, database: str, container: str) -> Container:
        return self._account.container(database, container)


def serve(partitions: int, port: int, tell: Callable[[StandIn], None]) -> None:
    """Serves in this process until SIGTERM or Ctrl-C.

    Args:
        partitions: physical partitions of a container that is made.
        port: 0 = a free one.
        tell: is called once it serves.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with StandIn(partitions, port=port) as account:
        tell(account)
        stop.wait()
