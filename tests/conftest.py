"""What holds for every room of the tests."""

import gc
import os
import sys
from collections.abc import Generator

import pytest

from tests.laws import AT_NIGHT

TAKES_LONG = {
    "test_a_recorded_time_is_a_moment_everywhere",
    "test_the_time_of_occurrence_filters_and_never_orders",
    "test_a_state_is_the_fold_of_the_log_up_to_its_cursor_after_every_page",
    "test_a_difference_by_the_time_of_occurrence_is_that_of_two_folds_of_what_is_known",
    "test_a_position_is_a_moment_where_there_is_a_total_order",
    "test_a_question_goes_on_from_a_published_version",
    "test_a_table_at_any_moment_is_the_fold_from_zero",
    "test_every_cursor_gives_the_tables_as_they_were",
    "test_pages_join_without_a_seam",
    "test_a_crash_at_any_step_of_publishing_and_rebuilding_leaves_right_rows",
    "test_no_alarm_through_splits_restarts_rebuilds_and_parked_streams",
    "test_rebuilds_and_audits_leave_the_counts_of_the_whole_log",
    "test_the_same_history_gives_the_same_answers",
}
"""Of the shipped suites, which carry no marks of ours."""

QUICK_ON_SQLITE = {
    "test_a_crash_at_any_step_of_folding_leaves_right_rows",
    "test_a_crash_at_any_step_of_the_keeper_counts_nothing_twice_or_never",
}
"""Of those, what takes long over other stores only, whose suites are marked as slow themselves."""

ONE_SEED = {
    "test_no_alarm_through_splits_restarts_rebuilds_and_parked_streams": {"store": "[0]", "testing": "[1]"},
    "test_the_same_history_gives_the_same_answers": {"store": "[2]", "testing": "[3]"},
}
"""Of those, what tries one of its seeds on four partitions, by the room; SQLite tries all, and so does the night."""

OF_ONE_STREAM = {
    f"eventfold.testing.contract.{name}"
    for name in ("appending", "idempotency", "reading", "refusals", "snapshots")
}
"""Suites that know nothing of partitions: a stream is in one of them. Those that are written together may not be."""

A_CAMPAIGN = 7_200
"""Seconds after which a campaign hangs; the other tests have the limit of pyproject.toml."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keeps the rewritten tests for the next run, which costs ten seconds without them, and no module after that.

    Both whatever PYTHONDONTWRITEBYTECODE says: a module that a test writes twice in a second would be taken for the
    same if its bytecode were kept.
    """
    sys.dont_write_bytecode = False
    try:
        return (yield)
    finally:
        sys.dont_write_bytecode = True
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # of child processes
        # ten thousand tests are kept to the end: looking through them for garbage took a tenth of the time
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)


def pytest_configure() -> None:
    """The servers of tests are on this machine: no proxy stands between, and none is looked for at each request."""
    os.environ.setdefault("no_proxy", "127.0.0.1,localhost")


def pytest_unconfigure() -> None:
    """What is kept for good here would be a leak to the libraries that look for one when a process ends."""
    gc.unfreeze()


def pytest_itemcollected(item: pytest.Item) -> None:
    name = getattr(item, "originalname", "")
    if name in TAKES_LONG:
        item.add_marker(pytest.mark.slow)
    if (name in TAKES_LONG | QUICK_ON_SQLITE and _waits_for_the_night(item)) or _is_of_one_stream(item):
        item.add_marker(pytest.mark.nightly)
    if item.get_closest_marker("nightly") or (AT_NIGHT and item.get_closest_marker("more_at_night")):
        item.add_marker(pytest.mark.timeout(A_CAMPAIGN))


def _waits_for_the_night(item: pytest.Item) -> bool:
    """Four partitions say all that one does, and where one of them is split all that they do as they are."""
    if "::TestFourPartitions::" not in item.nodeid:
        return "::TestOnePartition::" in item.nodeid
    seeds = ONE_SEED.get(item.name.partition("[")[0], {})
    return item.name.endswith("[whole]") or not item.name.endswith(seeds.get(item.nodeid.split("/")[1], ""))


def _is_of_one_stream(item: pytest.Item) -> bool:
    """With one partition these run at night, with four always."""
    if not isinstance(item, pytest.Function) or item.cls is None or item.cls.__name__ != "TestOnePartition":
        return False
    return item.function.__module__ in OF_ONE_STREAM
