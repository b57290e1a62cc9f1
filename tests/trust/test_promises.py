"""The page of promises says what the campaigns found, and names only checks that are there."""

from pathlib import Path

import pytest

from tests.trust.effects import CELLS, Cell
from tests.trust.figures import FOLDER, keep, kept, summed
from tests.trust.nodes import missing
from tests.trust.promised import PROMISES, Promise
from tests.trust.promises import PAGE, page

EVERY = [promise for promises in PROMISES.values() for promise in promises]
each = pytest.mark.parametrize("promise", EVERY, ids=lambda promise: promise.says[:40])


def test_the_page_says_what_the_figures_say() -> None:
    assert PAGE.read_text("utf-8") == page(), "./dev promises writes it anew"


@each
def test_every_check_that_is_named_is_there(promise: Promise) -> None:
    assert [wrong for check in promise.checks if (wrong := missing(check))] == []


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: f"{cell.kind} {cell.target}")
def test_every_cell_of_the_table_has_its_test(cell: Cell) -> None:
    assert missing(cell.check) == ""


@each
def test_no_promise_was_found_broken(promise: Promise) -> None:
    for campaign, _ in promise.figures:
        found = summed(kept(FOLDER, campaign))
        assert {name: found.get(name, 0) for name in promise.zero if name in found} == {
            name: 0 for name in promise.zero if name in found
        }


def test_every_figure_that_is_kept_is_shown_or_is_of_another_page() -> None:
    shown = {campaign for promise in EVERY for campaign, _ in promise.figures}
    others = {"secrets", "known-holes", "bench", "stages"}
    assert {file.stem for file in FOLDER.glob("*.json")} <= shown | others


def test_the_control_of_relaxed_durability_lost_something() -> None:
    found = summed(kept(FOLDER, "power-loss-relaxed"))
    assert not found or int(found["lost"]) > 0


@pytest.mark.parametrize(
    "node",
    ["tests/none.py::test_x", "tests/trust/test_promises.py::test_x", "tests/trust/nodes.py::Class::test_x"],
)
def test_a_check_that_is_not_there_is_seen(node: str) -> None:
    assert missing(node)


def test_parts_of_a_campaign_are_kept_side_by_side_and_added(tmp_path: Path) -> None:
    keep(tmp_path, "x", "a", {"images": 2, "lost": 0})
    keep(tmp_path, "x", "b", {"images": 3, "lost": 1})
    keep(tmp_path, "x", "a", {"images": 5, "lost": 0})
    total = summed(kept(tmp_path, "x"))
    assert (total["images"], total["lost"]) == (8, 1)
