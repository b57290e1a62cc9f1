"""Both stores, each with a log that has the stream order-0 with one event."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

import eventfold as ef
from eventfold.store.cosmos.requests.settings import KEY
from eventfold.testing.cosmos import StandIn
from tests.errors.bad_input_app import APP, Paid

KINDS = ("sqlite", "cosmos")
SECRET = "c3RhbmQtaW4="  # of no account in the world


class Place(NamedTuple):
    """A log: which kind of store keeps it, where, and a folder beside it."""

    kind: str
    url: str
    folder: Path

    @property
    def app(self) -> tuple[str, ...]:
        """What the command line is told of app, log and state."""
        state = f"sqlite:///{self.folder}/tables.state"
        return ("-a", "tests.errors.bad_input_app:APP", "-s", self.url, "--state", state)


def _filled(url: str) -> str:
    store = ef.open_store(url)
    store.append("order-0", [APP.registry.encode(Paid(amount=Decimal(1)))], expected=0)
    store.close()
    return url


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Place]]:
    """A log of each kind that the tests of a module share, because none of them may write."""
    with ExitStack() as stack:
        yield {kind: stack.enter_context(_place(kind, tmp_path_factory.mktemp(kind))) for kind in KINDS}


@pytest.fixture(params=KINDS)
def own_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A log of one test, which may write."""
    with _place(request.param, tmp_path) as found:
        yield found


@contextmanager
def _place(kind: str, folder: Path) -> Iterator[Place]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY, SECRET)
        if kind == "sqlite":
            yield Place(kind, _filled(f"sqlite:///{folder}/log.db"), folder)
            return
        with StandIn(partitions=2, key=SECRET) as account:
            yield Place(kind, _filled(account.url("shop")), folder)
