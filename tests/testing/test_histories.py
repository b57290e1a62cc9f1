"""The seeded histories hold what they are for."""

from collections import Counter
from pathlib import Path

import pytest

from eventfold import open_store
from eventfold.testing.contract.answers import STEPS, Answers, lived
from eventfold.testing.contract.bench import Bench
from eventfold.testing.contract.histories import Decide, Do, steps

REFUSALS = {
    "batch-empty",
    "event-id-duplicated",
    "event-id-reused",
    "invalid-operation",
    "not-found",
    "partial-duplicate",
    "range-invalid",
    "stream-name-invalid",
    "wrong-expected-version",
}


def refusals(answers: Answers) -> set[str]:
    return {
        answer[0]
        for question, answer in answers.items()
        if question.startswith("step")
        and isinstance(answer, tuple)
        and answer[1:]
        and isinstance(answer[1], dict)
    }


def test_the_same_seed_gives_the_same_history() -> None:
    assert steps(7, 200) == steps(7, 200)
    assert steps(7, 200) != steps(8, 200)


def test_every_kind_of_step_is_in_a_few_histories() -> None:
    todo = [step for seed in (1, 2, 3) for step in steps(seed, STEPS)]
    kinds = Counter(type(step).__name__ for step in todo)
    assert kinds.keys() == {"Command", "Raw", "Rival", "Decide", "Do"}
    assert {s.what for s in todo if isinstance(s, Do)} == {
        "catch up",
        "moment",
        "restart",
        "split",
        "rebuild",
    }
    assert {s.reason is None for s in todo if isinstance(s, Decide)} == {True, False}


@pytest.mark.slow
def test_every_kind_of_answer_is_in_a_few_histories(tmp_path: Path) -> None:
    bench = Bench(lambda name: open_store(f"sqlite:///{tmp_path}/{name}.db"), tmp_path, None)
    lives = [lived(bench.another(), steps(seed, STEPS)) for seed in (1, 2, 3)]
    assert set[str]().union(*map(refusals, lives)) >= REFUSALS
    answers = [answered for life in lives for answered in life.items()]
    for kind in ("parked of", "skips of", "rows of", "stamp of", "why"):
        assert any(answer for question, answer in answers if question.startswith(kind)), kind
    for table in ("boxes", "owners", "texts"):
        moments = [len(a[0]) for q, a in answers if q.startswith(f"{table} at moment")]
        assert max(moments) > min(moments)
