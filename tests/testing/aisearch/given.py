"""What the tests of the stand-in share: an index, documents, refusals, requests past the SDK."""

import json
from http.client import HTTPConnection
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.search.documents.indexes.models import SearchableField, SearchField, SearchIndex, SimpleField

from eventfold.testing.aisearch import StandIn

MADE = "2026-01-02T03:04:05.678Z"


def articles(name: str = "articles", *more: SearchField) -> SearchIndex:
    """Every type, and fields that can less than others."""
    return SearchIndex(
        name=name,
        fields=[
            SimpleField(name="id", type="Edm.String", key=True, filterable=True, sortable=True),
            SearchableField(name="title", sortable=True, filterable=True, facetable=True),
            SearchableField(name="code", analyzer_name="whitespace"),
            SimpleField(name="colour", type="Edm.String", filterable=True, facetable=True, sortable=True),
            SearchableField(name="tags", collection=True, filterable=True, facetable=True),
            SimpleField(name="count", type="Edm.Int32", filterable=True, sortable=True, facetable=True),
            SimpleField(name="large", type="Edm.Int64", filterable=True, sortable=True),
            SimpleField(name="price", type="Edm.Double", filterable=True, sortable=True, facetable=True),
            SimpleField(name="open", type="Edm.Boolean", filterable=True, sortable=True, facetable=True),
            SimpleField(
                name="made", type="Edm.DateTimeOffset", filterable=True, sortable=True, facetable=True
            ),
            SimpleField(name="sizes", type="Collection(Edm.Int32)", filterable=True, facetable=True),
            SimpleField(name="flags", type="Collection(Edm.Boolean)", filterable=True),
            SimpleField(name="secret", type="Edm.String", filterable=True, hidden=True),
            SimpleField(name="note", type="Edm.String"),
            *more,
        ],
    )


def refused(call: Any, *arguments: Any, **named: Any) -> HttpResponseError:
    """The error that a call of the SDK ends in; a list is asked for its first hit."""
    with pytest.raises(HttpResponseError) as caught:
        found = call(*arguments, **named)
        if hasattr(found, "by_page"):
            next(found, None)
    return caught.value


def status(call: Any, *arguments: Any, **named: Any) -> int:
    return refused(call, *arguments, **named).status_code or 0


def raw(
    service: StandIn, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, Any, dict[str, str]]:
    """A request past the SDK, with the admin key unless headers say otherwise: status, JSON or text, headers."""
    sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    connection = HTTPConnection(service.endpoint.removeprefix("http://"))
    try:
        mark = "&" if "?" in path else "?"
        given = {"api-key": service.key} if headers is None else headers
        connection.request(method, f"{path}{mark}api-version=2026-04-01", sent, given)
        answer = connection.getresponse()
        found = answer.read()
        told = {name.lower(): value for name, value in answer.getheaders()}
        is_json = told.get("content-type") == "application/json" and found
        return answer.status, json.loads(found) if is_json else found.decode(), told
    finally:
        connection.close()
