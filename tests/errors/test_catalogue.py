"""Every line of the catalogue that this part of the work answers is tried through both doors, or says why not."""

import re
from pathlib import Path

from tests.errors.catalogue import CASES
from tests.errors.conftest import KINDS

PATH = {*range(2, 9), *range(11, 29), *range(31, 34), *range(35, 39), *range(40, 50), 54, 59, 60}
COSMOS = {39}
RECEIVER = {1: "body-empty", 9: "body-too-large", 10: "media-type-unsupported"}
"""Lines that only HTTP knows; the tests of the receiver ask for these codes."""
LATER = {
    **dict.fromkeys((30, 55, 56, 57), "HTTP"),
    29: "handlers",
    **dict.fromkeys((50, 51, 52, 53), "search"),
    34: "tombstones",
    58: "console",
}
ELSEWHERE = {
    28: ("test_bad_history.py", "test_a_worker_without_its_lease_is_fenced"),
    43: ("test_bad_history.py", "test_a_missing_link_of_upcasters_is_refused_when_the_app_is_built"),
    44: ("test_bad_history.py", "test_what_cannot_be_folded_is_parked_with_its_place_and_runs_nothing"),
    45: ("test_bad_history.py", "test_what_cannot_be_folded_is_parked_with_its_place_and_runs_nothing"),
    46: ("test_bad_history.py", "test_a_wrong_snapshot_is_ignored_with_a_warning_and_the_state_is_right"),
    47: ("test_bad_history.py", "test_a_wrong_snapshot_is_ignored_with_a_warning_and_the_state_is_right"),
    48: ("test_bad_history.py", "test_a_wrong_snapshot_is_ignored_with_a_warning_and_the_state_is_right"),
    54: ("test_bad_history.py", "test_a_worker_with_a_target_that_leads_inside_does_not_begin"),
    59: (
        "test_bad_history.py",
        "test_a_cell_of_csv_that_a_spreadsheet_would_take_for_a_formula_is_escaped",
    ),
}
"""Lines that need a log with a past, or a program that is wrong; these tests go through both doors but for line 59."""

ONE_DOOR = {59: "the library writes no CSV"}


def lines(door: str, kind: str) -> set[int]:
    return {case.line for case in CASES if getattr(case, door) and case.only in {"", kind}}


def test_every_line_of_the_catalogue_has_a_place() -> None:
    assert sorted([*PATH, *COSMOS, *RECEIVER, *LATER]) == list(range(1, 61))


def test_every_line_is_tried_through_both_doors_on_both_stores() -> None:
    for kind in KINDS:
        wanted = PATH | (COSMOS if kind == "cosmos" else set())
        for door in ("call", "shell"):
            assert wanted - lines(door, kind) - ELSEWHERE.keys() == set(), f"{door} on {kind}"
    assert ONE_DOOR.keys() <= ELSEWHERE.keys()


def test_what_is_tried_elsewhere_is_there() -> None:
    for file, name in ELSEWHERE.values():
        assert re.search(
            rf"^def {name}\(\s*own_place: Place", (Path(__file__).parent / file).read_text(), re.MULTILINE
        )


def test_what_only_http_knows_is_tried_there() -> None:
    tried = (Path(__file__).parents[1] / "doors" / "http" / "test_receiver.py").read_text()
    assert [code for code in RECEIVER.values() if f'"{code}"' not in tried] == []


def test_a_line_that_is_not_tried_is_seen() -> None:
    """The control."""
    assert {1} - lines("call", "sqlite") - ELSEWHERE.keys() == {1}


def test_no_two_cases_have_one_name() -> None:
    names = [(case.line, case.name, case.only) for case in CASES]
    assert len(set(names)) == len(names)
