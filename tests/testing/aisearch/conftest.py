"""A service, clients of the real SDK, and an index of articles."""

from collections.abc import Iterator

import pytest
from azure.core.credentials import AzureKeyCredential
from azure.search.documents import SearchClient
from azure.search.documents.indexes import SearchIndexClient

from eventfold.testing.aisearch import StandIn
from tests.testing.aisearch.given import articles


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn() as made:
        yield made


@pytest.fixture
def indexes(service: StandIn) -> Iterator[SearchIndexClient]:
    with SearchIndexClient(service.endpoint, AzureKeyCredential(service.key)) as made:
        yield made


@pytest.fixture
def client(service: StandIn, indexes: SearchIndexClient) -> Iterator[SearchClient]:
    """Of the empty index `articles`."""
    indexes.create_index(articles())
    with SearchClient(service.endpoint, "articles", AzureKeyCredential(service.key)) as made:
        yield made
