"""A job on Spark that dies, as by `kill -9`, when its first batch stands in the Delta table and Spark has not noted it.

python -m examples.orders.onspark.driver LOG LAKE JARS MOST
"""

import os
import signal
import sys
from pathlib import Path

from eventfold.app.places import checkpoints_of
from eventfold.engines.open import open_cluster
from eventfold.engines.spark.job import TableJob
from eventfold.engines.spark.sources.store import StoreSource
from eventfold.readmodels.publishing.publication import Version
from examples.orders.app import order_book
from examples.orders.tables import Orders


def main(log: str, lake: str, jars: str, most: str) -> None:
    with open_cluster().session(Path(jars)) as session:
        job = TableJob(
            session,
            Orders.spec,
            order_book.registry,
            source=StoreSource(log),
            lake=lake,
            checkpoints=checkpoints_of(lake, None),
            most=int(most),
            landed=die,
        )
        job.run()


def die(_version: Version) -> None:
    """With everything that belongs to it, Java and workers."""
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
