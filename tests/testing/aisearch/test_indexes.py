"""Indexes: what is made, told, changed, refused and taken away."""

from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.credentials import AccessToken, AzureKeyCredential
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ServiceRequestError,
)
from azure.search.documents.indexes import SearchIndexClient
from azure.search.documents.indexes.models import (
    AnalyzeTextOptions,
    SearchableField,
    SearchField,
    SearchIndex,
    SearchSuggester,
    SimpleField,
)

from eventfold.testing.aisearch import StandIn
from tests.testing.aisearch.given import articles, raw, refused, status

KEY = SimpleField(name="id", type="Edm.String", key=True)


def index_of(*fields: SearchField, name: str = "orders", **more: Any) -> SearchIndex:
    return SearchIndex(name=name, fields=[KEY, *fields], **more)


def test_an_index_comes_back_as_it_was_made(indexes: SearchIndexClient) -> None:
    made = indexes.create_index(articles())
    found = indexes.get_index("articles")
    assert found.as_dict() == made.as_dict()
    assert found.e_tag
    fields = {field.name: field for field in found.fields}
    assert list(fields) == [field.name for field in articles().fields]
    assert (fields["id"].key, fields["title"].analyzer_name) == (True, "standard.lucene")
    assert (fields["code"].analyzer_name, fields["colour"].analyzer_name) == ("whitespace", None)
    assert (fields["secret"].retrievable, fields["tags"].type) == (False, "Collection(Edm.String)")


def test_attributes_that_are_not_said_have_the_defaults_of_the_service(indexes: SearchIndexClient) -> None:
    plain = [SearchField(name="t", type="Edm.String"), SearchField(name="c", type="Collection(Edm.Int64)")]
    made = indexes.create_index(index_of(*plain))
    text, numbers = made.fields[1:]
    assert (text.searchable, text.filterable, text.sortable, text.facetable, text.retrievable) == (True,) * 5
    assert (numbers.searchable, numbers.filterable, numbers.sortable, numbers.facetable) == (
        False,
        True,
        False,
        True,
    )


def test_indexes_are_listed_and_taken_away(indexes: SearchIndexClient) -> None:
    for name in ("b", "a"):
        indexes.create_index(index_of(name=name + "-1"))
    assert [found.name for found in indexes.list_indexes()] == ["a-1", "b-1"]
    assert list(indexes.list_index_names()) == ["a-1", "b-1"]
    indexes.delete_index("a-1")
    assert list(indexes.list_index_names()) == ["b-1"]
    with pytest.raises(ResourceNotFoundError):
        indexes.get_index("a-1")


def test_an_index_is_made_once(indexes: SearchIndexClient) -> None:
    indexes.create_index(index_of())
    with pytest.raises(ResourceExistsError):
        indexes.create_index(index_of())


def test_conditions_are_kept(indexes: SearchIndexClient) -> None:
    made = indexes.create_index(index_of())
    newer = indexes.create_or_update_index(
        index_of(SimpleField(name="n", type="Edm.Int32")),
        match_condition=MatchConditions.IfPresent,
    )
    assert newer.e_tag != made.e_tag
    with pytest.raises(ResourceModifiedError):
        indexes.create_or_update_index(made, match_condition=MatchConditions.IfNotModified)
    with pytest.raises(ResourceModifiedError):
        indexes.delete_index(made, match_condition=MatchConditions.IfNotModified)
    assert status(indexes.create_or_update_index, made, match_condition=MatchConditions.IfMissing) == 412
    indexes.delete_index(newer, match_condition=MatchConditions.IfNotModified)
    assert status(indexes.create_or_update_index, made, match_condition=MatchConditions.IfPresent) == 412
    assert indexes.create_or_update_index(made, match_condition=MatchConditions.IfMissing).name == "orders"


def test_a_put_without_an_index_makes_it(service: StandIn, indexes: SearchIndexClient) -> None:
    indexes.create_or_update_index(index_of())
    indexes.create_or_update_index(index_of())
    assert [call.status for call in service.calls.all("indexes", "put")] == [201, 200]


def test_an_index_gets_fields_and_hides_them_and_changes_nothing_else(indexes: SearchIndexClient) -> None:
    text = SearchableField(name="t")
    indexes.create_index(index_of(text))
    grown = indexes.create_or_update_index(index_of(text, SimpleField(name="n", type="Edm.Int32")))
    grown.fields[1].retrievable = False
    grown.description = "orders"
    hidden = indexes.create_or_update_index(grown)
    assert (hidden.fields[1].retrievable, hidden.description) == (False, "orders")
    n = SimpleField(name="n", type="Edm.Int32")
    changed = [
        (index_of(text), "Existing field 'n' cannot be deleted."),
        (index_of(n, SearchableField(name="t", filterable=True)), "Existing field 't' cannot be changed."),
        (index_of(n, SearchableField(name="t", analyzer_name="keyword")), "'t' cannot be changed."),
        (index_of(text, SimpleField(name="n", type="Edm.Int64")), "Existing field 'n' cannot be changed."),
    ]
    for definition, why in changed:
        error = refused(indexes.create_or_update_index, definition)
        assert (error.status_code, error.error.code) == (400, "OperationNotAllowed")  # type: ignore[union-attr]
        assert why in error.message


REFUSED: list[tuple[SearchIndex, str]] = [
    (SearchIndex(name="orders", fields=[]), "1 to 1000 fields"),
    (SearchIndex(name="orders", fields=[SimpleField(name="a", type="Edm.String")]), "exactly one key field"),
    (index_of(SimpleField(name="b", type="Edm.String", key=True)), "exactly one key field"),
    (
        SearchIndex(name="orders", fields=[SimpleField(name="id", type="Edm.Int32", key=True)]),
        "of type Edm.String",
    ),
    (
        SearchIndex(name="orders", fields=[SimpleField(name="id", type="Edm.String", key=True, hidden=True)]),
        "retriev",
    ),
    (index_of(name="x"), "Invalid index name"),
    (index_of(name="Upper"), "Invalid index name"),
    (index_of(name="a--b"), "Invalid index name"),
    (index_of(name="-ab"), "Invalid index name"),
    (index_of(name="a" * 129), "Invalid index name"),
    (index_of(SimpleField(name="1a", type="Edm.String")), "Invalid field name"),
    (index_of(SimpleField(name="a-b", type="Edm.String")), "Invalid field name"),
    (index_of(SimpleField(name="azureSearch_a", type="Edm.String")), "Invalid field name"),
    (
        index_of(SimpleField(name="a", type="Edm.String"), SimpleField(name="a", type="Edm.String")),
        "more than",
    ),
    (index_of(SearchField(name="a", type="Edm.Int32", searchable=True)), "cannot be searchable"),
    (index_of(SearchField(name="a", type="Collection(Edm.String)", sortable=True)), "cannot be sortable"),
    (index_of(SimpleField(name="a", type="Edm.Decimal")), "type"),
    (index_of(SimpleField(name="a", type="text")), "type"),
    (
        index_of(SearchField(name="a", type="Edm.String", searchable=False, analyzer_name="simple")),
        "analyzer",
    ),
    (index_of(SearchField(name="a", type="Edm.String", index_analyzer_name="simple")), "searchAnalyzer"),
]


@pytest.mark.parametrize(("index", "why"), REFUSED)
def test_a_definition_that_cannot_be_is_refused(
    indexes: SearchIndexClient, index: SearchIndex, why: str
) -> None:
    error = refused(indexes.create_index, index)
    assert error.status_code == 400
    assert why in error.message
    assert list(indexes.list_index_names()) == []


UNKNOWN: list[SearchIndex] = [
    index_of(SearchableField(name="a", analyzer_name="en.microsoft")),
    index_of(SearchField(name="a", type="Edm.GeographyPoint")),
    index_of(SearchField(name="a", type="Edm.ComplexType", fields=[KEY])),
    index_of(SearchField(name="a", type="Edm.String", normalizer_name="lowercase")),
    index_of(SearchableField(name="a"), suggesters=[SearchSuggester(name="s", source_fields=["a"])]),
]


@pytest.mark.parametrize("index", UNKNOWN)
def test_what_the_stand_in_does_not_know_is_refused_and_says_so(
    indexes: SearchIndexClient, index: SearchIndex
) -> None:
    error = refused(indexes.create_index, index)
    assert error.status_code == 400
    assert "The stand-in for Azure AI Search does not know" in error.message


def test_statistics_tell_documents_and_bytes(indexes: SearchIndexClient, client: Any) -> None:
    assert indexes.get_index_statistics("articles").document_count == 0
    client.upload_documents([{"id": "1", "title": "blue"}])
    found = indexes.get_index_statistics("articles")
    assert (found.document_count, found.vector_index_size) == (1, 0)
    assert found.storage_size > 10


@pytest.mark.parametrize(
    ("analyzer", "terms"),
    [
        ("standard.lucene", ["the", "o'neil", "order", "17", "3.14", "a_b", "müller", "x.y", "é"]),
        (
            "standardasciifolding.lucene",
            ["the", "o'neil", "order", "17", "3.14", "a_b", "muller", "x.y", "e"],
        ),
        ("simple", ["the", "o", "neil", "order", "a", "b", "müller", "x", "y", "é"]),
        ("whitespace", ["The", "O'Neil", "Order-17:", "3.14,", "a_b", "(Müller)", "x.Y", "É"]),
        ("keyword", ["The O'Neil Order-17: 3.14, a_b (Müller) x.Y É"]),
    ],
)
def test_texts_become_terms(indexes: SearchIndexClient, client: Any, analyzer: str, terms: list[str]) -> None:
    text = "The O'Neil Order-17: 3.14, a_b (Müller) x.Y É"
    found = indexes.analyze_text("articles", AnalyzeTextOptions(text=text, analyzer_name=analyzer)).tokens
    assert [token.token for token in found] == terms
    lowered = [text[token.start_offset : token.end_offset].lower() for token in found]
    if analyzer != "standardasciifolding.lucene":
        assert lowered == [term.lower() for term in terms]
    assert [token.position for token in found] == list(range(len(terms)))


def test_keys_open_what_they_may(service: StandIn, indexes: SearchIndexClient, client: Any) -> None:
    reader = SearchIndexClient(service.endpoint, AzureKeyCredential(service.query_key))
    assert status(reader.get_index, "articles") == 403
    assert raw(service, "GET", "/indexes('articles')/docs/$count", headers={})[0] == 401
    assert raw(service, "GET", "/indexes('articles')/docs/$count", headers={"api-key": "wrong"})[0] == 403
    query = {"api-key": service.query_key}
    assert raw(service, "GET", "/indexes('articles')/docs/$count", headers=query)[:2] == (200, "0")
    assert raw(service, "POST", "/indexes('articles')/docs/search.index", {"value": []}, query)[0] == 403


def test_a_bearer_token_opens_what_its_roles_open() -> None:
    tokens = {"owner": ["service", "write", "read"], "reader": ["read"]}
    with StandIn(entra=tokens) as service:
        made = {"name": "ab", "fields": [{"name": "id", "type": "Edm.String", "key": True}]}
        for token, expected in {"reader": 403, "nobody": 401, "owner": 201}.items():
            bearer = {"authorization": f"Bearer {token}"}
            assert raw(service, "POST", "/indexes", made, bearer)[0] == expected
        bearer = {"authorization": "Bearer reader"}
        assert raw(service, "GET", "/indexes/ab/docs/$count", headers=bearer)[:2] == (200, "0")


class Token:
    """What an identity of Entra ID gives."""

    def __init__(self, text: str) -> None:
        self.text = text

    def get_token(self, *_: str, **__: Any) -> AccessToken:
        return AccessToken(self.text, 4_000_000_000)


def test_the_sdk_signs_in_by_a_token_where_it_is_let() -> None:
    with StandIn(entra={"owner": ["service", "write", "read"]}) as service:
        owner = SearchIndexClient(service.endpoint, Token("owner"))
        with pytest.raises(ServiceRequestError, match="not permitted for non-TLS"):
            owner.create_index(articles())
        assert owner.create_index(articles(), enforce_https=False).name == "articles"
        stranger = SearchIndexClient(service.endpoint, Token("stranger"))
        with pytest.raises(ClientAuthenticationError):
            stranger.get_index("articles", enforce_https=False)


def test_what_is_no_request_of_the_service_is_refused(service: StandIn) -> None:
    assert raw(service, "GET", "/skillsets")[0] == 400
    assert raw(service, "PATCH", "/indexes/ab")[0] == 400
    assert raw(service, "POST", "/indexes", b"{not json")[0] == 400
    assert raw(service, "POST", "/indexes", [1])[0] == 400
    assert raw(service, "POST", "/indexes", {"name": "ab", "fields": [], "colour": 1})[0] == 400
    assert raw(service, "GET", "/indexes?x=" + "y" * 9000)[0] == 414


def test_every_answer_says_that_it_comes_from_a_stand_in(service: StandIn) -> None:
    for path in ("/indexes", "/nothing"):
        assert raw(service, "GET", path)[2]["x-eventfold-stand-in"] == "Azure AI Search"


def test_an_api_version_is_needed(service: StandIn) -> None:
    client = SearchIndexClient(service.endpoint, AzureKeyCredential(service.key), api_version="")
    with pytest.raises(HttpResponseError):
        list(client.list_indexes())
