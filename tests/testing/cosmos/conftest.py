"""An account, a client of the real SDK and a container laid out as eventfold lays out its events."""

from collections.abc import Iterator

import pytest
from azure.cosmos import ContainerProxy, CosmosClient, PartitionKey

from eventfold.testing.cosmos import StandIn


@pytest.fixture
def account() -> Iterator[StandIn]:
    with StandIn(partitions=4) as made:
        yield made


@pytest.fixture
def client(account: StandIn) -> Iterator[CosmosClient]:
    with CosmosClient(account.endpoint, account.key) as made:
        yield made


@pytest.fixture
def container(client: CosmosClient) -> ContainerProxy:
    return client.create_database("app").create_container(
        "events", PartitionKey("/stream"), unique_key_policy={"uniqueKeys": [{"paths": ["/eventId"]}]}
    )
