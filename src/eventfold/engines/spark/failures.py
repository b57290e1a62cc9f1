"""Why a query ended, as one of our errors: Spark gives on what Python raised as text alone."""

import re

from eventfold import errors
from eventfold.errors import EventfoldError, StorageFailed

_OURS = re.compile(r"^eventfold\.errors\.\w+\.(\w+): (.+)$", re.MULTILINE)
_LONGEST = 500


def typed(error: Exception | None, table: str) -> EventfoldError:
    """The error that a batch, a worker or the source has raised; what is Spark's own is a failure of the storage.

    Args:
        error: that the batch or the query ended with.
        table: that it kept.
    """
    if isinstance(error, EventfoldError):
        return error
    text = "" if error is None else str(error).strip() or type(error).__name__
    for name, message in reversed(_OURS.findall(text)):
        kind = getattr(errors, name, None)
        if isinstance(kind, type) and issubclass(kind, EventfoldError):
            return kind(message, table=table)
    said = next((line.strip() for line in text.splitlines() if line.strip()), "it did not say why")
    return StorageFailed(
        f"Spark could not go on with {table}: {said[:_LONGEST]}. What has landed is kept, and the job goes on"
        " there when it is started again; the log of Spark says more.",
        table=table,
    )
