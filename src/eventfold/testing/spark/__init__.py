"""Apache Spark for tests and demonstrations: the real one, with Delta Lake, in this process and one of Java.

It needs Java 17 or newer, Maven, which brings the jars once, and `pip install 'eventfold[spark]'`.
"""

from eventfold.testing.spark.jars import SparkMissing, spark_jars
from eventfold.testing.spark.session import open_session

__all__ = ["SparkMissing", "open_session", "spark_jars"]
