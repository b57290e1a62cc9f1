"""The feed of a topic passes the contract of feeds, with the log beside it and alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from eventfold.store.open import open_store
from eventfold.store.port import Store
from eventfold.testing.contract.feeding import FeedContract
from tests.bus.conftest import MakeTopic
from tests.bus.feed.synced import synced
from tests.bus.sharing import Shared


@pytest.mark.slow
class TestAlone(FeedContract):
    """Nothing but the topic is known."""

    @pytest.fixture(params=[6, pytest.param(1, marks=pytest.mark.nightly)])
    def store(
        self, request: pytest.FixtureRequest, tmp_path: Path, kafka: Shared, topic: MakeTopic
    ) -> Iterator[Store]:
        with (
            open_store(f"sqlite:///{tmp_path}/log.db") as store,
            synced(store, kafka.plain, topic(request.param), with_log=False) as both,
        ):
            yield both


@pytest.mark.nightly  # the app's own tests follow a topic beside its log in every run
class TestBesideItsLog(FeedContract):
    """What a topic forgets is asked of the log."""

    @pytest.fixture
    def store(self, tmp_path: Path, kafka: Shared, topic: MakeTopic) -> Iterator[Store]:
        with (
            open_store(f"sqlite:///{tmp_path}/log.db") as store,
            synced(store, kafka.plain, topic(3), with_log=True) as both,
        ):
            yield both
