"""An account to test with: the stand-in, or a real one where the environment names it."""

from collections.abc import Iterator

import pytest

from eventfold.store.cosmos.requests.settings import KEY
from eventfold.testing.cosmos import StandIn


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """The key that every account of a test has."""
    secret = "c3RhbmQtaW4="  # of no account in the world
    monkeypatch.setenv(KEY, secret)
    return secret


@pytest.fixture
def account(key: str) -> Iterator[StandIn]:
    """A stand-in whose containers have one physical partition."""
    with StandIn(partitions=1, key=key) as found:
        yield found


@pytest.fixture
def divided(key: str) -> Iterator[StandIn]:
    """A stand-in whose containers have four physical partitions."""
    with StandIn(partitions=4, key=key) as found:
        yield found
