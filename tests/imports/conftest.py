"""A log in memory, and one in a file."""

from collections.abc import Iterator

import pytest

from eventfold import Store, open_store


@pytest.fixture
def store() -> Iterator[Store]:
    store = open_store("sqlite://")
    yield store
    store.close()
