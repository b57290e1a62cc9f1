"""Why a query ended, as one of our errors: Spark gives on what Python raised as text alone."""

import re

from eventfold import errors
from eventfold.errors import EventfoldError, ExtraMissing, StorageFailed

_OURS = re.compile(r"^eventfold\.errors\.\w+\.(\w+): (.+)$", re.MULTILINE)
_LONGEST = 500
_NO_DELTA = (
    "DATA_SOURCE_NOT_FOUND",
    "DELTA_CONFIGURE_SPARK_SESSION_WITH_EXTENSION_AND_CATALOG",
    "io.delta.sql.DeltaSparkSessionExtension",
)
"""Where the jars are not there, or the session does not use them."""


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
    if any(sign in text for sign in _NO_DELTA):
        return ExtraMissing(
            f"This session of Spark has no Delta Lake, so {table} cannot be kept with it. Give it the jars and"
            " spark.sql.extensions=io.delta.sql.DeltaSparkSessionExtension,"
            " spark.sql.catalog.spark_catalog=org.apache.spark.sql.delta.catalog.DeltaCatalog; or let one be made,"
            " `eventfold spark run --jars FOLDER`.",
            extra="spark",
        )
    said = next((line.strip() for line in text.splitlines() if line.strip()), "it did not say why")
    return StorageFailed(
        f"Spark could not go on with {table}: {said[:_LONGEST]}. What has landed is kept, and the job goes on"
        " there when it is started again; the log of Spark says more.",
        table=table,
    )
