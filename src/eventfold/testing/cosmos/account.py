"""The account: databases and containers by name, and what is asked of each."""

import base64
import itertools
import os
import threading
import time
from typing import Any

from eventfold.testing.cosmos import operations, reads
from eventfold.testing.cosmos.answers import Answer, Refusal
from eventfold.testing.cosmos.container import Container
from eventfold.testing.cosmos.request import Request

_INTENDED = "x-ms-cosmos-intended-collection-rid"


class Database:
    """A database and its containers."""

    def __init__(self, name: str) -> None:
        raw = os.urandom(3) + b"\0"
        self.name = name
        self.raw = raw
        self.rid = base64.b64encode(raw).decode()
        self.containers: dict[str, Container] = {}

    @property
    def body(self) -> dict[str, Any]:
        """As the service shows it."""
        return {
            "id": self.name,
            "_rid": self.rid,
            "_self": f"dbs/{self.rid}/",
            "_etag": '"00000000"',
            "_ts": int(time.time()),
            "_colls": "colls/",
            "_users": "users/",
        }


class Account:
    """Everything that is kept.

    Args:
        partitions: physical partitions of a container that is made.
        regions: how many write regions the account says it has.
        consistency: the default level it says it has.
    """

    def __init__(self, partitions: int, *, regions: int = 1, consistency: str = "Session") -> None:
        self.endpoint = ""
        self.partitions = partitions
        self.regions = regions
        self.consistency = consistency
        self.lag = 0
        self.databases: dict[str, Database] = {}
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)

    def container(self, database: str, name: str) -> Container:
        """A container by name; 404."""
        found = self.database(database).containers.get(name)
        if found is None:
            raise Refusal(404, f"Owner resource does not exist: container {name}.", 1003)
        return found

    def database(self, name: str) -> Database:
        """A database by name; 404."""
        if name not in self.databases:
            raise Refusal(404, f"Owner resource does not exist: database {name}.", 1003)
        return self.databases[name]

    def serve(self, request: Request) -> Answer:
        """Answers a request."""
        match request.kind:
            case "":
                return Answer(body=self._body())
            case "dbs":
                return self._databases(request)
            case "colls":
                return self._containers(request)
            case "offers":
                return Answer(body={"Offers": [], "_count": 0, "_rid": ""})
        container = self.container(request.database, request.container)
        if request.header(_INTENDED) not in {"", container.rid}:
            raise Refusal(400, "Collection rid mismatch.", 1024)
        with container.lock:
            if request.kind == "pkranges":
                return _ranges(container, request)
            match request.operation:
                case "plan":
                    answer = reads.plan(request)
                case "query":
                    answer = reads.query(container, request, self.lag)
                case "feed":
                    answer = reads.changes(container, request, self.lag)
                case _:
                    answer = operations.serve(container, request, self.lag)
        answer.headers["x-ms-alt-content-path"] = f"dbs/{request.database}/colls/{request.container}"
        answer.headers["x-ms-content-path"] = container.rid
        return answer

    def make(self, database: str, definition: dict[str, Any]) -> Container:
        """A new container; 409."""
        owner = self.database(database)
        with self._lock:
            name = definition["id"]
            if name in owner.containers:
                raise Refusal(409, "Resource with specified id or name already exists.")
            raw = owner.raw + next(self._numbers).to_bytes(3) + b"\0"
            # the eight bytes of a container's id: four of its database, four of its own
            link = f"dbs/{owner.rid}/colls/{base64.b64encode(raw).decode()}/"
            owner.containers[name] = Container(name, raw, link, definition, self.partitions)
            return owner.containers[name]

    def _databases(self, request: Request) -> Answer:
        with self._lock:
            if request.method == "POST":
                name = request.json()["id"]
                if name in self.databases:
                    raise Refusal(409, "Resource with specified id or name already exists.")
                self.databases[name] = Database(name)
                return Answer(status=201, body=self.databases[name].body)
            if request.method == "DELETE":
                del self.databases[self.database(request.database).name]
                return Answer(status=204)
            if request.database:
                return Answer(body=self.database(request.database).body)
            found = [database.body for database in self.databases.values()]
            return Answer(body={"_rid": "", "Databases": found, "_count": len(found)})

    def _containers(self, request: Request) -> Answer:
        if request.method == "POST":
            return Answer(status=201, body=self.make(request.database, request.json()).definition)
        if not request.container:
            found = [c.definition for c in self.database(request.database).containers.values()]
            return Answer(body={"_rid": "", "DocumentCollections": found, "_count": len(found)})
        container = self.container(request.database, request.container)
        if request.method == "DELETE":
            del self.database(request.database).containers[container.name]
            return Answer(status=204)
        if request.method == "PUT":
            container.definition.update(request.json())
        return Answer(body=container.definition)

    def _body(self) -> dict[str, Any]:
        regions = [
            {"name": f"Here {n}", "databaseAccountEndpoint": self.endpoint} for n in range(self.regions)
        ]
        return {
            "_self": "",
            "id": "stand-in",
            "_rid": "stand-in",
            "media": "//media/",
            "addresses": "//addresses/",
            "_dbs": "//dbs/",
            "writableLocations": regions,
            "readableLocations": regions,
            "enableMultipleWriteLocations": self.regions > 1,
            "userReplicationPolicy": {
                "asyncReplication": False,
                "minReplicaSetSize": 3,
                "maxReplicasetSize": 4,
            },
            "userConsistencyPolicy": {"defaultConsistencyLevel": self.consistency},
            "systemReplicationPolicy": {"minReplicaSetSize": 3, "maxReplicasetSize": 4},
            "readPolicy": {"primaryReadCoefficient": 1, "secondaryReadCoefficient": 1},
            "queryEngineConfiguration": "{}",
        }


def _ranges(container: Container, request: Request) -> Answer:
    tag = f'"{container.rid}.{container.generation}"'
    if request.header("if-none-match") == tag:  # without this answer the SDK would ask for ever
        return Answer(status=304, headers={"etag": tag})
    found = [
        {
            "id": p.range_id,
            "_rid": container.rid,
            "minInclusive": p.low,
            "maxExclusive": p.high,
            "parents": list(p.parents),
            "status": "online",
            "throughputFraction": 1 / len(container.partitions),
            "_lsn": p.lsn,
            "_self": f"{container.link}pkranges/{p.range_id}/",
            "_etag": tag,
            "_ts": 0,
        }
        for p in container.partitions
    ]
    return Answer(
        body={"_rid": container.rid, "PartitionKeyRanges": found, "_count": len(found)}, headers={"etag": tag}
    )
