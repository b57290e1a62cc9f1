"""What Spark did for a piece of work, by its own store of stages."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class Effort(NamedTuple):
    """Of one piece of work.

    Attributes:
        stages: that ran.
        tasks: of them.
        shuffled: MiB that were written for other stages.
    """

    stages: int
    tasks: int
    shuffled: float


def effort_of(session: "SparkSession", work: Callable[[], object]) -> Effort:
    """Does it, and looks at the stages that are new after it."""
    before = {number for number, _, _ in _stages(session)}
    work()
    found = [stage for stage in _stages(session) if stage[0] not in before]
    return Effort(len(found), sum(tasks for _, tasks, _ in found), sum(size for _, _, size in found) / 2**20)


def _stages(session: "SparkSession") -> list[tuple[int, int, int]]:
    context: Any = session.sparkContext
    status = context._jsc.sc().statusStore()  # noqa: SLF001 - from Python there is no other way
    none = context._gateway.new_array(context._jvm.double, 0)  # noqa: SLF001 - as above
    listed = status.stageList(None, False, False, none, None)
    return [
        (stage.stageId(), stage.numCompleteTasks(), stage.shuffleWriteBytes())
        for stage in (listed.apply(n) for n in range(listed.size()))
        if stage.numCompleteTasks()
    ]
