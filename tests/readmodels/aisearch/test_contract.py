"""An index of Azure AI Search passes the contract of publications, on the stand-in."""

import pytest
from msgspec import structs

from eventfold.readmodels.aisearch.index import AISearchIndex, open_service
from eventfold.readmodels.declaring.search import SearchSpec
from eventfold.readmodels.declaring.table import TableSpec
from eventfold.readmodels.publishing.publication import Publication
from eventfold.readmodels.search.request import Request
from eventfold.readmodels.search.result import result
from eventfold.testing.aisearch import StandIn
from eventfold.testing.publication_contract import PublicationContract
from eventfold.testing.published.world import FIELDS, OpenPlace, Rows, World, things
from tests.readmodels.aisearch.given import url

COMPARED = tuple(name for name in FIELDS if name != "raw")


class TestAISearch(PublicationContract):
    examples = 4

    @pytest.fixture
    def open_place(self, service: StandIn) -> OpenPlace:
        return lambda name, layout, log_id: open_service(url(service, name), layout, log_id)

    def spec(self) -> TableSpec:
        return structs.replace(
            things(), search=SearchSpec(text=("text", "texts"), sort=COMPARED, facets=("text",))
        )

    def rows_of(self, place: Publication, world: World) -> Rows:
        assert isinstance(place, AISearchIndex)
        rows: dict[str, dict[str, object]] = {}
        for page in range(1, 4):
            asked = Request(page=page, size=1_000)
            rows |= {hit.key: dict(hit.row) for hit in result(world.layout, asked, place.find(asked))}
        return rows
