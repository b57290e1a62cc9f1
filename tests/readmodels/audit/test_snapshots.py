"""An audit folds snapshots from zero: it sees what no fingerprint can."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

import eventfold as ef
from eventfold.app.live import Live
from eventfold.readmodels.audit.report import Audit
from eventfold.readmodels.audit.snapshots import SnapshotAudit
from eventfold.testing.partitioned import PartitionedStore
from tests.aggregates.written import BILLS, imported

OUTSIDE = ("return round(amount, 2)", "return round(amount * 2, 2)")


def paid(folder: Path, module: Any, count: int = 25, streams: int = 4) -> str:
    url = f"sqlite:///{folder}/log.db"
    with module.app.open(url) as live:
        bills = live.repository(module.Bill)
        for n in range(streams):
            for _ in range(count):
                bills.execute(f"bill-{n}", module.Bill.pay, Decimal(10))
            bills.flush()
    return url


def verified(url: str, module: Any, sample: int | None = None) -> Audit:
    with module.app.open(url) as live:
        found: Audit = live.verify(sample=sample)
    return found


def test_snapshots_that_agree_are_counted_and_none_is_named(tmp_path: Path) -> None:
    module = imported(tmp_path)
    audit = verified(paid(tmp_path, module), module)
    assert (audit.findings, audit.notes) == ([], [])
    assert 4 <= audit.snapshots <= 8  # the newest of each stream, and an older one where one was drawn


def test_a_change_that_no_fingerprint_sees_is_found(tmp_path: Path) -> None:
    before, after = imported(tmp_path), imported(tmp_path, BILLS, OUTSIDE)
    assert before.Bill.definition.fingerprint == after.Bill.definition.fingerprint
    url = paid(tmp_path, before)
    with after.app.open(url) as live:
        assert live.repository(after.Bill).load("bill-1").total == 300  # the mix: 20 of before, 5 of after
    audit = verified(url, after)
    assert audit.problems == audit.snapshots >= 4
    finding = next(f for f in audit.findings if (f.stream, f.version) == ("bill-1", 20))
    assert (finding.where, finding.problem, finding.columns) == ("snapshot", "differs", ("total",))
    assert finding.message == (
        "Bill: the snapshot of bill-1 at version 20 differs from a fold of its events in total. Raise snapshot_version"
        " of Bill, so that all are taken anew."
    )
    with pytest.raises(ef.EventfoldError, match="The audit found") as failed:
        audit.check()
    assert failed.value.code == "audit-failed"
    cured = imported(tmp_path, BILLS, OUTSIDE, ("snapshot_every=10", "snapshot_every=10, snapshot_version=2"))
    assert verified(url, cured).ok


def test_a_sample_bounds_how_many_are_folded(tmp_path: Path) -> None:
    module = imported(tmp_path)
    assert verified(paid(tmp_path, module), module, sample=3).snapshots == 3


def test_snapshots_of_other_rules_are_not_compared_since_nothing_is_loaded_from_them(tmp_path: Path) -> None:
    before, after = imported(tmp_path), imported(tmp_path, BILLS, ("self.lines += 1", "self.lines += 2"))
    audit = verified(paid(tmp_path, before), after)
    assert (audit.ok, audit.snapshots) == (True, 0)


def test_one_of_a_short_stream_is_looked_at_too(tmp_path: Path) -> None:
    often = imported(tmp_path, BILLS, ("snapshot_every=10", "snapshot_every=2"))
    rarely = imported(tmp_path, BILLS, OUTSIDE)
    assert verified(paid(tmp_path, often, count=3), rarely).problems >= 4


def test_a_stream_that_cannot_be_folded_is_a_note(tmp_path: Path) -> None:
    module = imported(tmp_path)
    url = paid(tmp_path, module, streams=1)
    failing = imported(tmp_path, BILLS, ("return round(amount, 2)", "return amount / 0"))
    audit = verified(url, failing)
    assert audit.ok
    (note,) = audit.notes
    assert note.startswith("Bill: the snapshots were compared up to that of bill-0: DivisionByZero")


@pytest.fixture
def partitioned(tmp_path: Path) -> Iterator[Live]:
    module = imported(tmp_path)
    store = PartitionedStore(ef.open_store(f"sqlite:///{tmp_path}/log.db"), 3, seed=1)
    with Live(module.app, store, state="sqlite://", lake=None) as live:
        yield live


def test_a_log_of_several_partitions_is_audited_too(partitioned: Live) -> None:
    (bill,) = partitioned.app.aggregates
    bills = partitioned.repository(bill)
    for _ in range(10):
        bills.execute("bill-1", bill.pay, Decimal(10))  # type: ignore[attr-defined]
    bills.flush()
    assert (partitioned.verify().ok, partitioned.verify().snapshots) == (True, 1)
    kept = partitioned.store.snapshots().load("bill-1")
    assert kept is not None
    partitioned.store.snapshots().save(structs.replace(kept, state='{"total":"1","lines":10}'))
    (finding,) = partitioned.verify().findings
    assert (finding.stream, finding.columns) == ("bill-1", ("total",))


def test_without_the_look_it_would_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: nothing else of an audit sees a snapshot."""
    monkeypatch.setattr(SnapshotAudit, "__call__", lambda *_: 0)
    after = imported(tmp_path, BILLS, OUTSIDE)
    assert verified(paid(tmp_path, imported(tmp_path)), after).ok
