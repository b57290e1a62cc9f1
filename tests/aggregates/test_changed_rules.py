"""After the code behind `apply` was changed, every door answers by the new code alone."""

import logging
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

import eventfold as ef
from eventfold.aggregates.meaning import Meaning
from eventfold.store.port import Snapshot, Store
from tests.aggregates.written import BILLS, imported

DISCOUNT = ("self._cut(event.net) *", "self._cut(event.net) * Decimal('0.9') *")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = ef.open_store(f"sqlite:///{tmp_path}/log.db")
    yield store
    store.close()


def bills(store: Store, module: Any) -> ef.Repository[Any]:
    return ef.Repository(store, module.app.registry, module.Bill)


def pay(store: Store, module: Any, count: int = 1, stream: str = "bill-1") -> None:
    repository = bills(store, module)
    for _ in range(count):
        repository.execute(stream, module.Bill.pay, Decimal(10))
    repository.close()


def looks(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """The bounds under which snapshots are asked for."""
    found: list[int | None] = []
    kept = store.snapshots()
    load = kept.load

    def counted(stream: str, *, at_most: int | None = None) -> Snapshot | None:
        found.append(at_most)
        return load(stream, at_most=at_most)

    monkeypatch.setattr(kept, "load", counted)
    monkeypatch.setattr(store, "snapshots", lambda: kept)
    return found


def answers(store: Store, module: Any) -> list[Decimal]:
    """What each way to ask says about ten payments and one more, and about the ten."""
    repository = bills(store, module)
    folded = module.Bill("bill-1")
    folded.load_from_history(happened.event for happened in repository.history("bill-1"))
    seen: list[Decimal] = []
    repository.execute("bill-1", lambda bill: seen.append(bill.total))
    last = next(store.read("bill-1", after=9, to=10)).recorded_at
    return [
        folded.total,
        repository.load("bill-1").total,
        *seen,
        repository.at("bill-1", version=11).total,
        repository.at("bill-1", version=10).total,
        repository.at("bill-1", time=last).total,
    ]


OLD_RULE = [Decimal(110)] * 4 + [Decimal(100)] * 2
NEW_RULE = [Decimal("99.0")] * 4 + [Decimal("90.0")] * 2


def test_no_answer_mixes_the_old_rule_with_the_new_one(store: Store, tmp_path: Path) -> None:
    before, after = imported(tmp_path), imported(tmp_path, BILLS, DISCOUNT)
    pay(store, before, 11)
    assert answers(store, before) == OLD_RULE
    assert answers(store, after) == NEW_RULE
    assert answers(store, before) == OLD_RULE  # the deployment is taken back


def test_a_fingerprint_without_the_code_would_mix_them(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: there are snapshots, and only the fingerprint keeps them apart."""
    monkeypatch.setattr(Meaning, "fingerprint", "of the declared state")
    before, after = imported(tmp_path), imported(tmp_path, BILLS, DISCOUNT)
    pay(store, before, 11)
    mixed = [Decimal("109.0")] * 3 + [Decimal(100)] * 2
    assert answers(store, after) == [Decimal("99.0"), *mixed]


def test_a_changed_upcaster_is_a_changed_rule(store: Store, tmp_path: Path) -> None:
    before, after = imported(tmp_path), imported(tmp_path, BILLS, ("/ 100)", "/ 1000)"))
    cents = [ef.NewEvent(ef.new_id(), "Paid", 1, '{"cents":1000}') for _ in range(9)]
    store.append("bill-1", cents, expected=0)
    pay(store, before, 2)
    assert answers(store, before) == OLD_RULE
    assert answers(store, after) == [Decimal("29.0")] * 4 + [Decimal("19.0")] * 2


def test_new_snapshots_are_taken_and_used_under_the_new_rule(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = imported(tmp_path), imported(tmp_path, BILLS, DISCOUNT)
    pay(store, before, 11)
    pay(store, after, 9)
    found = store.snapshots().load("bill-1")
    assert found is not None
    assert (found.version, found.fingerprint) == (20, after.Bill.definition.fingerprint)
    seen: list[object] = []
    monkeypatch.setattr(after.Bill, "apply", lambda _, event: seen.append(event))
    assert bills(store, after).load("bill-1").total == Decimal("180.0")
    assert seen == []


def test_the_first_that_does_not_fit_stops_the_looking(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = imported(tmp_path), imported(tmp_path, BILLS, DISCOUNT)
    pay(store, before, 65)
    found = looks(store, monkeypatch)
    assert bills(store, after).load("bill-1").total == Decimal("585.0")
    assert found == [None]


def test_it_is_told_once_for_an_aggregate_type_and_not_for_each_stream(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before, after = imported(tmp_path), imported(tmp_path, BILLS, DISCOUNT)
    for n in range(5):
        pay(store, before, 10, f"bill-{n}")
    with caplog.at_level(logging.INFO, "eventfold.snapshots"):
        for n in range(5):
            bills(store, after).load(f"bill-{n}")
    (told,) = [record.getMessage() for record in caplog.records]
    assert told == (
        "snapshots of Bill, as of bill-0 at version 10, were taken when its events, its state or the code behind apply"
        " were written otherwise: they are ignored, and a program that decides takes new ones"
    )


def test_a_snapshot_of_a_release_that_did_not_see_the_code_is_left_alone(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    module = imported(tmp_path)
    pay(store, module, 11)
    kept = store.snapshots().load("bill-1")
    assert kept is not None
    earlier = structs.replace(kept, fingerprint="0" * 64, state='{"total":"1000","lines":10}')
    store.snapshots().save(earlier)
    with caplog.at_level(logging.INFO, "eventfold.snapshots"):
        assert answers(store, module) == OLD_RULE
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert store.snapshots().load("bill-1") == earlier
    pay(store, module, 9)
    assert store.snapshots().load("bill-1") == structs.replace(
        kept,
        version=20,
        recorded_us=next(store.read("bill-1", after=19)).recorded_us,
        state='{"total":"200.00","lines":20}',
    )


def test_two_releases_at_work_on_one_stream_take_turns_without_a_wrong_answer(
    store: Store, tmp_path: Path
) -> None:
    before, after = imported(tmp_path), imported(tmp_path, BILLS, DISCOUNT)
    for _ in range(4):
        pay(store, before, 7)
        pay(store, after, 7)
        assert bills(store, before).load("bill-1").total == store.head("bill-1") * 10
        assert bills(store, after).load("bill-1").total == store.head("bill-1") * 9


def test_a_warm_aggregate_looks_for_no_snapshot(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = imported(tmp_path)
    pay(store, module, 5)
    found = looks(store, monkeypatch)
    repository = bills(store, module)
    for _ in range(4):
        repository.execute("bill-1", module.Bill.pay, Decimal(10))
    assert found == [None]
