"""The docs say which of the SDK's own tests pass on the stand-in, and which do not apply."""

from pathlib import Path

from tests.testing.cosmos.sdk_page import page, summary

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_the_sdks_tests_is_made_of_what_is_expected() -> None:
    assert (DOCS / "azure" / "sdk-tests.md").read_text("utf-8") == page()


def test_the_page_of_cosmos_tells_the_sum() -> None:
    assert summary() in " ".join((DOCS / "cosmos.md").read_text("utf-8").split())
