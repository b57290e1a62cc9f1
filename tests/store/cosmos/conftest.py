"""An account to test with: the stand-in, or a real one where the environment names it."""

import time
from collections.abc import Iterator

import pytest
from azure.cosmos import _retry_utility

from eventfold.store.cosmos.requests.settings import KEY
from eventfold.testing.cosmos import StandIn

OF_ONE_STREAM = {
    f"eventfold.testing.contract.{name}"
    for name in ("appending", "idempotency", "reading", "refusals", "snapshots")
}
"""Parts of the contract whose requests know nothing of physical partitions: a stream is in one of them."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """With one partition these run at night; with four, which streams that are written together may lie in, always."""
    if not isinstance(item, pytest.Function) or item.cls is None or item.cls.__name__ != "TestOnePartition":
        return
    if item.function.__module__ in OF_ONE_STREAM:
        item.add_marker(pytest.mark.nightly)


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
