"""Brings the jars: `python -m eventfold.testing.spark [FOLDER]`; says why where it cannot."""

import sys

from eventfold.testing.spark.jars import SparkMissing, spark_jars

if __name__ == "__main__":
    try:
        print(spark_jars(*sys.argv[1:2]))  # noqa: T201 - a command
    except SparkMissing as missing:
        sys.exit(f"{missing} The tests that need it are skipped.")
