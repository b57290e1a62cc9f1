"""Random lives of one published table between two engines: whatever happens in which order, every event counts once."""

import random
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from eventfold.app.live import Live
from eventfold.errors import EngineFenced
from eventfold.readmodels.sqlite.state import SqliteState
from tests.readmodels.delta.shop import crash
from tests.readmodels.publishing.otherengine import Boxes, Job, note, opened, poison

STEPS = 14


class Life:
    """A log, a lake, states of the embedded engine, and jobs of the other one, of which old ones live on.

    Args:
        folder: for all of it.
        seed: of what happens.
        patch: for a crash.
    """

    def __init__(self, folder: Path, seed: int, patch: pytest.MonkeyPatch) -> None:
        self._folder, self._random, self._patch = folder, random.Random(seed), patch
        self._closing = ExitStack()
        self._states = 0
        self.here: Live
        self.jobs: list[Job] = []
        self.skipped: set[tuple[str, int]] = set()
        self.told: list[str] = []

    def close(self) -> None:
        self._closing.close()

    def begin(self) -> None:
        self._open()
        note(self.here, 1)
        self.here.catch_up()

    def step(self) -> None:
        steps: list[Callable[[], None]] = [
            self.happens,
            self.happens,
            self.fails,
            self.follows,
            self.follows,
            self.comes_here,
            self.goes_there,
            self.is_taken,
            self.is_decided,
            self.dies_between,
            self.loses_its_state,
        ]
        chosen = self._random.choice(steps)
        self.told.append(chosen.__name__)
        chosen()

    def happens(self) -> None:
        note(self.here, self._random.randrange(100), box=self._box())

    def fails(self) -> None:
        poison(self.here, self._box())

    def follows(self) -> None:
        """Whoever has the table; and whoever believes so is refused."""
        if self._is_here():
            self.here.catch_up()
        else:
            self._refused(self.here.catch_up)
            self.jobs[-1].batch()
        for old in self.jobs if self._is_here() else self.jobs[:-1]:
            self._refused(old.batch)

    def comes_here(self) -> None:
        self.here.table(Boxes).take_over()

    def goes_there(self) -> None:
        if self.here.table(Boxes).take_over(engine="spark").done:
            self.jobs.append(Job(self.here, self._folder))
            self.jobs[-1].go_on()

    def is_taken(self) -> None:
        """By a job, without a word to whoever had it."""
        self.jobs.append(Job(self.here, self._folder))
        self.jobs[-1].take_over(change=self._random.choice([None, 0, 1, 2, 3]))

    def is_decided(self) -> None:
        boxes = self.here.table(Boxes)
        if self._is_here():
            self.here.catch_up()
            for stream, waiting in list(boxes.parked().items())[:1]:
                boxes.skip(stream, "a test")
                self.skipped.add((stream, waiting.version))
            self.here.catch_up()
        else:
            self.jobs[-1].batch()
            for stream, version in list(self.jobs[-1].parked().items())[:1]:
                self.jobs[-1].skip(stream)
                self.skipped.add((stream, version))

    def dies_between(self) -> None:
        """In the middle of a take-over, which is then called again."""
        if self._is_here():
            return
        was_empty = not self.here.table(Boxes).live().head().change
        with self._patch.context() as dying:
            dying.setattr(SqliteState, "replace", crash)
            with pytest.raises(KeyboardInterrupt):
                self.here.table(Boxes).take_over()
        self._open()  # another process
        self._refused(self.jobs[-1].batch)
        if not was_empty:  # that goes on as one that was lost
            self._refused(self.here.catch_up)
            self.here.table(Boxes).take_over()
        self.here.catch_up()

    def loses_its_state(self) -> None:
        self._states += 1
        self._open()

    def expected(self) -> dict[str, int]:
        """What a person would add up from the log."""
        totals: dict[str, int] = defaultdict(int)
        for info in self.here.store.streams("box"):
            for event in self.here.store.read(info.stream):
                if (info.stream, event.version) in self.skipped:
                    continue
                n = event.data_map()["n"]
                if not isinstance(n, int):
                    break
                totals[info.stream] += n
        return dict(totals)

    def _open(self) -> None:
        self.here = self._closing.enter_context(opened(self._folder, f"state-{self._states}"))

    def _box(self) -> str:
        return f"box-{self._random.randrange(3)}"

    def _is_here(self) -> bool:
        publication = self.here.table(Boxes).publication
        head = publication.head() if publication else None
        assert head is not None
        return head.stamp.engine == "embedded"

    def _refused(self, call: Callable[[], object]) -> None:
        with pytest.raises(EngineFenced):
            call()


@pytest.mark.slow
@pytest.mark.parametrize(
    "seed", [*range(5), *(pytest.param(seed, marks=pytest.mark.nightly) for seed in range(5, 200))]
)
def test_whoever_has_it_every_event_counts_once(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = Life(tmp_path, seed, monkeypatch)
    with closing(life):
        life.begin()
        for _ in range(STEPS):
            life.step()
        life.comes_here()
        life.here.catch_up()
        publication = life.here.table(Boxes).publication
        assert publication is not None
        rows = publication.rows(max(publication.versions()))
        assert rows is not None
        found = [(row["box_id"], int(row["total"])) for row in rows.sort_by("box_id").to_pylist()]
        assert found == sorted(life.expected().items()), life.told
        audit = life.here.verify()
        assert (audit.problems, audit.findings) == (0, []), life.told
