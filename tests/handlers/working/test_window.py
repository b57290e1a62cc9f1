"""A law: whoever goes on from what a window says of itself is given what is not done, and nothing else, in order."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor, Mark
from eventfold.feed.effects.port import VALUE_BYTES
from eventfold.handlers.records import Progress
from eventfold.handlers.working.effect import Effect
from eventfold.handlers.working.origins import window as module
from eventfold.handlers.working.origins.window import SIZE, Window

PAGES, STREAMS = 12, 5


def _log(streams: Iterable[int]) -> list[RecordedEvent]:
    versions: dict[int, int] = {}
    found = []
    for position, stream in enumerate(streams, 1):
        version = versions[stream] = versions.get(stream, 0) + 1
        found.append(_event(position, f"box-{stream}", version))
    return found


def _event(position: int, stream: str, version: int) -> RecordedEvent:
    return RecordedEvent(
        position, stream, version, "Noted", 1, position.to_bytes(16), 0, None, "{}", "{}", partition="0"
    )


def _cursor(position: int) -> Cursor:
    return Cursor("log", {"0": Mark(position)})


class Follower:
    """Reads a log into a window, and does what the test says."""

    def __init__(self, log: list[RecordedEvent], committed: int, progress: Progress) -> None:
        self.log = log
        self.window = Window(_cursor(committed), progress)
        self.committed = committed
        self.seen: dict[int, Effect] = {}

    def read(self, count: int) -> None:
        at = self.window.read.marks["0"].position
        page = self.log[at : at + count]
        self.window.add(_cursor(at + len(page)), page, self._take)

    def _take(self, effect: Effect) -> bool:
        self.seen[effect.event.position] = effect
        return True

    def ready(self) -> list[Effect]:
        found = list(self.window.ready(0.0))
        for effect in found:
            self.window.leave(effect)
        return found

    def do(self, effect: Effect) -> None:
        assert self.window.recall(effect)
        self.window.begin(effect, alone=False)
        self.window.done(effect)

    def park(self, effect: Effect) -> list[Effect]:
        assert self.window.recall(effect)
        return [effect, *self.window.close(effect)]

    def kept(self) -> tuple[int, Progress]:
        moved = self.window.advance()
        if moved is not None:
            self.committed = moved.marks["0"].position
        note = self.window.progress().note("0")
        return self.committed, Progress.of(note)


@pytest.mark.slow
@given(
    streams=st.lists(st.integers(0, STREAMS - 1), min_size=20, max_size=40),
    steps=st.lists(st.tuples(st.sampled_from("rrrddddpkc"), st.integers(0, 50)), min_size=40, max_size=80),
)
@settings(max_examples=200, deadline=None)
def test_what_is_not_done_comes_again_and_nothing_else(
    streams: list[int], steps: list[tuple[str, int]]
) -> None:
    assert _lost_or_repeated(streams, steps) == ([], [])


def _lost_or_repeated(streams: list[int], steps: list[tuple[str, int]]) -> tuple[list[int], list[int]]:
    """Positions that nobody did, and those that came again though they were done."""
    log, done, repeated = _log(streams), set[int](), list[int]()
    follower = Follower(log, 0, Progress())
    for step, number in [*steps, ("c", 0), *[("r", 1), ("d", 0)] * (len(log) + PAGES)]:
        if step == "r":
            follower.read(number % 4 + 1)
        elif step == "k":
            follower.kept()
        elif step == "c":
            follower = Follower(log, *follower.kept())
        elif ready := follower.ready():
            effect = ready[number % len(ready)]
            closed = follower.park(effect) if step == "p" else [effect]
            if step == "d":
                follower.do(effect)
            repeated += [one.event.position for one in closed if one.event.position in done]
            done.update(one.event.position for one in closed)
    return sorted({event.position for event in log} - done), repeated


@pytest.fixture(autouse=True)
def _merges_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SLOTS", 3)


def test_one_that_crashes_again_before_all_came_again_still_knows_it() -> None:
    """The first stream holds up the checkpoint; of the other, one of three that are done is read before the crash."""
    steps = [("r", 3), ("d", 1), ("d", 1), ("d", 1), ("c", 0), ("r", 1), ("c", 0)]
    assert _lost_or_repeated([0, 1, 1, 1], steps) == ([], [])


def test_one_that_forgets_what_it_did_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Window, "_was_done", lambda _self, _event: False)
    steps = [("r", 3), ("d", 1), ("c", 0)]
    assert _lost_or_repeated([0, 1, 0, 1], steps) == ([], [2])


def test_one_that_takes_a_later_version_for_all_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Window, "_was_done", lambda self, event: event.stream == "box-1")
    assert _lost_or_repeated([0, 1, 0, 1], [("r", 3), ("d", 1), ("c", 0)])[0] == [4]


def test_an_event_that_hangs_for_ever_holds_up_its_stream_alone_and_little_is_kept() -> None:
    """Ten thousand events of nine other streams pass it by."""
    log = _log([0, *[n % 9 + 1 for n in range(10_000)]])
    follower = Follower(log, 0, Progress())
    follower.read(1)
    (hung,) = follower.ready()
    assert follower.window.recall(hung)
    follower.window.begin(hung, alone=False)
    while follower.window.read.marks["0"].position < len(log):
        assert not follower.window.full
        follower.read(90)
        while ready := follower.ready():
            for effect in ready:
                follower.do(effect)
    committed, progress = follower.kept()
    assert (committed, progress.count, len(progress.streams)) == (0, 10_000, 9)
    assert len(follower.window._slots) <= 6
    follower.window.done(hung)
    assert follower.kept() == (len(log), Progress())


def test_what_a_full_window_says_fits_into_a_note() -> None:
    """As many streams as there may be, of those before it too, with the longest versions there are."""
    last = 2**63 - 2
    before = Progress(streams={f"{n:022d}": last for n in range(SIZE)}, count=SIZE)
    window = Window(_cursor(0), before)
    events = [_event(n, f"box-{n}", last) for n in range(SIZE)]
    window.add(_cursor(SIZE), events, lambda _: True)
    for effect in window.ready(0.0):
        window.begin(effect, alone=False)
        if effect.event.position % 2:
            effect.tries = 10_000
            window.rest(effect, 1.0)
        window.done(effect)
        window.begin(effect, alone=False)  # more is not known of any stream
    assert (window.full, window.room) == (True, 0)
    assert len(window.progress(swept=10_000).note("0").value.encode()) <= VALUE_BYTES
