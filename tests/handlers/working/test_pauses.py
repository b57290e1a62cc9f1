"""A pause that one worker has begun is gone on with by the next, whatever the clocks of their machines say."""

import time

import pytest

from eventfold.errors import TargetUnavailable
from eventfold.handlers.records import Pause
from eventfold.handlers.working.gate import FIRST, Gate

KEY = ("tell", "box-1")


def _paused(error: TargetUnavailable) -> Pause:
    gate = Gate("hook")
    gate.missed(KEY, error)
    found = gate.record()
    assert found is not None
    return found


@pytest.mark.parametrize(("turned", "waits"), [(0, True), (-86_400, True), (86_400, False)])
def test_a_clock_that_is_wrong_makes_no_pause_longer(
    monkeypatch: pytest.MonkeyPatch, turned: int, waits: bool
) -> None:
    pause, true = _paused(TargetUnavailable("503", retry_after=None)), time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: true() + turned * 10**9)
    heir = Gate("hook")
    heir.resume(pause)
    assert (0 < heir.opens <= FIRST) is waits
    assert heir.paused is waits


def test_what_the_target_asked_for_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    pause, true = _paused(TargetUnavailable("503", retry_after=3_600)), time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: true() + 60 * 10**9)
    heir = Gate("hook")
    heir.resume(pause)
    assert 3_500 < heir.opens <= 3_540
