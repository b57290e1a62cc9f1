"""Whatever happens to workers, targets and partitions: nothing lost or out of order, repeated what was under way."""

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from eventfold.handlers.working import follower
from tests.handlers.working.inline import InlineCrew
from tests.handlers.working.model import QUICK, Handling


@pytest.fixture(autouse=True)
def _inline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "Crew", InlineCrew)
    monkeypatch.setattr(follower, "LEAVE", 0.0)


@pytest.mark.slow
def test_any_history() -> None:
    run_state_machine_as_test(Handling, settings=QUICK)


@pytest.mark.nightly
def test_any_of_two_thousand_histories() -> None:
    run_state_machine_as_test(Handling, settings=settings(QUICK, max_examples=2_000, stateful_step_count=60))
