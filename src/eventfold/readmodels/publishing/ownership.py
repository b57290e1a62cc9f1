"""Who may write to a published table: the engine that its newest stamp names, under the epoch of the last take-over.

A change number means something only together with both: two engines, or two states, count on their own. Every engine
looks at both on the snapshot that it writes to.
"""

from eventfold.errors import EngineFenced
from eventfold.readmodels.publishing.publication import EMBEDDED, Stamp


def is_ours(stamp: Stamp, epoch: int, engine: str = EMBEDDED) -> bool:
    """Whether a version was written by an engine, under the epoch by which it has the table.

    Args:
        stamp: of the version.
        epoch: that the engine knows.
        engine: its name.
    """
    return (stamp.engine, stamp.epoch) == (engine, epoch)


def is_anothers(stamp: Stamp, epoch: int, engine: str = EMBEDDED) -> bool:
    """Whether another engine, or another state of the same one, has the table since; arguments as `is_ours`.

    A lower epoch of the same engine is that of a table which was restored from an older copy: it still has it.
    """
    return stamp.engine != engine or stamp.epoch > epoch


def check_owner(stamp: Stamp, epoch: int, engine: str = EMBEDDED) -> None:
    """Refuses to go on where somebody else has the table now; arguments as `is_ours`.

    Raises:
        EngineFenced: another engine, or another state of the same one, has it.
    """
    if not is_anothers(stamp, epoch, engine):
        return
    option = "" if engine == EMBEDDED else f" --engine {engine}"
    given = "" if engine == EMBEDDED else f"engine={engine!r}"
    raise EngineFenced(
        f"{_whose(stamp, epoch, engine)} To go on with it here, take it over:"
        f" `eventfold take-over {stamp.table}{option}` (table.take_over({given})); nothing is folded anew.",
        table=stamp.table,
        engine=stamp.engine,
        epoch=stamp.epoch,
    )


def _whose(stamp: Stamp, epoch: int, engine: str) -> str:
    if stamp.engine != engine:
        return (
            f"The published table {stamp.table} is kept by another engine, {stamp.engine[:30]!r} (epoch {stamp.epoch}):"
            " end its work there."
        )
    if engine != EMBEDDED:
        return (
            f"The published table {stamp.table} was taken over under epoch {stamp.epoch} by another job; this one knows"
            f" epoch {epoch}."
        )
    return (
        f"The published table {stamp.table} was taken over under epoch {stamp.epoch}, by the state of another"
        f" machine or by a take-over that did not come to its end; this state knows epoch {epoch}."
    )
