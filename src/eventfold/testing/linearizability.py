"""Whether what concurrent clients saw of a stream could have happened one after the other, in real time.

The search is that of Wing and Gong with the memory of Lowe, stream by stream; the state of a stream is its version.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

FOREVER = float("inf")


class Operation(NamedTuple):
    """What one client asked of one stream.

    Attributes:
        call: when it asked; any clock that all clients share.
        returned: when it was answered.
        kind: an append of one event, or a read of the version.
        expected: the version an append expected; of a read, ignored.
        result: of an append `ok` or `conflict`, of a read the version it saw; None = the answer was lost.
    """

    call: float
    returned: float
    kind: Literal["append", "read"]
    expected: int
    result: Literal["ok", "conflict"] | int | None


def linearizable(operations: Iterable[Operation]) -> bool:
    """Whether some order of the operations explains every answer and keeps what came strictly one after the other.

    An append whose answer was lost may have landed at any time after it was asked, once at most.
    """
    everything = list(operations)
    # of lost appends that expect one version at most one can land: the first that was asked may be that one
    may_land: dict[int, float] = {}
    for op in everything:
        if op.result is None and op.kind == "append":
            may_land[op.expected] = min(op.call, may_land.get(op.expected, FOREVER))
    known = sorted((op for op in everything if op.result is not None), key=lambda op: (op.call, op.returned))
    seen: set[tuple[int, int, frozenset[int]]] = set()
    stack: list[tuple[int, int, frozenset[int]]] = [(0, 0, frozenset())]
    while stack:
        base, version, done = stack.pop()
        while base in done:
            done -= {base}
            base += 1
        if base >= len(known):
            return True
        if (base, version, done) in seen:
            continue
        seen.add((base, version, done))
        first_return = FOREVER
        for at in range(base, len(known)):
            if at in done:
                continue
            op = known[at]
            if op.call > first_return:
                break  # an operation that is not placed yet was answered before this one was asked
            first_return = min(first_return, op.returned)
            if _explains(op, version):
                stack.append((base, version + (op.result == "ok"), done | {at}))
        if may_land.get(version, FOREVER) <= first_return:
            stack.append((base, version + 1, done))
    return False


def _explains(op: Operation, version: int) -> bool:
    if op.kind == "read":
        return op.result == version
    return (op.expected == version) == (op.result == "ok")
