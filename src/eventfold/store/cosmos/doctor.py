"""Examines an account, a database and its containers, and names what a log could not live with. Changes nothing."""

from collections.abc import Iterator, Mapping
from typing import Any

from azure.core.exceptions import AzureError
from azure.cosmos import ContainerProxy, CosmosClient
from azure.cosmos.exceptions import CosmosHttpResponseError

from eventfold.errors import ConfigInvalid
from eventfold.store.cosmos.requests.calls import not_signed_in, translate
from eventfold.store.cosmos.requests.connect import LOG, check_account, check_events
from eventfold.store.cosmos.requests.settings import Settings, credential, read_url
from eventfold.store.cosmos.requests.sizes import heavy_streams
from eventfold.store.findings import Finding

_WEAK = {"Eventual", "ConsistentPrefix"}


def examine(url: str) -> Iterator[Finding]:
    """Everything that was looked at, in the order of account, containers, log."""
    settings = read_url(url)
    try:
        client = CosmosClient(settings.endpoint, credential(settings))
        account = client.get_database_account()
    except AzureError as error:
        if not_signed_in(error):
            raise translate(error, "signing in", writes=False) from error
        yield _unseen("account", error)
        return
    try:
        yield from _account(account)
        database = client.get_database_client(settings.database)
        yield from _events(database.get_container_client(settings.events), settings)
        for name in (settings.snapshots, settings.leases):
            keeps = name == settings.leases  # a snapshot that is gone is taken anew
            yield from _beside(database.get_container_client(name), name, keeps=keeps)
    finally:
        client.close()


def _account(account: Any) -> Iterator[Finding]:
    try:
        check_account(account)
        yield Finding("ok", "write regions", "one: conflicts are decided when an event is written")
    except ConfigInvalid as error:
        yield Finding("problem", "write regions", error.message)
    level = (account.ConsistencyPolicy or {}).get("defaultConsistencyLevel", "unknown")
    if level in _WEAK:
        yield Finding(
            "warning",
            "consistency",
            f"{level}: reads of other processes may be old for longer than need be; Session is enough for a log.",
        )
    else:
        yield Finding("ok", "consistency", level)
    if level != "Strong" and len(account.ReadableLocations) > 1:
        yield Finding(
            "warning",
            "durability",
            "relaxed: an unplanned fail-over to another region may take acknowledged events with it. Strong consistency"
            " prevents that, at the price of latency.",
        )
    else:
        yield Finding("ok", "durability", "what was acknowledged stays")


def _events(container: ContainerProxy, settings: Settings) -> Iterator[Finding]:
    what = f"container {settings.events}"
    try:
        properties = container.read(populate_partition_key_range_statistics=True)
    except CosmosHttpResponseError as error:
        yield _missing(what, error)
        return
    try:
        check_events(properties, settings.events)
        yield Finding("ok", what, "partition key, unique key and time to live are those of a log")
        if properties.get("defaultTtl") is not None:
            yield Finding(
                "warning",
                what,
                "times to live are switched on (defaultTtl -1): a document that says `ttl` itself would vanish. Switch"
                " them off: a log never forgets.",
            )
    except ConfigInvalid as error:
        yield Finding("problem", what, error.message)
    yield from _indexing(properties, what)
    heavy = list(heavy_streams(properties))
    for found in heavy:
        yield Finding("warning", "size of streams", found)
    if not heavy:
        yield Finding("ok", "size of streams", "none has taken half of its 20 GB")
    try:
        log = container.read_item(LOG, LOG)
        yield Finding("ok", "log", str(log.get("logId")))
    except CosmosHttpResponseError as error:
        if error.status_code == 404:
            yield Finding(
                "problem",
                "log",
                "it holds no log of eventfold: open it once with create, or import into it",
            )
        else:
            yield _unseen("log", error)


def _indexing(properties: Mapping[str, Any], what: str) -> Iterator[Finding]:
    policy = properties.get("indexingPolicy", {})
    included = {path.get("path") for path in policy.get("includedPaths", [])}
    if policy.get("indexingMode") == "none" or not {"/version/?", "/eventId/?"} <= included | _all(included):
        yield Finding(
            "problem",
            what,
            "/version and /eventId are not indexed: reading a stream would scan its partition",
        )
    elif "/*" in included:
        yield Finding(
            "warning",
            what,
            "everything is indexed: each append pays for it. Exclude /* but /version and /eventId.",
        )
    else:
        yield Finding("ok", what, "only what is asked for is indexed")


def _all(included: set[Any]) -> set[str]:
    return {"/version/?", "/eventId/?"} if "/*" in included else set()


def _beside(container: ContainerProxy, name: str, *, keeps: bool) -> Iterator[Finding]:
    what = f"container {name}"
    try:
        properties = container.read()
    except CosmosHttpResponseError as error:
        yield _missing(what, error)
        return
    if keeps and (ttl := properties.get("defaultTtl")) not in {None, -1}:
        yield Finding(
            "warning",
            what,
            f"it deletes documents after {ttl} s: where a reader stands is forgotten when its workers rest that long."
            " Take the time to live away.",
        )
    key = properties.get("partitionKey", {}).get("paths")
    if key == ["/aggregateId"]:
        yield Finding("ok", what, "its partition key is /aggregateId")
    else:
        yield Finding("problem", what, f"its partition key is {key}, not /aggregateId: make it anew")


def _missing(what: str, error: CosmosHttpResponseError) -> Finding:
    if error.status_code == 404:
        return Finding(
            "problem", what, "it is not there: deploy the Bicep file, or open the log once with a key"
        )
    return _unseen(what, error)


def _unseen(what: str, error: AzureError) -> Finding:
    status = getattr(error, "status_code", None)
    return Finding(
        "unseen",
        what,
        f"this caller may not look at it, or it did not answer ({status or type(error).__name__})",
    )
