"""The account: its databases and containers by name, and what holds for all of them. Data and look-ups only.

How clients reach it stands in `server` and the handlers; what tests do with it stands in `standin`.
"""

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from eventfold.testing.cosmos.storage import rids
from eventfold.testing.cosmos.storage.container import Container
from eventfold.testing.cosmos.storage.keeping import Forgetful, Notes
from eventfold.testing.cosmos.wire import Refused, missing

REGION = "Stand-in"


@dataclass(slots=True)
class Database:
    """A database: its properties and containers."""

    id: str
    rid: str = field(default_factory=rids.database_rid)
    containers: dict[str, Container] = field(default_factory=dict)
    throughput: int | None = None

    def properties(self) -> dict[str, Any]:
        """As a client reads them."""
        return {
            "id": self.id,
            "_rid": self.rid,
            "_self": f"dbs/{self.rid}/",
            "_etag": f'"{self.rid}"',
            "_colls": "colls/",
            "_users": "users/",
            "_ts": int(time.time()),
        }


class Account:
    """All databases, and the settings of the account.

    Args:
        partitions: how many physical partitions a new container gets; None counts by its throughput.
        consistency: the default consistency level.
        multiple_writes: whether the account says that it has several write regions.
        throughput: request units per second of one physical partition; None for no end.
        notes: where changes are noted.
    """

    def __init__(
        self,
        *,
        partitions: int | None,
        consistency: str,
        multiple_writes: bool,
        throughput: float | None,
        notes: Notes | None = None,
    ) -> None:
        self.partitions = partitions
        self.consistency = consistency
        self.multiple_writes = multiple_writes
        self.throughput = throughput
        self.lag = 0
        self.ahead = 0.0
        self.notes: Notes = notes or Forgetful()
        self.lock = threading.RLock()
        self.databases: dict[str, Database] = {}

    def now(self) -> float:
        """Seconds since 1970 by the clock of the account."""
        return time.time() + self.ahead

    def database(self, name: str) -> Database:
        """A database by name or resource id.

        Raises:
            Refused: 404.
        """
        found = self.databases.get(name)
        if found is None:
            found = next((each for each in list(self.databases.values()) if each.rid == name), None)
        if found is None:
            raise missing(f"database '{name}'")
        return found

    def container(self, database: str, name: str) -> Container:
        """A container by name or resource id.

        Raises:
            Refused: 404.
        """
        containers = self.database(database).containers
        found = containers.get(name) or next((c for c in list(containers.values()) if c.rid == name), None)
        if found is None:
            raise missing(f"container '{name}'")
        return found

    def create_database(self, name: str, rid: str = "") -> Database:
        """Adds a database.

        Raises:
            Refused: 409.
        """
        with self.lock:
            if name in self.databases:
                raise Refused(409, f"Resource with specified id '{name}' already exists.")
            made = Database(name, rid or rids.database_rid())
            self.databases[name] = made
            self.notes.note({"do": "create database", "id": name, "rid": made.rid})
            return made

    def drop_database(self, name: str) -> None:
        """Removes a database with all its containers."""
        with self.lock:
            found = self.database(name)
            del self.databases[found.id]
            self.notes.note({"do": "drop database", "id": found.id})

    def create_container(
        self, database: str, definition: dict[str, Any], partitions: int, rid: str | None = None
    ) -> Container:
        """Adds a container.

        Raises:
            Refused: 409.
        """
        with self.lock:
            home = self.database(database)
            if definition["id"] in home.containers:
                raise Refused(409, f"Resource with specified id '{definition['id']}' already exists.")
            made = Container(home.rid, definition, partitions, rid, self.notes, self.now)
            home.containers[made.id] = made
            entry = {"do": "create container", "database": home.id, "rid": made.rid, "partitions": partitions}
            self.notes.note(entry | {"definition": definition})
            return made

    def drop_container(self, database: str, name: str) -> None:
        """Removes a container with everything in it."""
        with self.lock:
            home = self.database(database)
            found = self.container(database, name)
            del home.containers[found.id]
            self.notes.note({"do": "drop container", "database": home.id, "id": found.id})

    def properties(self, endpoint: str) -> dict[str, Any]:
        """As a client reads the account."""
        locations = [{"name": REGION, "databaseAccountEndpoint": f"{endpoint}/"}]
        replicas = {"asyncReplication": False, "minReplicaSetSize": 3, "maxReplicasetSize": 4}
        return {
            "_self": "",
            "id": "stand-in",
            "_rid": "stand-in",
            "media": "//media/",
            "addresses": "//addresses/",
            "_dbs": "//dbs/",
            "writableLocations": locations,
            "readableLocations": locations,
            "enableMultipleWriteLocations": self.multiple_writes,
            "userReplicationPolicy": replicas,
            "systemReplicationPolicy": replicas,
            "userConsistencyPolicy": {"defaultConsistencyLevel": self.consistency},
            "readPolicy": {"primaryReadCoefficient": 1, "secondaryReadCoefficient": 1},
            "queryEngineConfiguration": '{"maxSqlQueryInputLength":262144,"maxJoinsPerSqlQuery":10}',
        }
