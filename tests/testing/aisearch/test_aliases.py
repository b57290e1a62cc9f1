"""Aliases: another name of an index, by which a new index takes the place of an old one."""

import pytest
from azure.core import MatchConditions
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.search.documents import SearchClient
from azure.search.documents.indexes import SearchIndexClient
from azure.search.documents.indexes.models import SearchAlias, SimpleField

from eventfold.testing.aisearch import StandIn
from tests.testing.aisearch.given import articles, raw, refused, status


@pytest.fixture
def two(service: StandIn, indexes: SearchIndexClient) -> SearchIndexClient:
    """Indexes `old` and `new` with a document each."""
    for name in ("old", "new"):
        indexes.create_index(articles(name))
        with at(service, name) as client:
            client.upload_documents([{"id": name}])
    return indexes


def at(service: StandIn, name: str) -> SearchClient:
    return SearchClient(service.endpoint, name, AzureKeyCredential(service.key))


def led(service: StandIn, name: str = "orders") -> list[str]:
    with at(service, name) as client:
        return [hit["id"] for hit in client.search("*")]


def test_an_alias_leads_to_its_index(service: StandIn, two: SearchIndexClient) -> None:
    made = two.create_alias(SearchAlias(name="orders", indexes=["old"]))
    assert two.get_alias("orders").as_dict() == made.as_dict()
    assert (made.indexes, [alias.name for alias in two.list_aliases()]) == (["old"], ["orders"])
    assert list(two.list_alias_names()) == ["orders"]
    assert led(service) == ["old"]
    with at(service, "orders") as client:
        client.upload_documents([{"id": "more"}])
        assert client.get_document("more")["id"] == "more"
        assert client.get_document_count() == 2
    assert sorted(led(service, "old")) == ["more", "old"]
    assert two.get_index("orders").name == "old"
    two.create_or_update_alias(SearchAlias(name="orders", indexes=["new"]))
    assert led(service) == ["new"]
    two.delete_alias("orders")
    with pytest.raises(ResourceNotFoundError):
        led(service)
    with pytest.raises(ResourceNotFoundError):
        two.get_alias("orders")


def test_an_index_is_changed_and_not_deleted_by_an_alias(service: StandIn, two: SearchIndexClient) -> None:
    two.create_alias(SearchAlias(name="orders", indexes=["old"]))
    grown = articles("old", SimpleField(name="more", type="Edm.Int32"))
    path = "/indexes('orders')"
    assert raw(service, "PUT", path, grown.as_dict())[0] == 200
    assert two.get_index("old").fields[-1].name == "more"
    assert raw(service, "PUT", path, articles("orders").as_dict())[0] == 400
    assert raw(service, "DELETE", path)[0] == 404
    assert raw(service, "GET", f"{path}/search.stats")[0] == 404
    assert raw(service, "POST", f"{path}/search.analyze", {"text": "a", "analyzer": "simple"})[0] == 404
    assert raw(service, "POST", "/indexes", articles("orders").as_dict())[0] == 409


def test_an_index_that_an_alias_leads_to_stays(two: SearchIndexClient) -> None:
    two.create_alias(SearchAlias(name="orders", indexes=["old"]))
    error = refused(two.delete_index, "old")
    assert (error.status_code, "orders" in error.message) == (400, True)
    two.create_or_update_alias(SearchAlias(name="orders", indexes=["new"]))
    two.delete_index("old")
    assert list(two.list_index_names()) == ["new"]


def test_conditions_are_kept(two: SearchIndexClient) -> None:
    made = two.create_alias(SearchAlias(name="orders", indexes=["old"]))
    with pytest.raises(ResourceExistsError):
        two.create_alias(SearchAlias(name="orders", indexes=["new"]))
    newer = two.create_or_update_alias(
        SearchAlias(name="orders", indexes=["new"], e_tag=made.e_tag),
        match_condition=MatchConditions.IfNotModified,
    )
    assert newer.e_tag != made.e_tag
    with pytest.raises(ResourceModifiedError):
        two.create_or_update_alias(made, match_condition=MatchConditions.IfNotModified)
    with pytest.raises(ResourceModifiedError):
        two.delete_alias(made, match_condition=MatchConditions.IfNotModified)
    two.delete_alias(newer, match_condition=MatchConditions.IfNotModified)
    assert list(two.list_alias_names()) == []


@pytest.mark.parametrize(
    "alias",
    [
        SearchAlias(name="Orders", indexes=["old"]),
        SearchAlias(name="orders", indexes=[]),
        SearchAlias(name="orders", indexes=["old", "new"]),
        SearchAlias(name="orders", indexes=["none"]),
        SearchAlias(name="old", indexes=["new"]),
    ],
)
def test_an_alias_that_cannot_be_is_refused(two: SearchIndexClient, alias: SearchAlias) -> None:
    assert status(two.create_alias, alias) == 400
    assert status(two.create_or_update_alias, alias) == 400
    assert list(two.list_aliases()) == []


def test_an_alias_may_be_late(service: StandIn, two: SearchIndexClient) -> None:
    two.create_alias(SearchAlias(name="orders", indexes=["old"]))
    service.lag_aliases(2)
    two.create_or_update_alias(SearchAlias(name="orders", indexes=["new"]))
    assert two.get_alias("orders").indexes == ["new"]
    assert [led(service) for _ in range(3)] == [["old"], ["old"], ["new"]]
    two.create_or_update_alias(SearchAlias(name="orders", indexes=["old"]))
    two.delete_index("new")
    assert led(service) == ["old"]  # what is not there gets no request
