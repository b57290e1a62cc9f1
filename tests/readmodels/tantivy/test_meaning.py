"""An index finds what the plain Python reference finds: rows, order, pages and counts, for every operator."""

import random
from pathlib import Path
from typing import Any

import pytest

from eventfold.readmodels.search.matching import answered
from eventfold.readmodels.search.request import Request
from eventfold.readmodels.tantivy.index import TantivyIndex
from tests.laws import examples
from tests.readmodels.tantivy import asked
from tests.readmodels.tantivy.shelf import SPEC, cells, index, random_row, reader, stamp

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


def differs(found: TantivyIndex, rows: dict[str, Any], request: Request) -> str:
    wanted, facets = answered(SPEC, request, rows.values())
    got = found.find(request)
    if got.total != len(wanted):
        return f"{got.total} instead of {len(wanted)}"
    if got.facets != facets:
        return f"facets {got.facets} instead of {facets}"
    page = [row["id"] for row in wanted[request.offset : request.offset + request.size]]
    keys = [row.cells[0] for row in got.rows]
    if request.order is None and any(not term.excluded for term in request.terms):
        all_keys = {row["id"] for row in wanted}
        return "" if len(keys) == len(page) and set(keys) <= all_keys else f"{keys} instead of {page}"
    if keys != page:
        return f"{keys} instead of {page}"
    whole = [list(rows[key].values()) for key in page]
    return "" if [list(row.cells) for row in got.rows] == whole else "other cells"


def test_an_index_finds_what_the_reference_finds(shelf: tuple[TantivyIndex, dict[str, Any]]) -> None:
    chance = random.Random(11)
    for _ in range(REQUESTS):
        request = asked.request(chance)
        assert differs(*shelf, request) == "", request


@pytest.mark.nightly
def test_indexes_find_what_the_reference_finds(tmp_path: Path) -> None:
    for seed in range(examples(20, nightly=60)):
        found, rows = filled(tmp_path / str(seed), seed)
        chance = random.Random(seed)
        for _ in range(1_000):
            request = asked.request(chance)
            assert differs(found, rows, request) == "", (seed, request)


def test_a_difference_is_seen(shelf: tuple[TantivyIndex, dict[str, Any]]) -> None:
    """The negative control: of rows that are not those of the index."""
    found, rows = shelf
    lost = dict(list(rows.items())[1:])
    assert differs(found, lost, Request()) != ""
    changed = {key: {**row, "count": 2} for key, row in rows.items()}
    assert differs(found, changed, Request(facets=("count",))) != ""
