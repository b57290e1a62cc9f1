"""A stand-in for Azure AI Search, whose key is in the environment."""

from collections.abc import Iterator

import pytest

from eventfold.testing.aisearch import StandIn


@pytest.fixture(scope="module")
def running() -> Iterator[StandIn]:
    with StandIn() as made:
        yield made


@pytest.fixture
def service(running: StandIn, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    monkeypatch.setenv("EVENTFOLD_SEARCH_KEY", running.key)
    running.faults.clear()
    running.document_faults.clear()
    running.lag(0)
    return running
