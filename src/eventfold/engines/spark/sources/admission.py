"""What a source tells Spark of how much a batch takes and where `availableNow` ends; before 4.2 Spark does not ask.

There a query ends with its first batch, as if nothing more had come. So whatever needs one of ours imports this first.
"""

import pyspark

from eventfold.errors import ExtraMissing

try:
    from pyspark.sql.streaming.datasource import ReadLimit, ReadMaxRows, SupportsTriggerAvailableNow
except ImportError as error:
    raise ExtraMissing(
        f"A job needs Spark 4.2, and {pyspark.__version__} is here: before 4.2 it would end with its first batch. Run"
        " it on Spark 4.2 (Databricks Runtime 19; elsewhere pip install 'eventfold[spark]'). Where there is none,"
        ' `eventfold run` keeps the tables, and any Spark reads them: spark.read.format("delta").load("LAKE/TABLE").',
        extra="spark",
    ) from error

__all__ = ["ReadLimit", "ReadMaxRows", "SupportsTriggerAvailableNow"]
