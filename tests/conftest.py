"""What holds for every room of the tests."""

import pytest

TAKES_LONG = {
    "test_a_table_at_any_moment_is_the_fold_from_zero",
    "test_every_cursor_gives_the_tables_as_they_were",
    "test_pages_join_without_a_seam",
    "test_a_crash_at_any_step_of_publishing_and_rebuilding_leaves_right_rows",
    "test_the_same_history_gives_the_same_answers",
}
"""Of the shipped suites, which carry no marks of ours."""


def pytest_itemcollected(item: pytest.Item) -> None:
    if getattr(item, "originalname", "") in TAKES_LONG:
        item.add_marker(pytest.mark.slow)
