"""A log in memory with events of many kinds."""

from collections.abc import Iterator

import pytest

from eventfold import Store, open_store
from eventfold.testing.making import make


@pytest.fixture
def store() -> Iterator[Store]:
    store = open_store("sqlite://")
    store.append(
        "order-1",
        [
            make(1, metadata='{"actor":"Zoë","n":1.50}', occurred_us=-5, recorded_us=10),
            make(2, data={"text": 'a\n"b"'}, recorded_us=20),
        ],
        expected=0,
    )
    store.append("cart-1", [make(3, schema_version=2, recorded_us=20)], expected=0)
    store.append("order-2", [make(4, recorded_us=30)], expected=0)
    yield store
    store.close()
