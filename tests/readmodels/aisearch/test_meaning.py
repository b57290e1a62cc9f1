"""A search service finds what the plain Python reference finds, on the stand-in: rows, order, pages and counts."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from eventfold.readmodels.aisearch.index import AISearchIndex, open_service
from eventfold.readmodels.search.request import Request
from eventfold.testing.aisearch import StandIn
from tests.laws import examples
from tests.readmodels.aisearch.given import url
from tests.readmodels.tantivy import asked
from tests.readmodels.tantivy.shelf import LAYOUT, LOG, cells, random_row, reader, stamp

ROWS, REQUESTS = 120, 300
Shelf = tuple[AISearchIndex, dict[str, Any]]


def filled(service: StandIn, seed: int) -> Shelf:
    """An index in which rows were changed and removed, and the rows that it has."""
    chance = random.Random(seed)
    found = open_service(url(service, f"shelf {seed}"), LAYOUT, LOG)
    rows = {key: random_row(chance, key) for key in (f"box-{n}" for n in range(ROWS))}
    version = found.overwrite(None, reader(rows.values()), stamp(1))
    changed = {key: random_row(chance, key) for key in chance.sample([*rows, "box-new", "c" * 300], 30)}
    deleted = [key for key in chance.sample([*rows], 10) if key not in changed]
    found.merge(version, reader(changed.values()), [*deleted, "box-none"], stamp(2))
    rows = {key: row for key, row in {**rows, **changed}.items() if key not in deleted}
    return found, {key: cells(row) for key, row in rows.items()}


@pytest.fixture(scope="module")
def shelf(running: StandIn) -> Iterator[Shelf]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVENTFOLD_SEARCH_KEY", running.key)
        yield filled(running, 7)


def test_a_service_finds_what_the_reference_finds(shelf: Shelf) -> None:
    chance = random.Random(11)
    for _ in range(REQUESTS):
        request = asked.request(chance)
        assert asked.differs(*shelf, request) == "", request


@pytest.mark.nightly
def test_services_find_what_the_reference_finds(service: StandIn) -> None:
    for seed in range(examples(5, nightly=20)):
        found, rows = filled(service, 100 + seed)
        chance = random.Random(seed)
        for _ in range(500):
            request = asked.request(chance)
            assert asked.differs(found, rows, request) == "", (seed, request)


def test_a_difference_is_seen(shelf: Shelf) -> None:
    """The negative control: of rows that are not those of the index."""
    found, rows = shelf
    lost = dict(list(rows.items())[1:])
    assert asked.differs(found, lost, Request()) != ""
    changed = {key: {**row, "count": 2} for key, row in rows.items()}
    assert asked.differs(found, changed, Request(facets=("count",))) != ""
