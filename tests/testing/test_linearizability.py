"""The checker against histories whose verdict is known."""

import pytest

from eventfold.testing.linearizability import Operation, linearizable

O = Operation
YES = {
    "nothing": [],
    "one after the other": [O(0, 1, "append", 0, "ok"), O(2, 3, "append", 1, "ok"), O(4, 5, "read", 0, 2)],
    "a loser beside a winner": [O(0, 5, "append", 0, "ok"), O(1, 4, "append", 0, "conflict")],
    "a loser that was answered before the winner": [
        O(0, 9, "append", 0, "ok"),
        O(1, 2, "append", 0, "conflict"),
    ],
    "a read beside an append sees before": [O(0, 9, "append", 0, "ok"), O(1, 2, "read", 0, 0)],
    "a read beside an append sees after": [O(0, 9, "append", 0, "ok"), O(1, 2, "read", 0, 1)],
    "a lost answer that landed": [O(0, 1, "append", 0, None), O(2, 3, "read", 0, 1)],
    "a lost answer that did not land": [O(0, 1, "append", 0, None), O(2, 3, "append", 0, "ok")],
    "a lost answer that lands late": [
        *(O(0, 1, "append", 0, None), O(2, 3, "read", 0, 0), O(4, 5, "read", 0, 1)),
    ],
    "a lost answer between two others": [
        *(O(0, 1, "append", 0, "ok"), O(2, 3, "append", 1, None), O(4, 5, "append", 2, "ok")),
    ],
}
NO = {
    "two winners of one version": [O(0, 1, "append", 0, "ok"), O(2, 3, "append", 0, "ok")],
    "two winners side by side": [O(0, 5, "append", 0, "ok"), O(1, 4, "append", 0, "ok")],
    "a loser without a winner": [O(0, 1, "append", 0, "conflict")],
    "a loser before the winner": [O(0, 1, "append", 0, "conflict"), O(2, 3, "append", 0, "ok")],
    "a read that misses what was acknowledged": [O(0, 1, "append", 0, "ok"), O(2, 3, "read", 0, 0)],
    "a read of what never was": [O(0, 1, "read", 0, 1)],
    "reads that go back": [O(0, 9, "append", 0, "ok"), O(1, 2, "read", 0, 1), O(3, 4, "read", 0, 0)],
    "a lost answer that landed before it was asked": [O(0, 1, "read", 0, 1), O(2, 3, "append", 0, None)],
    "a winner of a version that is not reached": [O(0, 1, "append", 1, "ok")],
    "a lost answer that landed twice": [O(0, 1, "append", 0, None), O(2, 3, "read", 0, 2)],
}


@pytest.mark.parametrize("name", YES)
def test_what_could_have_happened_is_accepted(name: str) -> None:
    assert linearizable(YES[name])


@pytest.mark.parametrize("name", NO)
def test_what_could_not_have_happened_is_refused(name: str) -> None:
    assert not linearizable(NO[name])
