"""Sources of ours in a session of Spark.

Spark looks into the session that is active whether it knows a name, and registers in the one that is asked. So of two
sessions in one process, as two notebooks on a cluster are, the second is refused what only the first knows.
"""

from itertools import count
from typing import TYPE_CHECKING

from pyspark.errors import PySparkException

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from pyspark.sql.datasource import DataSource

_KNOWN = "DATA_SOURCE_ALREADY_EXISTS"


def register(session: "SparkSession", source: "type[DataSource]") -> str:
    """Makes a source known to a session; gives the name that it has there."""
    plain: str = source.name()
    for number in count(1):
        name = plain if number == 1 else f"{plain}-{number}"
        named = type(source.__name__, (source,), {"name": classmethod(lambda _, name=name: name)})
        try:
            session.dataSource.register(source if number == 1 else named)
        except PySparkException as error:
            if error.getCondition() != _KNOWN:
                raise
        else:
            return name
    raise AssertionError("there is always another name")
