"""A publication that takes longer than the lease: another worker takes the table over, and nothing is lost or double.

The lease is not renewed while a page is published, and need not be: rows are kept by the epoch, what is published by
the fence of the Delta table, and the stamp of a version alone says what is in it.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eventfold.readmodels.delta.table import DeltaPublication
from eventfold.readmodels.following import holding
from eventfold.readmodels.following.worker import TableWorker
from tests.readmodels.delta.shop import REGISTRY, Shop


@pytest.fixture
def lake(tmp_path: Path) -> str:
    """On a disk alone: it is the state that is held."""
    return str(tmp_path)


@pytest.fixture(autouse=True)
def short_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "LEASE_SECONDS", 0.05)


def worker(shop: Shop, owner: str) -> TableWorker:
    return TableWorker(
        lambda: shop.state, shop.feed, REGISTRY, owner=owner, publication=shop.another(), every=0.0
    )


def keep(one: TableWorker) -> None:
    """Until it has come to the end."""
    for _ in range(20):
        if one.step() and one.rival is None:
            return
        time.sleep(0.1)
    raise AssertionError("it never had the table")


Between = Callable[[Shop, pytest.MonkeyPatch, Callable[[], None]], None]


def before_the_write(_shop: Shop, patch: pytest.MonkeyPatch, meanwhile: Callable[[], None]) -> None:
    """What is to be written is decided, and the table is not looked at yet."""
    _once(patch, DeltaPublication, "merge", meanwhile, after=False)


def beside_the_write(_shop: Shop, patch: pytest.MonkeyPatch, meanwhile: Callable[[], None]) -> None:
    """The table was looked at and found as it was."""
    _once(patch, DeltaPublication, "_merge", meanwhile, after=False)


def after_the_write(_shop: Shop, patch: pytest.MonkeyPatch, meanwhile: Callable[[], None]) -> None:
    """It is written, and not noted yet."""
    _once(patch, DeltaPublication, "merge", meanwhile, after=True)


def _once(
    patch: pytest.MonkeyPatch, where: type, name: str, meanwhile: Callable[[], None], *, after: bool
) -> None:
    inner = getattr(where, name)

    def slow(self: Any, *arguments: Any) -> Any:
        patch.setattr(where, name, inner)
        if not after:
            meanwhile()
        done = inner(self, *arguments)
        if after:
            meanwhile()
        return done

    patch.setattr(where, name, slow)


@pytest.mark.parametrize("between", [before_the_write, beside_the_write, after_the_write])
@pytest.mark.parametrize("publishes", [False, True], ids=["the other folds", "the other publishes"])
def test_another_worker_takes_over_while_one_publishes(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, between: Between, publishes: bool
) -> None:
    slow, other = worker(shop, "slow"), worker(shop, "other")
    keep(slow)
    shop.happen("box-1", 7)
    shop.happen("box-2")
    took: list[int] = []

    def meanwhile() -> None:
        time.sleep(0.1)  # the lease has run out
        shop.happen("box-1")
        shop.happen("box-3", 30)
        shop.happen("box-9", 9)
        other.publishings[0].due = 0.0 if publishes else time.monotonic() + 3600
        keep(other)
        took.append(shop.state.head().epoch)

    epoch = shop.state.head().epoch
    between(shop, monkeypatch, meanwhile)
    slow.publishings[0].due = 0.0
    slow.step()
    assert took == [epoch + 1]
    shop.happen("box-4", 4)
    before = shop.state.head()
    slow.finish()
    assert shop.state.head().epoch == before.epoch  # what the slow one gives back is not what the other holds
    keep(other)
    other.finish()
    assert shop.agree()
    assert {row["id"]: row["n"] for row in shop.published()} == {
        "box-0": 0,
        "box-3": 30,
        "box-4": 4,
        "box-9": 9,
    }
    shop.happen("box-0", 100)
    keep(worker(shop, "third"))
    assert shop.publish() is None
    assert shop.agree()
