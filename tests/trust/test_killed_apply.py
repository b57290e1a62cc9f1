"""An apply or a rollback that is killed leaves one definition's rows live, whole, and the way forth open."""

import json

import pytest

from tests.trust.figures import record
from tests.trust.system import python

RUN = "import sys; from tests.trust.applies import main; main(int(sys.argv[1]), 7, wrongly=sys.argv[2] == 'apart')"


def verdicts(kills: int, how: str = "") -> dict[str, int]:
    """What was found after each kill, and how often."""
    done = python(RUN, str(kills), how, seconds=kills * 30)
    assert done.returncode == 0, done.stderr
    found: dict[str, int] = json.loads(done.stdout)
    assert sum(found.values()) == kills
    return found


def wrong(found: dict[str, int]) -> int:
    return sum(count for verdict, count in found.items() if verdict.startswith("wrong"))


@pytest.mark.slow
def test_a_killed_apply_leaves_the_rows_of_one_definition() -> None:
    assert wrong(verdicts(3)) == 0


@pytest.mark.nightly
def test_two_hundred_killed_applies_leave_the_rows_of_one_definition() -> None:
    found = verdicts(200)
    old, new = (sum(n for v, n in found.items() if v.startswith(which)) for which in ("first", "second"))
    unpublished = sum(n for v, n in found.items() if v.endswith("not published yet"))
    record("killed-applies", kills=200, old=old, new=new, unpublished=unpublished, wrong=wrong(found))
    assert wrong(found) == 0, found
    assert old
    assert new
    assert unpublished


@pytest.mark.nightly
def test_control_a_swap_in_two_transactions_leaves_nothing_live() -> None:
    assert wrong(verdicts(40, "apart")) > 0
