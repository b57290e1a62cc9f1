"""An account to test with: the stand-in, or a real one where the environment names it."""

import time
from collections.abc import Iterator

import pytest
from azure.cosmos import _retry_utility

from eventfold.store.cosmos.requests.settings import KEY
from eventfold.testing.cosmos import StandIn


class Hurried:
    """The clock of the SDK, whose pauses between repeats pass in a twentieth: it adds them up, and does not look."""

    time = staticmethod(time.time)

    @staticmethod
    def sleep(seconds: float) -> None:
        time.sleep(seconds / 20)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever works with a stand-in does not wait for its seconds."""
    monkeypatch.setattr(_retry_utility, "time", Hurried)


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch, hurried: None) -> str:
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
