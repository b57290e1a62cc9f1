"""An index of tantivy passes the contract of publications."""

from pathlib import Path

import pytest
from msgspec import structs

from eventfold.readmodels.declaring.search import SearchSpec
from eventfold.readmodels.declaring.table import TableSpec
from eventfold.readmodels.publishing.publication import Publication
from eventfold.readmodels.search.request import Request
from eventfold.readmodels.search.result import result
from eventfold.readmodels.tantivy.index import TantivyIndex
from eventfold.testing.publication_contract import PublicationContract
from eventfold.testing.published.world import FIELDS, OpenPlace, Rows, World, things

COMPARED = tuple(name for name in FIELDS if name != "raw")


@pytest.mark.slow
class TestTantivy(PublicationContract):
    examples = 4

    @pytest.fixture
    def open_place(self, tmp_path: Path) -> OpenPlace:
        return lambda name, layout, log_id: TantivyIndex(tmp_path / name, layout, log_id)

    def spec(self) -> TableSpec:
        return structs.replace(
            things(), search=SearchSpec(text=("text", "texts"), sort=COMPARED, facets=("text",))
        )

    def rows_of(self, place: Publication, world: World) -> Rows:
        assert isinstance(place, TantivyIndex)
        rows: dict[str, dict[str, object]] = {}
        for page in range(1, 4):
            asked = Request(page=page, size=1_000)
            rows |= {hit.key: dict(hit.row) for hit in result(world.layout, asked, place.find(asked))}
        return rows
