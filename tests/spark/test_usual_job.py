"""The control: the job of the pattern as it is usually written goes wrong where ours does not.

It appends what was created, then updates row by row, with predicates made of data. docs/howto/spark.md shows its rows.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import eventfold as ef
from eventfold.engines.spark.job import TableJob
from eventfold.engines.spark.sources.log import EventfoldSource
from eventfold.engines.spark.sources.store import StoreSource
from eventfold.testing.making import make

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "spark.md"
HOSTILE = "order-3' OR '1'='1"
Rows = list[tuple[str, Decimal, Decimal]]


class Placed(ef.Event):
    total: Decimal


class Paid(ef.Event):
    amount: Decimal


class Orders(ef.Table, name="orders"):
    order = ef.key()
    total = ef.sum(Placed.total, "decimal(18,2)")
    paid = ef.sum(Paid.amount, "decimal(18,2)")


APP = ef.App("shop", tables=[Orders], events=[Placed, Paid])


class Usual:
    """A table that is kept as it is usually done."""

    def __init__(self, session: "SparkSession", path: str) -> None:
        self._session = session
        self._table = f"delta.`{path}`"
        session.sql(
            f"CREATE TABLE {self._table} (`order` STRING, total DECIMAL(18,2), paid DECIMAL(18,2)) USING delta"
        )

    def batch(self, events: "DataFrame") -> None:
        self.create(events)
        for row in events.where("type = 'Paid'").orderBy("position").collect():
            amount = json.loads(row["data"])["amount"]
            self._session.sql(
                f"UPDATE {self._table} SET paid = paid + {amount} WHERE `order` = '{row['stream']}'"
            )

    def create(self, events: "DataFrame") -> None:
        events.where("type = 'Placed'").selectExpr(
            "stream AS `order`",
            "CAST(get_json_object(data, '$.total') AS DECIMAL(18,2)) AS total",
            "CAST(0 AS DECIMAL(18,2)) AS paid",
        ).createOrReplaceTempView("created")
        self._session.sql(f"INSERT INTO {self._table} SELECT * FROM created")

    def rows(self) -> Rows:
        found = self._session.sql(f"SELECT * FROM {self._table}").collect()
        return sorted((row["order"], row["total"], row["paid"]) for row in found)


def happened(log: str) -> None:
    with ef.open_store(log) as store:
        for stream, kind, data in (
            ("order-1", "Placed", {"total": "40.00"}),
            ("order-1", "Paid", {"amount": "15.00"}),
            ("order-2", "Placed", {"total": "10.00"}),
            (HOSTILE, "Placed", {"total": "7.00"}),
            (HOSTILE, "Paid", {"amount": "7.00"}),
        ):
            store.append(stream, [make(event_type=kind, data=data)], expected=ef.ANY)


def shown(after: str) -> Rows:
    """The rows that the page shows under a sentence."""
    part = PAGE.read_text("utf-8").partition(after)[2].partition("\n\n")[2].partition("\n\n")[0]
    cells = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in part.splitlines()[2:]]
    return sorted((order, Decimal(total), Decimal(paid)) for order, total, paid in cells)


def test_the_usual_job_is_right_until_a_batch_comes_again_and_ours_stays_right(
    session: "SparkSession", tmp_path: Path
) -> None:
    log, lake = f"sqlite:///{tmp_path}/log.db", str(tmp_path / "lake")
    happened(log)
    session.dataSource.register(EventfoldSource)
    events = session.read.format("eventfold").option("log", log).load()
    first = events.where("position <= 3")
    good = [("order-1", Decimal("40.00"), Decimal("15.00")), ("order-2", Decimal("10.00"), Decimal("0.00"))]

    usual = Usual(session, f"{tmp_path}/usual")
    usual.batch(first)
    assert usual.rows() == good
    usual.batch(first)
    assert usual.rows() == shown("The same batch once more")
    killed = Usual(session, f"{tmp_path}/killed")
    killed.create(first)  # the driver dies here
    killed.batch(first)
    assert killed.rows() == shown("Killed between its two commits")
    hostile = Usual(session, f"{tmp_path}/hostile")
    hostile.batch(events)
    assert hostile.rows() == shown("An id that is more than an id")
    early = Usual(session, f"{tmp_path}/early")
    early.batch(events.where("position = 2"))  # as where the partitions of a feed are read unevenly
    early.batch(events.where("position IN (1, 3)"))
    assert early.rows() == shown("The payment before its order")

    job = TableJob(
        session,
        Orders.spec,
        APP.registry,
        source=StoreSource(log),
        lake=lake,
        checkpoints=str(tmp_path / "checkpoints"),
    )
    for position in (3, 3, 2, 5):
        with ef.open_store(log) as store:
            place = store.feed().at_position(position).to_json()
        job.batch(session.createDataFrame([(place,)], "end STRING"), 0)
    ours = [(row["order"], row["total"], row["paid"]) for row in rows(job)]
    assert ours == [*good, (HOSTILE, Decimal("7.00"), Decimal("7.00"))]


def rows(job: TableJob) -> list[dict[str, Any]]:
    found = job.publication.rows(max(job.publication.versions()))
    assert found is not None
    return sorted(found.to_pylist(), key=lambda row: str(row["order"]))
