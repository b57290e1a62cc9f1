"""Opening a database of an account: containers with the right keys, and the id of the log they hold."""

import contextlib
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple
from uuid import uuid4

from azure.core.exceptions import AzureError, ServiceRequestError
from azure.cosmos import ContainerProxy, CosmosClient, PartitionKey
from azure.cosmos.exceptions import (
    CosmosBatchOperationError,
    CosmosHttpResponseError,
    CosmosResourceExistsError,
    CosmosResourceNotFoundError,
)

from eventfold.errors import ConfigInvalid, LogNotFound, StorageFailed
from eventfold.foreign import said
from eventfold.store.cosmos.requests.calls import Calls, translate
from eventfold.store.cosmos.requests.settings import Settings, credential
from eventfold.store.cosmos.requests.sizes import heavy_streams

_log = logging.getLogger("eventfold.store")
LOG = "$log"
_UNIQUE = {"uniqueKeys": [{"paths": ["/eventId"]}]}
EVENTS_INDEX: dict[str, Any] = {
    "indexingMode": "consistent",
    "automatic": True,
    "includedPaths": [{"path": "/version/?"}, {"path": "/eventId/?"}],
    "excludedPaths": [{"path": "/*"}],
}
_OTHERS_INDEX: dict[str, Any] = {**EVENTS_INDEX, "includedPaths": [{"path": "/version/?"}]}


class Opened(NamedTuple):
    """What a store works with.

    Attributes:
        client: closed with the store.
        events: the container of events.
        snapshots: the container of snapshots.
        leases: the container of readers.
        log_id: of the log.
        rid: of the container of events; another one is another log.
    """

    client: CosmosClient
    events: ContainerProxy
    snapshots: ContainerProxy
    leases: ContainerProxy
    log_id: str
    rid: str


def connect(settings: Settings, calls: Calls, *, create: bool) -> Opened:
    """Opens the containers, and makes what is missing where that is wanted.

    Raises:
        LogNotFound: there is no log, and none is to be made.
        ConfigInvalid: an account or a container that could not keep the promises of a log; the sentence names why.
        StorageError: the account did not answer, or refused the caller.
    """
    client = _client(settings, calls)
    try:
        return _opened(client, settings, calls, create=create)
    except BaseException:
        client.close()
        raise


def _client(settings: Settings, calls: Calls) -> CosmosClient:
    """The SDK's client; made, it has asked the account where it is."""

    def make() -> CosmosClient:
        try:
            return CosmosClient(
                settings.endpoint,
                credential(settings),
                enable_compact_utf8_item_writes=True,
                raw_response_hook=calls.answered,
            )
        except ServiceRequestError as error:  # nothing is there by this name: waiting would not help
            raise translate(error, "opening the account", writes=False) from error
        except ValueError as error:
            raise ConfigInvalid(f"The Cosmos DB account cannot be used: {said(error)}.", key="url") from error

    try:
        return calls.read("opening the account", make)
    except AzureError as error:
        raise translate(error, "opening the account", writes=False) from error


def _opened(client: CosmosClient, settings: Settings, calls: Calls, *, create: bool) -> Opened:
    account = calls.read("reading the account", client.get_database_account)
    check_account(account)
    if create:
        _make(client, settings, calls)
    database = client.get_database_client(settings.database)
    events = database.get_container_client(settings.events)
    properties = _properties(events, settings, calls)
    check_events(properties, settings.events)
    for found in heavy_streams(properties):
        _log.warning("size: %s", found)
    log_id = _log_id(events, settings, calls, create=create)
    snapshots, leases = (
        database.get_container_client(name) for name in (settings.snapshots, settings.leases)
    )
    return Opened(client, events, snapshots, leases, log_id, properties["_rid"])


def check_account(account: Any) -> None:
    """Refuses an account that could not keep a log; warns of one that may forget.

    Raises:
        ConfigInvalid: it has several write regions.
    """
    several = getattr(account, "_EnableMultipleWritableLocations", False)
    if several or len(account.WritableLocations) > 1:
        raise ConfigInvalid(
            "The account may have several write regions; conflicts would be resolved later by the service, and no"
            " expected version could be trusted. Leave one write region.",
            key="writeRegions",
        )
    policy = account.ConsistencyPolicy or {}
    if policy.get("defaultConsistencyLevel") != "Strong" and len(account.ReadableLocations) > 1:
        _log.warning("durability: relaxed; an unplanned fail-over may take acknowledged events with it")


def _make(client: CosmosClient, settings: Settings, calls: Calls) -> None:
    try:
        calls.read("making the database", lambda: _made(client.create_database, settings.database))
        database = client.get_database_client(settings.database)
        for name, unique, index in (
            (settings.events, _UNIQUE, EVENTS_INDEX),
            (settings.snapshots, None, _OTHERS_INDEX),
            (settings.leases, None, _OTHERS_INDEX),
        ):
            make = partial(
                database.create_container,
                partition_key=PartitionKey("/aggregateId"),
                indexing_policy=index,
                unique_key_policy=unique,
                offer_throughput=settings.throughput,
            )
            calls.read("making a container", partial(_made, make, name))
    except StorageFailed as error:
        # by Entra ID the data plane may not make anything, even where everything is there already
        _log.debug("nothing was made: %s", error)


def _made(make: Callable[[str], object], name: str) -> None:
    """Makes it, unless it is there or another process is quicker."""
    with contextlib.suppress(CosmosResourceExistsError):
        make(name)


def _properties(events: ContainerProxy, settings: Settings, calls: Calls) -> Mapping[str, Any]:
    try:
        # with the sizes of the largest streams, which the service knows and a writer does not
        return calls.read(
            "reading the container", lambda: events.read(populate_partition_key_range_statistics=True)
        )
    except CosmosResourceNotFoundError:
        raise LogNotFound(
            f"There is no container {settings.events} in the database {settings.database}: look at the URL, or let a"
            " key or the deployment files make it.",
            database=settings.database,
            container=settings.events,
        ) from None


def check_events(properties: Mapping[str, Any], name: str) -> None:
    """Refuses a container that could not keep a log.

    Raises:
        ConfigInvalid: its partition key, its unique key or a time to live is wrong.
    """
    key = properties.get("partitionKey", {})
    if key.get("paths") != ["/aggregateId"]:
        raise ConfigInvalid(
            f"The container {name} has the partition key {key.get('paths')}; a log needs /aggregateId. Partition keys"
            " cannot be changed: make another container.",
            key="partitionKey",
        )
    unique = properties.get("uniqueKeyPolicy", {}).get("uniqueKeys", [])
    if ["/eventId"] not in [entry.get("paths") for entry in unique]:
        raise ConfigInvalid(
            f"The container {name} has no unique key /eventId, so that a repeated append could be stored twice. Unique"
            " keys are set when a container is made: make another one and import this.",
            key="uniqueKeyPolicy",
        )
    if properties.get("defaultTtl") not in {None, -1}:
        raise ConfigInvalid(
            f"The container {name} deletes documents after {properties['defaultTtl']} s; a log never forgets. Take the"
            " time to live away.",
            key="defaultTtl",
        )


def _log_id(events: ContainerProxy, settings: Settings, calls: Calls, *, create: bool) -> str:
    found = _read_log(events, calls)
    if found is None and create:
        document = {"id": LOG, "aggregateId": LOG, "eventId": LOG, "logId": str(uuid4())}
        try:
            calls.read("making the log", lambda: events.create_item(document, response_hook=calls.hook))
        except CosmosHttpResponseError as error:
            if error.status_code != 409:  # another process was quicker
                raise translate(error, "making the log", writes=False) from error
        found = _read_log(events, calls)
    if found is None:
        raise LogNotFound(
            f"The container {settings.events} holds no log of eventfold; import what it holds into a new one.",
            database=settings.database,
            container=settings.events,
        )
    return found


def _read_log(events: ContainerProxy, calls: Calls) -> str | None:
    """The id of the log, asked of the write region: a replica that lags must not make it look absent."""
    try:
        found = calls.read(
            "reading the log",
            lambda: events.execute_item_batch([("read", (LOG,))], LOG, response_hook=calls.hook),
        )
    except CosmosBatchOperationError:
        return None
    return str(found[0]["resourceBody"]["logId"])
