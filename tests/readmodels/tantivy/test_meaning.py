"""An index finds what the plain Python reference finds: rows, order, pages and counts, for every operator."""

import random
from pathlib import Path
from typing import Any

import pytest

from eventfold.readmodels.search.request import Request
from eventfold.readmodels.tantivy.index import TantivyIndex
from tests.laws import examples
from tests.readmodels.tantivy import asked
from tests.readmodels.tantivy.shelf import cells, index, random_row, reader, stamp

ROWS, REQUESTS = 160, 400


def filled(folder: Path, seed: int) -> tuple[TantivyIndex, dict[str, Any]]:
    """An index of several segments in which rows were changed and removed, and the rows that it has."""
    chance = random.Random(seed)
    found = index(folder)
    rows = {key: random_row(chance, key) for key in (f"box-{n}" for n in range(ROWS))}
    version = found.overwrite(None, reader(rows.values()), stamp(1))
    for change in (2, 3):
        changed = {key: random_row(chance, key) for key in chance.sample([*rows, "box-new", "c" * 300], 30)}
        deleted = [key for key in chance.sample([*rows], 10) if key not in changed]
        version = found.merge(version, reader(changed.values()), [*deleted, "box-none"], stamp(change))
        rows = {key: row for key, row in {**rows, **changed}.items() if key not in deleted}
    return found, {key: cells(row) for key, row in rows.items()}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> tuple[TantivyIndex, dict[str, Any]]:
    return filled(tmp_path_factory.mktemp("shelf"), 7)


def test_an_index_finds_what_the_reference_finds(shelf: tuple[TantivyIndex, dict[str, Any]]) -> None:
    chance = random.Random(11)
    for _ in range(REQUESTS):
        request = asked.request(chance)
        assert asked.differs(*shelf, request) == "", request


@pytest.mark.nightly
def test_indexes_find_what_the_reference_finds(tmp_path: Path) -> None:
    for seed in range(examples(20, nightly=60)):
        found, rows = filled(tmp_path / str(seed), seed)
        chance = random.Random(seed)
        for _ in range(1_000):
            request = asked.request(chance)
            assert asked.differs(found, rows, request) == "", (seed, request)


def test_a_difference_is_seen(shelf: tuple[TantivyIndex, dict[str, Any]]) -> None:
    """The negative control: of rows that are not those of the index."""
    found, rows = shelf
    lost = dict(list(rows.items())[1:])
    assert asked.differs(found, lost, Request()) != ""
    changed = {key: {**row, "count": 2} for key, row in rows.items()}
    assert asked.differs(found, changed, Request(facets=("count",))) != ""
