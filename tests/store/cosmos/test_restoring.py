"""What a restore writes reaches no handler, though replicas lag and partitions split meanwhile."""

from pathlib import Path

import pytest

from eventfold import open_store
from eventfold.exports import export_log
from eventfold.imports import restore
from eventfold.imports.restoring import handlers as guard
from eventfold.testing.cosmos import StandIn
from eventfold.testing.making import make, make_many
from tests.handlers.tending.making import Worker


def restored(account: StandIn, tmp_path: Path) -> tuple[list[str], list[int]]:
    """The restored streams that a handler took, and the versions of what was appended afterwards."""
    source = open_store("sqlite://")
    for n in range(6):
        source.append(f"box-{n}", [make(n, recorded_us=n + 1)], expected=0)
    export_log(source, tmp_path / "log.jsonl")
    source.close()
    with open_store(account.url("log")) as store:
        store.effects().begin("mail", store.feed().start())
        worker = Worker(store, "mail")

        def step() -> None:
            for _ in range(10):
                worker.step()

        def lag(_: object) -> None:
            account.split("log", "events")
            account.lag(7)
            step()

        step()
        restore(store, tmp_path / "log.jsonl", handlers="skip", progress=lag)
        account.lag(0)
        store.append("late-1", make_many(3), expected=0)
        step()
    versions = [event.version for event in worker.handled if event.stream == "late-1"]
    return [event.stream for event in worker.handled if event.stream != "late-1"], versions


def test_handlers_pass_by_what_is_restored_while_replicas_lag(account: StandIn, tmp_path: Path) -> None:
    assert restored(account, tmp_path) == ([], [1, 2, 3])


def test_control_an_end_that_a_replica_tells_lies_before_what_was_restored(
    account: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "end_of", lambda store, _: store.feed().end())
    taken, versions = restored(account, tmp_path)
    assert taken
    assert versions == [1, 2, 3]
